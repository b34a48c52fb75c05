//! How much may wait, and what gives way to the rest.

use super::queue::Queue;
use super::tally::DropReason;
use super::{Common, Outbox, State};
use crate::records::RecordKind;

/// How many records may wait, a flush's included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For each of events, updates of interactions, signals and users.
    pub events: usize,
    pub spans: usize,
    /// For all of them together.
    pub bytes: usize,
}

impl<C: Common> Outbox<C> {
    /// Drops until the rest fits the limits. Too many spans: the oldest; too many of another kind: the newest. Too many bytes:
    /// what is needed least, which is the newest spans, then whatever is oldest, an interaction's end only after everything
    /// else.
    pub(super) fn fit(&self, state: &mut State, kind: RecordKind) -> Option<DropReason> {
        let is_over = self.is_over(state, kind) || state.bytes() > self.common.limits().bytes;
        if is_over { self.drop_excess(state, kind) } else { None }
    }

    fn is_over(&self, state: &State, kind: RecordKind) -> bool {
        let limits = self.common.limits();
        let limit = if kind == RecordKind::Span { limits.spans } else { limits.events };
        let others = if kind == RecordKind::Partial { state.interactions.changed() } else { 0 };
        state.queues.get(kind).len().saturating_add(others) > limit
    }

    #[cold]
    fn drop_excess(&self, state: &mut State, kind: RecordKind) -> Option<DropReason> {
        let mut is_full = false;
        let is_span = kind == RecordKind::Span;
        while self.is_over(state, kind) {
            let queue = state.queues.get_mut(kind);
            let is_dropped = if is_span { queue.drop_oldest(0) } else { queue.drop_newest() };
            if !is_dropped {
                break;
            }
            self.common.counters().discard(kind, DropReason::QueueFull, 1);
            is_full = true;
        }
        while state.bytes() > self.common.limits().bytes {
            if let Some(kind) = state.drop_least_needed() {
                self.common.counters().discard(kind, DropReason::QueueFull, 1);
            } else {
                let held = state.interactions.drop_held();
                if held == 0 {
                    // All that is left is lent to flushes.
                    break;
                }
                self.common.counters().discard(RecordKind::Partial, DropReason::UnknownUser, held);
            }
            is_full = true;
        }
        is_full.then_some(DropReason::QueueFull)
    }

    #[cfg(any(test, fuzzing))]
    pub fn assert_bounds(&self) {
        let state = self.lock();
        assert!(state.bytes() <= self.common.limits().bytes, "{} bytes wait", state.bytes());
        for kind in RecordKind::KINDS {
            let count = if kind == RecordKind::Partial { state.partials() } else { state.queues.get(kind).len() };
            let limit = if kind == RecordKind::Span { self.common.limits().spans } else { self.common.limits().events };
            assert!(count <= limit, "{count} of {kind:?} wait");
        }
    }
}

impl State {
    pub(super) fn bytes(&self) -> usize {
        self.queues.iter().map(Queue::bytes).fold(self.interactions.bytes(), usize::saturating_add)
    }

    /// Drops one record that waits. Returns its kind, or nothing if there is none.
    fn drop_least_needed(&mut self) -> Option<RecordKind> {
        if self.queues.get_mut(RecordKind::Span).drop_newest() {
            return Some(RecordKind::Span);
        }
        let mut oldest = (u64::MAX, RecordKind::Partial, usize::MAX);
        for kind in RecordKind::KINDS {
            let runs = self.queues.get(kind).runs();
            if let Some(place) = runs.iter().position(|run| !run.is_final()) {
                let seq = runs.get(place).map_or(u64::MAX, |run| run.first_seq());
                if seq < oldest.0 {
                    oldest = (seq, kind, place);
                }
            }
        }
        let (_, kind, place) = oldest;
        if self.queues.get_mut(kind).drop_oldest(place) {
            return Some(kind);
        }
        let dropped = self.interactions.drop_oldest() || self.queues.get_mut(RecordKind::Partial).drop_oldest(0);
        dropped.then_some(RecordKind::Partial)
    }
}
