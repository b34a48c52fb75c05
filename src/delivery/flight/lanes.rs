//! The lanes of a flight: batches on their way, each an attempt, a wait or a verdict at a time.

use std::sync::Arc;

use super::super::policy::{Answer, Step};
use super::{Flight, Lane, MIRROR, Post, cause};
use crate::diagnostics::Warning;
use crate::error::Error;
use crate::ids;
use crate::millis::Millis;
use crate::outbox::{Batch, DropReason, Wanted};
use crate::records::RecordKind;
use crate::wire::body::Envelope;

/// So that as much as possible of it finds room in the 64 KiB that a browser sends for a page which is gone.
const BODY_OF_A_LEFT_PAGE: usize = 16 * 1024;

impl Flight {
    /// The next attempt of a lane, if one is due.
    pub(super) fn attempt(&mut self, now: Millis) -> Option<Post> {
        loop {
            let is_due = |due| due <= now || self.in_haste();
            let due = self.lanes.iter().position(|lane| lane.due.is_some_and(is_due));
            let mut lane = match due {
                Some(index) => self.lanes.swap_remove(index),
                None if self.lanes.len() < self.lane_count() => self.load(now)?,
                None => return None,
            };
            let Some(timeout) = self.attempt_timeout(now) else {
                self.outcome.out_of_time = true;
                self.give_up(&lane);
                continue;
            };
            if self.is_local && self.mirror.is_gone() {
                self.conclude(&lane, Some(DropReason::Workshop), now);
                continue;
            }
            let outbox = &lane.recorder.outbox;
            if !outbox.renew(&lane.batch, self.loan_end(now, 0)) {
                continue;
            }
            self.slot = self.slot.wrapping_add(1).max(MIRROR + 1);
            let slot = self.slot;
            let kind = lane.batch.kind;
            let post = if self.is_local && kind == RecordKind::Event {
                let Some(body) = outbox.as_final_partials(&lane.batch).pop() else { continue };
                Post { slot, to_workshop: true, kind: RecordKind::Partial, body, number: None, timeout }
            } else {
                let number = outbox.number(&lane.batch).filter(|_| !self.is_for_workshop());
                let is_here = number.is_none();
                let body = if is_here { outbox.body(&lane.batch, &self.envelope(kind)) } else { Some(Vec::new()) };
                let Some(body) = body else { continue };
                Post { slot, to_workshop: self.is_local, kind, body, number, timeout }
            };
            if !lane.is_mirrored {
                lane.is_mirrored = true;
                self.mirror.copy(outbox, &lane.batch, &post);
            }
            if !self.is_local {
                self.outcome.report.add_request();
            }
            lane.attempts = lane.attempts.saturating_add(1);
            lane.due = None;
            lane.slot = slot;
            self.lanes.push(lane);
            return Some(post);
        }
    }

    /// The next batch for a free lane. Users first, and awaited: the backend stamps their traits on the events that come
    /// after.
    fn load(&mut self, now: Millis) -> Option<Lane> {
        if let Some(half) = self.halves.pop() {
            return Some(half);
        }
        if self.is_leaving()
            && let Some(key) = self.first.take()
            && let Some(lane) = self.lend(RecordKind::Partial, Some(&key), 0, self.horizon, now)
        {
            return Some(lane);
        }
        let count = |kind| self.lanes.iter().filter(|lane| lane.batch.kind == kind).count();
        let is_over = self.is_leaving() || self.users_until.is_some_and(|until| until <= now);
        let are_users_awaited = !is_over && count(RecordKind::User) > 0;
        for is_late in [false, true] {
            for kind in RecordKind::KINDS {
                // One by one, updates of interactions take long, and users may hang: a lane is left to what comes after them.
                let is_slow = matches!(kind, RecordKind::User | RecordKind::Partial) && !self.is_local;
                let is_full = is_slow && count(kind).saturating_add(1) >= self.lane_count();
                if (self.wants)(kind)
                    && is_late == is_full
                    && let Some(lane) = self.lend(kind, None, 0, self.horizon, now)
                {
                    return Some(lane);
                }
                if kind == RecordKind::User && are_users_awaited {
                    return None;
                }
            }
        }
        None
    }

    fn lend(&self, kind: RecordKind, key: Option<&str>, from: u64, horizon: u64, now: Millis) -> Option<Lane> {
        let expires = self.loan_end(now, 0);
        let wanted = Wanted {
            kind,
            envelope: self.envelope(kind),
            given_up_before: self.given_up_before,
            from,
            horizon,
            key,
            expires,
        };
        let (own, parent) = (&self.recorder, self.recorder.parent());
        let (is_parents, batch) = own.outbox.lend(parent.map(|parent| &parent.outbox), &wanted)?;
        let recorder = Arc::clone(parent.filter(|_| is_parents).unwrap_or(own));
        Some(Lane { slot: MIRROR, recorder, batch, attempts: 0, is_mirrored: false, due: Some(now) })
    }

    fn envelope(&self, kind: RecordKind) -> Envelope<'_> {
        let config = self.config();
        let envelope = Envelope::of(kind, &config.encoding.trace_prefix, config.trace_max_batch_size);
        let envelope = if self.is_leaving() { envelope.within(BODY_OF_A_LEFT_PAGE) } else { envelope };
        // Workshop takes complete events one by one.
        if self.is_local && kind == RecordKind::Event { envelope.of_one() } else { envelope }
    }

    pub(super) fn settle(&mut self, mut lane: Lane, answer: Answer, error: Option<Error>, now: Millis) {
        match self.retry.next(lane.attempts, answer, lane.batch.len, ids::random_u64()) {
            Step::Done => self.conclude(&lane, None, now),
            Step::Drop(reason) => {
                self.warn_of_loss(&lane.batch, reason, error.as_ref());
                self.outcome.fail(error);
                self.conclude(&lane, Some(reason), now);
            }
            Step::Wait(wait) => {
                lane.recorder.outbox.renew(&lane.batch, self.loan_end(now, wait));
                lane.due = Some(now.saturating_add(wait));
                self.wait(lane);
            }
            Step::Split => {
                let halves = lane.recorder.outbox.split(&lane.batch, self.loan_end(now, 0));
                let Some([first, second]) = halves else { return };
                // A split is not an attempt.
                lane.attempts = lane.attempts.saturating_sub(1);
                lane.due = Some(now);
                self.halves.push(Lane { recorder: Arc::clone(&lane.recorder), batch: second, ..lane });
                self.halves.push(Lane { batch: first, ..lane });
            }
            Step::Requeue => {
                if self.time_left(now) == Some(0) {
                    self.outcome.out_of_time = true;
                } else {
                    self.outcome.fail(error);
                }
                self.give_up(&lane);
            }
        }
    }

    /// Keeps a batch until it is due, if there will be time for it.
    fn wait(&mut self, lane: Lane) {
        if self.deadline.is_some() && lane.due >= self.deadline {
            self.outcome.out_of_time = true;
            self.give_up(&lane);
        } else {
            self.lanes.push(lane);
        }
    }

    pub(super) fn settle_local(&mut self, lane: Lane, answer: Answer, is_taken: bool, now: Millis) {
        if !is_taken {
            self.mirror.answered(matches!(answer, Answer::Status { .. }));
        }
        self.conclude(&lane, (!is_taken).then_some(DropReason::Workshop), now);
    }

    /// Lets go of a batch that is delivered, or dropped for a reason, and goes on with the next partial of its event if that was
    /// recorded meanwhile: other flushes left it to this one. One that was recorded before comes in its turn, but of a page that
    /// is being left: there the newest interaction goes first, with all that is before its end.
    fn conclude(&mut self, lane: &Lane, reason: Option<DropReason>, now: Millis) {
        let Lane { recorder, batch, .. } = lane;
        let key = recorder.outbox.key(batch);
        let count = recorder.outbox.settle(batch, reason, self.outcome.report.dropped_mut());
        self.outcome.report.add_settled(batch.kind, reason, count);
        let from = if self.is_leaving() { 0 } else { self.horizon.wrapping_add(1) };
        if let Some(lane) = key.and_then(|key| self.lend(RecordKind::Partial, Some(&key), from, u64::MAX, now)) {
            self.lanes.push(lane);
        }
    }

    fn give_up(&mut self, lane: &Lane) {
        self.given_up_before = self.begun_at;
        let latest = self.recorder.home().counters.last_seq();
        let count = lane.recorder.outbox.give_up(&lane.batch, latest);
        self.outcome.report.add_requeued(lane.batch.kind, count);
    }

    fn warn_of_loss(&self, batch: &Batch, reason: DropReason, error: Option<&Error>) {
        let (count, route, cause) = (batch.len, route(batch.kind), cause(error));
        self.recorder
            .home()
            .diagnostics
            .warn(Warning::Rejected, format_args!("{count} record(s) for {route} are lost ({reason:?}): {cause}"));
    }
}

pub(super) fn route(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::User => "users/identify",
        RecordKind::Event => "events/track",
        RecordKind::Partial => "events/track_partial",
        RecordKind::Signal => "signals/track",
        RecordKind::Span => "traces",
    }
}
