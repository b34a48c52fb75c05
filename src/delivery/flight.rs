//! A flush or a close as a machine: it says what to send and when, and is told how that went. It makes no request and never
//! waits, so whoever drives it decides how that is done.

mod lanes;

use std::fmt;
use std::mem;
use std::sync::Arc;

use super::mirror::{self, Mirror};
use super::policy::Answer;
use super::{Outcome, answer};
use crate::config::{Config, Destination, RetryPolicy};
use crate::diagnostics::Warning;
use crate::error::Error;
use crate::millis::Millis;
use crate::outbox::{Batch, LONGEST_LOAN, Number};
use crate::platform::{self, Response, SendError, Transport};
use crate::recorder::Recorder;
use crate::records::RecordKind;
use crate::sink::Sink;

/// A Worker has six connections; the app needs some of them.
const LANES: usize = 4;
/// When a page is left there is no later: what is not sent at once is not sent.
const LANES_OF_A_LEFT_PAGE: usize = 16;
/// How much longer than its request a loan lives.
const LOAN_SLACK: Millis = 5_000;
/// How often a close looks whether another flush is over.
const POLL: Millis = 20;

/// Tells the exchanges that are under way apart.
pub(crate) type Slot = usize;
const MIRROR: Slot = 0;

/// What is to be done.
pub(crate) enum Command {
    Post(Post),
    /// Nothing, until an answer arrives or, if it is given, until this moment.
    Wait(Option<Millis>),
    Done,
}

/// A request to make.
pub(crate) struct Post {
    pub slot: Slot,
    pub to_workshop: bool,
    /// Whose route it takes.
    pub kind: RecordKind,
    pub body: Vec<u8>,
    /// Where the body is, if it is not here.
    #[cfg_attr(not(feature = "js"), expect(dead_code, reason = "it is always here"))]
    pub number: Option<Number>,
    pub timeout: Millis,
}

impl Post {
    pub fn route(&self) -> &'static str {
        lanes::route(self.kind)
    }
}

/// All moments are those of the platform's monotonic clock.
pub(crate) struct Flight {
    recorder: Arc<Recorder>,
    wants: fn(RecordKind) -> bool,
    is_close: bool,
    deadline: Option<Millis>,
    /// How long everything else waits for users: half of a close's time, as what is left at its end is lost.
    users_until: Option<Millis>,
    /// Where it begins in the order of recording.
    begun_at: u64,
    /// It takes nothing that others gave up on from here on: at first the end of time, its own beginning once it has given up on
    /// something. So flushes that meet do not take turns at what none can deliver.
    given_up_before: u64,
    horizon: u64,
    retry: RetryPolicy,
    request_timeout: Millis,
    /// Without a write key Workshop is where records go.
    is_local: bool,
    /// Whether the page is being left.
    is_leaving: bool,
    /// Whether attempts are made before they are due, as there may be no later.
    pub in_haste: bool,
    /// The interaction whose update goes first.
    first: Option<Box<str>>,
    lanes: Vec<Lane>,
    /// The latest that was given.
    slot: Slot,
    /// Of a batch that was too large.
    halves: Vec<Lane>,
    mirror: Mirror,
    outcome: Outcome,
    /// How much had been delivered and given up when the present pass began.
    progress: (u64, u64),
    /// Whether another flush had something then.
    was_lent: bool,
    poll_at: Option<Millis>,
}

/// A batch on its way.
struct Lane {
    /// That of the attempt which is under way.
    slot: Slot,
    recorder: Arc<Recorder>,
    batch: Batch,
    attempts: u32,
    is_mirrored: bool,
    /// When the next attempt is due; `None` while one is under way.
    due: Option<Millis>,
}

impl Flight {
    /// Delivers what was recorded until now.
    pub fn flush(recorder: &Arc<Recorder>, wants: fn(RecordKind) -> bool, now: Millis) -> Self {
        Self::new(recorder, wants, false, now)
    }

    /// Ends recording, and goes on until nothing is left or the time is over.
    pub fn close(recorder: &Arc<Recorder>, now: Millis) -> Self {
        recorder.outbox.close();
        Self::new(recorder, |_| true, true, now)
    }

    /// Sends what was recorded until now all at once, for a page that is being left: the newest interaction that ended goes
    /// first, in case the browser takes no more.
    #[cfg(feature = "js")]
    pub fn leave(recorder: &Arc<Recorder>, now: Millis) -> Self {
        let mut flight = Self::flush(recorder, |_| true, now);
        flight.is_leaving = true;
        flight.first = recorder.outbox.newest_final();
        flight
    }

    /// Makes one attempt of each request: no retry helps where no time passes.
    pub fn try_once(&mut self) {
        self.retry.max_attempts = 1;
    }

    fn new(recorder: &Arc<Recorder>, wants: fn(RecordKind) -> bool, is_close: bool, now: Millis) -> Self {
        let home = recorder.home();
        recorder.adopt_abandoned(now);
        let timeout = home.config.close_timeout.filter(|_| is_close);
        let mut flight = Self {
            recorder: Arc::clone(recorder),
            wants,
            is_close,
            deadline: timeout.map(|timeout| now.saturating_add(timeout)),
            users_until: timeout.map(|timeout| now.saturating_add(timeout >> 1)),
            begun_at: home.counters.next_seq(),
            given_up_before: u64::MAX,
            horizon: 0,
            retry: home.config.retry,
            request_timeout: home.config.request_timeout,
            is_local: home.config.cloud.is_none(),
            is_leaving: false,
            in_haste: false,
            first: None,
            lanes: Vec::new(),
            slot: MIRROR,
            halves: Vec::new(),
            mirror: Mirror::new(home.config.workshop.is_some() && home.config.cloud.is_some()),
            outcome: Outcome::default(),
            progress: (0, 0),
            was_lent: false,
            poll_at: None,
        };
        flight.begin_pass(now);
        flight
    }

    /// What is to be done now. To be asked again after each answer and each wait.
    pub fn next(&mut self, now: Millis) -> Command {
        loop {
            if let Some(post) = self.attempt(now) {
                return Command::Post(post);
            }
            if let Some((kind, body, patience)) = self.mirror.next(self.lanes.is_empty(), now) {
                let timeout = self.workshop_timeout(now).min(patience);
                return Command::Post(Post { slot: MIRROR, to_workshop: true, kind, body, number: None, timeout });
            }
            if !self.lanes.is_empty() || self.mirror.is_busy() {
                let patience = self.users_until.filter(|until| now < *until);
                return Command::Wait(self.lanes.iter().filter_map(|lane| lane.due).chain(patience).min());
            }
            match self.end_pass(now) {
                Some(command) => return command,
                None => self.begin_pass(now),
            }
        }
    }

    /// How an exchange went.
    pub fn answered(&mut self, slot: Slot, result: Result<Response, SendError>, now: Millis) {
        let (answer, error) = answer::understand(result, self.config().cloud.as_ref());
        self.understood(slot, answer, error, now);
    }

    /// What an exchange came to; `error` unless it succeeded.
    pub fn understood(&mut self, slot: Slot, answer: Answer, error: Option<Error>, now: Millis) {
        if slot == MIRROR {
            self.mirror.answered(matches!(answer, Answer::Status { .. }));
            return;
        }
        let Some(index) = self.lanes.iter().position(|lane| lane.slot == slot) else { return };
        let lane = self.lanes.swap_remove(index);
        if self.is_local {
            self.settle_local(lane, answer, error.is_none(), now);
        } else {
            self.settle(lane, answer, error, now);
        }
    }

    /// Whether a request failed for good.
    #[cfg(feature = "js")]
    pub fn has_failed(&self) -> bool {
        self.outcome.error.is_some()
    }

    /// To be called when there is nothing more to be done.
    pub fn finish(&mut self) -> Outcome {
        if self.is_close {
            self.settle_leftover();
        }
        self.log();
        mem::take(&mut self.outcome)
    }

    pub fn transport(&self) -> &Transport {
        &self.recorder.home().transport
    }

    pub fn sink(&self) -> Option<&dyn Sink> {
        self.recorder.home().sink.as_deref()
    }

    fn config(&self) -> &Config {
        &self.recorder.home().config
    }

    /// Where a request goes.
    pub fn destination(&self, post: &Post) -> Option<&Destination> {
        if post.to_workshop { &self.config().workshop } else { &self.config().cloud }.as_ref()
    }

    /// Whether Workshop is shown what is sent.
    fn is_for_workshop(&self) -> bool {
        self.config().workshop.is_some()
    }

    /// Only the npm package knows of pages: elsewhere, whatever asks this is left out.
    fn is_leaving(&self) -> bool {
        cfg!(feature = "js") && self.is_leaving
    }

    /// As above: only a page has no later.
    fn in_haste(&self) -> bool {
        cfg!(feature = "js") && self.in_haste
    }

    fn lane_count(&self) -> usize {
        match self.is_leaving() {
            _ if self.is_local => 1,
            true => LANES_OF_A_LEFT_PAGE,
            false => LANES,
        }
    }

    /// Whose records go. What a scope left behind with its client is older, and goes first.
    fn recorders(&self) -> impl Iterator<Item = &Arc<Recorder>> {
        self.recorder.parent().into_iter().chain([&self.recorder])
    }

    fn time_left(&self, now: Millis) -> Option<Millis> {
        self.deadline.map(|deadline| deadline.saturating_sub(now))
    }

    fn workshop_timeout(&self, now: Millis) -> Millis {
        self.time_left(now).map_or(mirror::PATIENCE, |left| left.min(mirror::PATIENCE))
    }

    /// `None` when there is no time left for an attempt.
    fn attempt_timeout(&self, now: Millis) -> Option<Millis> {
        let timeout = if self.is_local { self.workshop_timeout(now) } else { self.request_timeout };
        match self.time_left(now) {
            Some(0) => None,
            left => Some(left.map_or(timeout, |left| left.min(timeout))),
        }
    }

    /// When a loan ends whose request starts after `wait`.
    fn loan_end(&self, now: Millis, wait: Millis) -> Millis {
        let length = wait.saturating_add(self.request_timeout).saturating_add(LOAN_SLACK);
        now.saturating_add(length.min(LONGEST_LOAN))
    }

    /// Where it ends comes first: other threads go on recording and delivering, and what they do from there on is not mixed up
    /// with what was before.
    fn begin_pass(&mut self, now: Millis) {
        for recorder in self.recorders() {
            recorder.outbox.trim_spares();
            recorder.outbox.reclaim_expired(now);
        }
        self.horizon = self.recorder.home().counters.last_seq();
        self.was_lent = platform::HAS_THREADS && self.is_lent();
        if (self.wants)(RecordKind::Partial) {
            let mut report = mem::take(&mut self.outcome.report);
            for recorder in self.recorders() {
                recorder.outbox.seal_all(false, report.dropped_mut());
            }
            self.outcome.report = report;
        }
        self.progress = self.made_progress();
    }

    /// Nothing is under way and nothing can be taken. `None`: a close goes on with another pass.
    fn end_pass(&mut self, now: Millis) -> Option<Command> {
        let outbox = &self.recorder.outbox;
        let is_kept_back = self.made_progress().1 > self.progress.1;
        if !self.is_close || !outbox.has_records() || is_kept_back {
            return Some(Command::Done);
        }
        if self.made_progress() != self.progress {
            return None;
        }
        if !self.is_lent() {
            return self.was_nothing_lent_since().then_some(Command::Done);
        }
        // Another flush has something that this one has to wait for.
        if !platform::can_sleep() {
            return Some(Command::Done);
        }
        if self.time_left(now) == Some(0) {
            self.outcome.out_of_time = true;
            return Some(Command::Done);
        }
        let poll_at = *self.poll_at.get_or_insert(now.saturating_add(POLL));
        if now < poll_at {
            return Some(Command::Wait(Some(poll_at)));
        }
        self.poll_at = None;
        None
    }

    fn is_lent(&self) -> bool {
        self.recorders().any(|recorder| recorder.outbox.lent() > 0)
    }

    /// Whether no other flush can have given back what this pass looked for in vain. A loan takes a place in the order of
    /// recording.
    fn was_nothing_lent_since(&self) -> bool {
        !platform::HAS_THREADS || (!self.was_lent && self.recorder.home().counters.last_seq() == self.horizon)
    }

    /// Records that left the buffer, and records that were given up.
    fn made_progress(&self) -> (u64, u64) {
        let report = &self.outcome.report;
        (report.delivered().saturating_add(report.dropped()), report.requeued())
    }

    fn settle_leftover(&mut self) {
        let (home, outbox) = (self.recorder.home(), &self.recorder.outbox);
        let leftover = outbox.take_leftover(self.outcome.report.dropped_mut());
        let count = leftover.len().saturating_add(outbox.lent());
        match self.recorder.parent() {
            Some(parent) => parent.outbox.adopt(leftover),
            None => outbox.abandon(&leftover),
        }
        if self.outcome.out_of_time {
            home.diagnostics.warn(
                Warning::CloseDeadline,
                format_args!("close ran out of time with {count} record(s) undelivered: see `close_timeout`"),
            );
        }
    }

    fn log(&self) {
        let Outcome { report, error, out_of_time } = &self.outcome;
        if report.requeued() > 0 && !out_of_time {
            let (count, cause) = (report.requeued(), cause(error.as_ref()));
            let hope = if self.is_close { "" } else { " and wait for the next flush" };
            self.recorder
                .home()
                .diagnostics
                .warn(Warning::DeliveryFailed, format_args!("{count} record(s) could not be delivered{hope}: {cause}"));
        }
        if platform::WRITES_WARNINGS && self.config().debug && !report.is_empty() {
            platform::debug(format_args!("flush: {report}"));
        }
    }
}

/// What a warning says of an error.
fn cause(error: Option<&Error>) -> &dyn fmt::Display {
    error.map_or(&"", |error| error)
}

/// A flush that is cancelled loses nothing.
impl Drop for Flight {
    fn drop(&mut self) {
        for lane in self.lanes.iter().chain(&self.halves) {
            lane.recorder.outbox.give_back(&lane.batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use super::*;
    use crate::outbox::Dropped;
    use crate::{BeginOptions, Client, ClientBuilder, SpanOptions};

    fn settings() -> ClientBuilder {
        Client::builder().write_key("rk").disable_local_workshop()
    }

    fn record(client: &Client) {
        client.start_span(SpanOptions { event_id: "evt".to_owned(), ..SpanOptions::default() }).end();
    }

    fn poll<F: Future>(call: F) -> Poll<F::Output> {
        pin!(call).poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Makes the attempt that is due fail.
    fn fail(flight: &mut Flight) {
        let Some(post) = flight.attempt(0) else { panic!("nothing is due") };
        flight.answered(post.slot, Err(SendError::Timeout), 0);
    }

    /// What another thread may do while a close looks for records, and then for loans.
    #[test]
    fn a_close_delivers_what_another_flush_gives_back_while_it_looks() {
        for lent_before in [true, false] {
            let client = settings().build().unwrap();
            record(&client);
            let recorder = &client.recorder;
            let flush = || {
                let mut flush = Flight::flush(recorder, |_| true, 0);
                assert!(matches!(flush.next(0), Command::Post(_)));
                flush
            };
            let early = lent_before.then(flush);
            let mut close = Flight::close(recorder, 0);
            let late = (!lent_before).then(flush);
            assert!(close.attempt(0).is_none());
            drop((early, late));
            assert!(close.end_pass(0).is_none());
            close.begin_pass(0);
            assert!(matches!(close.next(0), Command::Post(_)));
        }
    }

    /// What is new of an interaction becomes a record in the moment in which the one before is gone.
    #[test]
    fn a_close_delivers_what_waited_for_a_record_that_another_flush_has_just_delivered() {
        let client = settings().build().unwrap();
        let begin = BeginOptions { user_id: "u".to_owned(), input: "hi".to_owned(), ..BeginOptions::default() };
        let Poll::Ready(interaction) = poll(client.begin(begin)) else { panic!("it waits") };
        let mut flush = Flight::flush(&client.recorder, |_| true, 0);
        assert!(flush.attempt(0).is_some());
        assert!(poll(interaction.set_property("more", true)).is_ready());
        let mut close = Flight::close(&client.recorder, 0);
        assert!(close.attempt(0).is_none());
        let batch = flush.lanes[0].batch;
        client.recorder.outbox.settle(&batch, None, &mut Dropped::default());
        assert!(matches!(close.next(0), Command::Post(_)));
    }

    #[test]
    fn a_flush_does_not_take_again_what_it_gave_up_on_once_another_flush_had_it() {
        let client = settings().max_attempts(1).build().unwrap();
        record(&client);
        let mut flush = Flight::flush(&client.recorder, |_| true, 0);
        let mut other = Flight::flush(&client.recorder, |_| true, 0);
        fail(&mut flush);
        fail(&mut other);
        assert!(flush.attempt(0).is_none());
        fail(&mut Flight::flush(&client.recorder, |_| true, 0));
    }

    #[test]
    fn a_close_tries_again_what_a_later_flush_gave_up_on() {
        let client = settings().max_attempts(1).build().unwrap();
        record(&client);
        let mut close = Flight::close(&client.recorder, 0);
        fail(&mut Flight::flush(&client.recorder, |_| true, 0));
        assert!(matches!(close.next(0), Command::Post(_)));
    }

    #[test]
    fn nothing_is_sent_twice_because_a_thread_read_the_clock_a_moment_before_another() {
        let client = settings().request_timeout(Duration::MAX).build().unwrap();
        record(&client);
        let mut flush = Flight::flush(&client.recorder, |_| true, 1);
        assert!(flush.attempt(1).is_some());
        assert!(Flight::flush(&client.recorder, |_| true, 0).attempt(0).is_none());
    }
}
