//! A flush or a close as a machine: it says what to send and when, and is told how that went. It makes no request and never
//! waits, so whoever drives it decides how that is done.

use std::sync::Arc;
use std::time::Duration;

use super::mirror::Mirror;
use super::policy::{Answer, Step};
use super::{Outcome, answer};
use crate::config::{Config, Destination, RetryPolicy};
use crate::diagnostics::Warning;
use crate::error::Error;
use crate::ids;
use crate::outbox::{Batch, DropReason, Outbox, Wanted};
use crate::platform::{self, Response, SendError};
use crate::recorder::Recorder;
use crate::records::RecordKind;
use crate::sink::Sink;
use crate::wire::body::Envelope;

/// A Worker has six connections; the app needs some of them.
const LANES: usize = 4;
/// When a page is left there is no later: what is not sent at once is not sent.
const LANES_OF_A_LEFT_PAGE: usize = 16;
/// So that as much as possible of it finds room in the 64 KiB that a browser sends for a page which is gone.
const BODY_OF_A_LEFT_PAGE: usize = 16 * 1024;
/// How much longer than its request a loan lives.
const LOAN_SLACK: Duration = Duration::from_secs(5);
/// How often a close looks whether another flush is over.
const POLL: Duration = Duration::from_millis(20);

/// Tells the exchanges that are under way apart.
pub(crate) type Slot = usize;
const MIRROR: Slot = LANES_OF_A_LEFT_PAGE;

/// What is to be done.
pub(crate) enum Command {
    Post(Post),
    /// Nothing, until an answer arrives or, if it is given, until this moment.
    Wait(Option<Duration>),
    Done,
}

/// A request to make.
pub(crate) struct Post {
    pub slot: Slot,
    pub to_workshop: bool,
    pub route: &'static str,
    pub body: Vec<u8>,
    pub timeout: Duration,
}

/// All moments are those of the platform's monotonic clock.
pub(crate) struct Flight {
    recorder: Arc<Recorder>,
    wants: fn(RecordKind) -> bool,
    is_close: bool,
    deadline: Option<Duration>,
    id: u64,
    horizon: u64,
    max_attempts: u32,
    /// Whether the page is being left.
    is_leaving: bool,
    /// The interaction whose update goes first.
    first: Option<Box<str>>,
    lanes: [Option<Lane>; LANES_OF_A_LEFT_PAGE],
    /// Of a batch that was too large.
    halves: Vec<Lane>,
    mirror: Mirror,
    outcome: Outcome,
    /// How much had been delivered and given up when the present pass began.
    progress: (u64, u64),
    poll_at: Option<Duration>,
}

/// A batch on its way.
struct Lane {
    recorder: Arc<Recorder>,
    batch: Batch,
    attempts: u32,
    is_mirrored: bool,
    /// When the next attempt is due; `None` while one is under way.
    due: Option<Duration>,
}

impl Flight {
    /// Delivers what was recorded until now.
    pub fn flush(recorder: &Arc<Recorder>, wants: fn(RecordKind) -> bool, now: Duration) -> Self {
        Self::new(recorder, wants, false, now)
    }

    /// Ends recording, and goes on until nothing is left or the time is over.
    pub fn close(recorder: &Arc<Recorder>, now: Duration) -> Self {
        recorder.outbox.close();
        Self::new(recorder, |_| true, true, now)
    }

    /// Sends what was recorded until now all at once, for a page that is being left: the newest interaction that ended goes
    /// first, in case the browser takes no more.
    #[cfg(feature = "js")]
    pub fn leave(recorder: &Arc<Recorder>, now: Duration) -> Self {
        let mut flight = Self::flush(recorder, |_| true, now);
        flight.is_leaving = true;
        flight.first = recorder.outbox.newest_final();
        flight
    }

    /// Makes one attempt of each request: no retry helps where no time passes.
    pub fn try_once(&mut self) {
        self.max_attempts = 1;
    }

    fn new(recorder: &Arc<Recorder>, wants: fn(RecordKind) -> bool, is_close: bool, now: Duration) -> Self {
        let home = &recorder.home;
        recorder.adopt_abandoned(now);
        let timeout = home.config.close_timeout.filter(|_| is_close);
        let mut flight = Self {
            recorder: Arc::clone(recorder),
            wants,
            is_close,
            deadline: timeout.map(|timeout| now.saturating_add(timeout)),
            id: home.counters.next_seq(),
            horizon: 0,
            max_attempts: home.config.retry.max_attempts,
            is_leaving: false,
            first: None,
            lanes: [const { None }; LANES_OF_A_LEFT_PAGE],
            halves: Vec::new(),
            mirror: Mirror::new(home.config.workshop.is_some() && home.config.cloud.is_some()),
            outcome: Outcome::default(),
            progress: (0, 0),
            poll_at: None,
        };
        flight.begin_pass(now);
        flight
    }

    /// What is to be done now. To be asked again after each answer and each wait.
    pub fn next(&mut self, now: Duration) -> Command {
        loop {
            for slot in 0..self.lane_count() {
                if let Some(post) = self.attempt(slot, now) {
                    return Command::Post(post);
                }
            }
            if let Some((route, body)) = self.mirror.next() {
                let timeout = self.workshop_timeout(now);
                return Command::Post(Post { slot: MIRROR, to_workshop: true, route, body, timeout });
            }
            let mut lanes = self.lanes.iter().flatten();
            if lanes.next().is_some() || self.mirror.is_busy() {
                return Command::Wait(self.lanes.iter().flatten().filter_map(|lane| lane.due).min());
            }
            match self.end_pass(now) {
                Some(command) => return command,
                None => self.begin_pass(now),
            }
        }
    }

    /// How an exchange went.
    pub fn answered(&mut self, slot: Slot, result: Result<Response, SendError>, now: Duration) {
        if slot == MIRROR {
            self.mirror.answered(result.is_ok());
            return;
        }
        let Some(lane) = self.lanes.get_mut(slot).and_then(Option::take) else { return };
        let (answer, error) = answer::understand(result, self.config().cloud.as_ref());
        if self.is_local() {
            self.settle_local(slot, lane, answer, error.is_none(), now);
        } else {
            self.settle(slot, lane, answer, error, now);
        }
    }

    /// To be called when there is nothing more to be done.
    pub fn finish(mut self) -> Outcome {
        if self.is_close {
            self.settle_leftover();
        }
        self.log();
        std::mem::take(&mut self.outcome)
    }

    pub fn sink(&self) -> Option<&dyn Sink> {
        self.recorder.home.sink.as_deref()
    }

    fn config(&self) -> &Config {
        &self.recorder.home.config
    }

    /// Where a request goes.
    pub fn destination(&self, post: &Post) -> Option<&Destination> {
        if post.to_workshop { &self.config().workshop } else { &self.config().cloud }.as_ref()
    }

    /// Without a write key Workshop is where records go.
    fn is_local(&self) -> bool {
        self.config().cloud.is_none()
    }

    fn lane_count(&self) -> usize {
        match self.is_leaving {
            _ if self.is_local() => 1,
            true => LANES_OF_A_LEFT_PAGE,
            false => LANES,
        }
    }

    /// Whose records go. What a scope left behind with its client is older, and goes first.
    fn recorders(&self) -> impl Iterator<Item = &Arc<Recorder>> {
        self.recorder.parent().into_iter().chain([&self.recorder])
    }

    fn time_left(&self, now: Duration) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_sub(now))
    }

    fn workshop_timeout(&self, now: Duration) -> Duration {
        const TIMEOUT: Duration = Duration::from_secs(2);
        self.time_left(now).map_or(TIMEOUT, |left| left.min(TIMEOUT))
    }

    /// `None` when there is no time left for an attempt.
    fn attempt_timeout(&self, now: Duration) -> Option<Duration> {
        let timeout = if self.is_local() { self.workshop_timeout(now) } else { self.config().request_timeout };
        match self.time_left(now) {
            Some(Duration::ZERO) => None,
            left => Some(left.map_or(timeout, |left| left.min(timeout))),
        }
    }

    /// When a loan ends whose request starts at `start`.
    fn loan_end(&self, start: Duration) -> Duration {
        start.saturating_add(self.config().request_timeout).saturating_add(LOAN_SLACK)
    }

    fn begin_pass(&mut self, now: Duration) {
        let mut dropped = Vec::new();
        for recorder in self.recorders() {
            recorder.outbox.reclaim_expired(now);
            if (self.wants)(RecordKind::Partial) {
                dropped.push(recorder.outbox.seal_all(&self.config().encoding));
            }
        }
        self.progress = self.made_progress();
        for dropped in dropped {
            self.outcome.report.merge_dropped(&dropped);
        }
        self.horizon = self.recorder.home.counters.last_seq();
    }

    /// Nothing is under way and nothing can be taken. `None`: a close goes on with another pass.
    fn end_pass(&mut self, now: Duration) -> Option<Command> {
        let outbox = &self.recorder.outbox;
        let is_kept_back = self.made_progress().1 > self.progress.1;
        if !self.is_close || outbox.is_empty() || is_kept_back || !platform::can_sleep() {
            return Some(Command::Done);
        }
        if self.made_progress() != self.progress {
            return None;
        }
        if self.recorders().all(|recorder| recorder.outbox.lent() == 0) {
            return Some(Command::Done);
        }
        // Another flush has something that this one has to wait for.
        if self.time_left(now) == Some(Duration::ZERO) {
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

    /// Records that left the buffer, and records that were given up.
    fn made_progress(&self) -> (u64, u64) {
        let report = &self.outcome.report;
        (report.delivered().saturating_add(report.dropped()), report.requeued())
    }

    /// The next attempt of a lane, if one is due.
    fn attempt(&mut self, slot: Slot, now: Duration) -> Option<Post> {
        loop {
            let lane = self.lanes.get_mut(slot)?;
            let mut lane = match lane.as_ref().map(|lane| lane.due) {
                None => self.load(now)?,
                Some(Some(due)) if due <= now => lane.take()?,
                Some(_) => return None,
            };
            let Some(timeout) = self.attempt_timeout(now) else {
                self.outcome.out_of_time = true;
                self.give_up(&lane);
                continue;
            };
            if self.is_local() && self.mirror.is_gone() {
                self.discard(&lane, DropReason::Workshop);
                continue;
            }
            let outbox = &lane.recorder.outbox;
            if !outbox.renew(&lane.batch, self.loan_end(now)) {
                continue;
            }
            let kind = lane.batch.kind;
            let post = if self.is_local() && kind == RecordKind::Event {
                let body = outbox.as_final_partials(&lane.batch).pop()?;
                Post { slot, to_workshop: true, route: route(RecordKind::Partial), body, timeout }
            } else {
                let body = outbox.body(&lane.batch, &self.envelope(kind));
                Post { slot, to_workshop: self.is_local(), route: route(kind), body, timeout }
            };
            if !lane.is_mirrored {
                lane.is_mirrored = true;
                self.mirror.copy(outbox, &lane.batch, &post);
            }
            if !self.is_local() {
                self.outcome.report.add_request();
            }
            lane.attempts = lane.attempts.saturating_add(1);
            lane.due = None;
            *self.lanes.get_mut(slot)? = Some(lane);
            return Some(post);
        }
    }

    /// The next batch for a free lane. Users first, and awaited: the backend stamps their traits on the events that come
    /// after.
    fn load(&mut self, now: Duration) -> Option<Lane> {
        if let Some(half) = self.halves.pop() {
            return Some(half);
        }
        if let Some(key) = self.first.take()
            && let Some(lane) = self.lend(RecordKind::Partial, Some(&key), self.horizon, now)
        {
            return Some(lane);
        }
        // One by one, updates of interactions take long: a lane is left to what comes after them.
        let updates = self.lanes.iter().flatten().filter(|lane| lane.batch.kind == RecordKind::Partial).count();
        let are_late = !self.is_local() && updates.saturating_add(1) >= self.lane_count();
        let is_late = |kind: &RecordKind| are_late && *kind == RecordKind::Partial;
        let kinds = RecordKind::KINDS.into_iter().filter(|kind| (self.wants)(*kind));
        for kind in kinds.clone().filter(|kind| !is_late(kind)).chain(kinds.filter(is_late)) {
            if let Some(lane) = self.lend(kind, None, self.horizon, now) {
                return Some(lane);
            }
            let is_here = |lane: &Lane| lane.batch.kind == kind;
            if kind == RecordKind::User && !self.is_leaving && self.lanes.iter().flatten().any(is_here) {
                return None;
            }
        }
        None
    }

    fn lend(&self, kind: RecordKind, key: Option<&str>, horizon: u64, now: Duration) -> Option<Lane> {
        let expires = self.loan_end(now);
        let wanted = Wanted { kind, envelope: self.envelope(kind), flush: self.id, horizon, key, expires };
        let outboxes: Vec<&Outbox> = self.recorders().map(|recorder| &recorder.outbox).collect();
        let (index, batch) = Outbox::lend(&outboxes, &wanted)?;
        let recorder = Arc::clone(self.recorders().nth(index)?);
        Some(Lane { recorder, batch, attempts: 0, is_mirrored: false, due: Some(now) })
    }

    fn envelope(&self, kind: RecordKind) -> Envelope<'_> {
        let config = self.config();
        let envelope = Envelope::of(kind, &config.encoding.trace_prefix, config.trace_max_batch_size);
        let envelope = if self.is_leaving { envelope.within(BODY_OF_A_LEFT_PAGE) } else { envelope };
        // Workshop takes complete events one by one.
        if self.is_local() && kind == RecordKind::Event { envelope.of_one() } else { envelope }
    }

    fn settle(&mut self, slot: Slot, mut lane: Lane, answer: Answer, error: Option<Error>, now: Duration) {
        let policy = RetryPolicy { max_attempts: self.max_attempts, ..self.config().retry };
        let left = self.time_left(now);
        let is_last = lane.attempts >= policy.max_attempts;
        match policy.next(lane.attempts, answer, lane.batch.len, left, ids::random_u64()) {
            Step::Done => {
                let key = self.key(&lane);
                let count = lane.recorder.outbox.deliver(&lane.batch);
                self.outcome.report.add_delivered(lane.batch.kind, count);
                self.follow_up(slot, key, now);
            }
            Step::Drop(reason) => {
                self.warn_of_loss(&lane.batch, reason, error.as_ref());
                self.outcome.fail(error);
                let key = self.key(&lane);
                self.discard(&lane, reason);
                self.follow_up(slot, key, now);
            }
            Step::Wait(wait) => {
                let due = now.saturating_add(wait);
                lane.recorder.outbox.renew(&lane.batch, self.loan_end(due));
                lane.due = Some(due);
                self.put(slot, lane);
            }
            Step::Split => {
                let halves = lane.recorder.outbox.split(&lane.batch, self.loan_end(now));
                // A split is not an attempt.
                let attempts = lane.attempts.saturating_sub(1);
                self.halves.extend(halves.into_iter().flatten().rev().map(|batch| Lane {
                    recorder: Arc::clone(&lane.recorder),
                    batch,
                    attempts,
                    is_mirrored: true,
                    due: Some(now),
                }));
            }
            Step::Requeue => {
                if is_last && left != Some(Duration::ZERO) {
                    self.outcome.fail(error);
                } else {
                    self.outcome.out_of_time = true;
                }
                self.give_up(&lane);
            }
        }
    }

    fn settle_local(&mut self, slot: Slot, lane: Lane, answer: Answer, is_taken: bool, now: Duration) {
        let key = self.key(&lane);
        if is_taken {
            let count = lane.recorder.outbox.deliver(&lane.batch);
            self.outcome.report.add_delivered(lane.batch.kind, count);
        } else {
            self.mirror.answered(matches!(answer, Answer::Status { .. }));
            self.discard(&lane, DropReason::Workshop);
        }
        self.follow_up(slot, key, now);
    }

    /// The event of a partial.
    fn key(&self, lane: &Lane) -> Option<Box<str>> {
        if lane.batch.kind == RecordKind::Partial { lane.recorder.outbox.key(&lane.batch) } else { None }
    }

    /// Goes on with the next partial of an event, even if it was recorded meanwhile: other flushes left it to this one.
    fn follow_up(&mut self, slot: Slot, key: Option<Box<str>>, now: Duration) {
        if let Some(lane) = key.and_then(|key| self.lend(RecordKind::Partial, Some(&key), u64::MAX, now)) {
            self.put(slot, lane);
        }
    }

    fn put(&mut self, slot: Slot, lane: Lane) {
        if let Some(place) = self.lanes.get_mut(slot) {
            *place = Some(lane);
        }
    }

    fn give_up(&mut self, lane: &Lane) {
        let count = lane.recorder.outbox.give_up(&lane.batch, self.id);
        self.outcome.report.add_requeued(lane.batch.kind, count);
    }

    fn discard(&mut self, lane: &Lane, reason: DropReason) {
        let count = lane.recorder.outbox.discard(&lane.batch, reason);
        self.outcome.report.add_dropped(lane.batch.kind, reason, count);
    }

    fn settle_leftover(&mut self) {
        let Recorder { home, outbox, .. } = &*self.recorder;
        let (leftover, dropped) = outbox.take_leftover(&home.config.encoding);
        self.outcome.report.merge_dropped(&dropped);
        let count = leftover.len().saturating_add(outbox.lent());
        match self.recorder.parent() {
            Some(parent) => parent.outbox.adopt(leftover),
            None => outbox.abandon(&leftover),
        }
        if self.outcome.out_of_time {
            home.diagnostics.warn(Warning::CloseDeadline, || {
                format!("close ran out of time with {count} record(s) undelivered: see `close_timeout`")
            });
        }
    }

    fn warn_of_loss(&self, batch: &Batch, reason: DropReason, error: Option<&Error>) {
        self.recorder.home.diagnostics.warn(Warning::Rejected, || {
            let (count, route) = (batch.len, route(batch.kind));
            let cause = error.map(ToString::to_string).unwrap_or_default();
            format!("{count} record(s) for {route} are lost ({reason:?}): {cause}")
        });
    }

    fn log(&self) {
        let Outcome { report, error, out_of_time } = &self.outcome;
        if report.requeued() > 0 && !out_of_time {
            self.recorder.home.diagnostics.warn(Warning::DeliveryFailed, || {
                let cause = error.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{} record(s) could not be delivered and wait for the next flush: {cause}", report.requeued())
            });
        }
        if self.config().debug && !report.is_empty() {
            platform::debug(&format!("raindrop: flush: {report}"));
        }
    }
}

/// A flush that is cancelled loses nothing.
impl Drop for Flight {
    fn drop(&mut self) {
        for lane in self.lanes.iter().flatten().chain(&self.halves) {
            lane.recorder.outbox.give_up(&lane.batch, 0);
        }
    }
}

fn route(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::User => "users/identify",
        RecordKind::Event => "events/track",
        RecordKind::Partial => "events/track_partial",
        RecordKind::Signal => "signals/track",
        RecordKind::Span => "traces",
    }
}
