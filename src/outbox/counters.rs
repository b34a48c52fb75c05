//! Counting what was accepted and what became of it, by kind and by reason.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::records::RecordKind;

/// Why something that was accepted left the buffer without being delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The buffer was full: `event_max_queue_size` or `trace_max_queue_size`.
    QueueFull,
    /// More than 1 MiB, with no text left to shorten; or a 413 for a single record.
    TooLarge,
    /// The server refused it with a status that no retry changes: 400, 401, 403, 404 and the like.
    Rejected,
    /// The interaction ended with no input, no output and no attachment.
    EmptyInteraction,
    /// The interaction's `user_id` was not known when the client closed, or when its place in the full buffer was needed.
    UnknownUser,
    /// Still waiting when the client closed.
    Undelivered,
    /// There is no write key, only a local Workshop, and it did not take the record.
    Workshop,
}

impl DropReason {
    /// Every reason.
    pub const ALL: &'static [DropReason] = &Self::REASONS;
    const REASONS: [DropReason; 7] = [
        DropReason::QueueFull,
        DropReason::TooLarge,
        DropReason::Rejected,
        DropReason::EmptyInteraction,
        DropReason::UnknownUser,
        DropReason::Undelivered,
        DropReason::Workshop,
    ];
}

/// One `T` for each kind of record.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PerKind<T>([T; 5]);

impl<T: fmt::Debug> fmt::Debug for PerKind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(RecordKind::KINDS.iter().zip(&self.0)).finish()
    }
}

impl<T> PerKind<T> {
    pub fn get(&self, kind: RecordKind) -> &T {
        let [user, event, partial, signal, span] = &self.0;
        match kind {
            RecordKind::User => user,
            RecordKind::Event => event,
            RecordKind::Partial => partial,
            RecordKind::Signal => signal,
            RecordKind::Span => span,
        }
    }

    pub fn get_mut(&mut self, kind: RecordKind) -> &mut T {
        let [user, event, partial, signal, span] = &mut self.0;
        match kind {
            RecordKind::User => user,
            RecordKind::Event => event,
            RecordKind::Partial => partial,
            RecordKind::Signal => signal,
            RecordKind::Span => span,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }

    pub fn into_iter(self) -> impl Iterator<Item = T> {
        self.0.into_iter()
    }

    fn map<U>(&self, convert: impl Fn(&T) -> U) -> PerKind<U> {
        PerKind(self.0.each_ref().map(convert))
    }
}

/// One `T` for each reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PerReason<T>([T; 7]);

impl<T> PerReason<T> {
    pub fn get(&self, reason: DropReason) -> &T {
        let [queue_full, too_large, rejected, empty_interaction, unknown_user, undelivered, workshop] = &self.0;
        match reason {
            DropReason::QueueFull => queue_full,
            DropReason::TooLarge => too_large,
            DropReason::Rejected => rejected,
            DropReason::EmptyInteraction => empty_interaction,
            DropReason::UnknownUser => unknown_user,
            DropReason::Undelivered => undelivered,
            DropReason::Workshop => workshop,
        }
    }
}

/// Numbers of dropped records.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped(PerKind<PerReason<u64>>);

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.reasons()).finish()
    }
}

impl Dropped {
    pub fn add(&mut self, kind: RecordKind, reason: DropReason, count: usize) {
        for (slot, known) in self.0.get_mut(kind).0.iter_mut().zip(DropReason::REASONS) {
            if known == reason {
                *slot = slot.saturating_add(count as u64);
            }
        }
    }

    pub fn merge(&mut self, other: &Dropped) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0.iter()) {
            for (slot, count) in mine.0.iter_mut().zip(theirs.0) {
                *slot = slot.saturating_add(count);
            }
        }
    }

    pub fn total(&self) -> u64 {
        self.0.iter().flat_map(|reasons| reasons.0).sum()
    }

    pub fn of_kind(&self, kind: RecordKind) -> u64 {
        self.0.get(kind).0.iter().sum()
    }

    pub fn by(&self, reason: DropReason) -> u64 {
        self.0.iter().map(|reasons| reasons.get(reason)).sum()
    }

    pub fn reasons(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::REASONS.into_iter().map(|reason| (reason, self.by(reason))).filter(|(_, count)| *count > 0)
    }
}

/// The books of a client and all its scopes: accepted = delivered + dropped + pending, at any moment when no call is under way.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: PerKind<AtomicU64>,
    delivered: PerKind<AtomicU64>,
    dropped: PerKind<PerReason<AtomicU64>>,
    refused: AtomicU64,
    last_seq: AtomicU64,
}

impl Counters {
    /// The place of a call in the order of recording, for the client and all its scopes.
    pub fn next_seq(&self) -> u64 {
        self.last_seq.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    pub fn accept(&self, kind: RecordKind) {
        self.accepted.get(kind).fetch_add(1, Ordering::Relaxed);
    }

    pub fn deliver(&self, kind: RecordKind, count: usize) {
        self.delivered.get(kind).fetch_add(count as u64, Ordering::Relaxed);
    }

    pub fn discard(&self, kind: RecordKind, reason: DropReason, count: usize) {
        self.dropped.get(kind).get(reason).fetch_add(count as u64, Ordering::Relaxed);
    }

    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            delivered: self.delivered.map(read),
            dropped: Dropped(self.dropped.map(|reasons| PerReason(reasons.0.each_ref().map(read)))),
            accepted: self.accepted.map(read),
            refused: read(&self.refused),
        }
    }
}

/// What became of everything that a client and its scopes were given since the client was built.
///
/// The books balance: [`accepted`](Stats::accepted) = [`delivered`](Stats::delivered) + [`dropped`](Stats::dropped) +
/// [`pending`](Stats::pending). Its [`Display`](fmt::Display) is a line for people.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    accepted: PerKind<u64>,
    delivered: PerKind<u64>,
    dropped: Dropped,
    refused: u64,
}

impl Stats {
    /// Records that were taken: events, updates of interactions, signals, users and ended spans.
    pub fn accepted(&self) -> u64 {
        self.accepted.iter().sum()
    }

    /// [`accepted`](Stats::accepted), of one kind.
    pub fn accepted_of(&self, kind: RecordKind) -> u64 {
        *self.accepted.get(kind)
    }

    /// Records that the server took.
    pub fn delivered(&self) -> u64 {
        self.delivered.iter().sum()
    }

    /// [`delivered`](Stats::delivered), of one kind.
    pub fn delivered_of(&self, kind: RecordKind) -> u64 {
        *self.delivered.get(kind)
    }

    /// Records that were accepted and will never be delivered.
    pub fn dropped(&self) -> u64 {
        self.dropped.total()
    }

    /// [`dropped`](Stats::dropped), of one kind.
    pub fn dropped_of(&self, kind: RecordKind) -> u64 {
        self.dropped.of_kind(kind)
    }

    /// [`dropped`](Stats::dropped), for one reason.
    pub fn dropped_by(&self, reason: DropReason) -> u64 {
        self.dropped.by(reason)
    }

    /// Records that wait for a flush, or are in one.
    pub fn pending(&self) -> u64 {
        RecordKind::KINDS.into_iter().map(|kind| self.pending_of(kind)).sum()
    }

    /// [`pending`](Stats::pending), of one kind.
    pub fn pending_of(&self, kind: RecordKind) -> u64 {
        let gone = self.delivered_of(kind).saturating_add(self.dropped_of(kind));
        self.accepted_of(kind).saturating_sub(gone)
    }

    /// Calls that were answered with an error because of their input, or because the client was closed. They are not
    /// part of [`accepted`](Stats::accepted).
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, delivered, pending) = (self.accepted(), self.delivered(), self.pending());
        write!(f, "{accepted} accepted: {delivered} delivered, {pending} pending, {}", self.dropped)
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dropped", self.total())?;
        for (index, (reason, count)) in self.reasons().enumerate() {
            write!(f, "{}{count} {reason:?}", if index == 0 { " (" } else { ", " })?;
        }
        if self.total() > 0 { write!(f, ")") } else { Ok(()) }
    }
}

/// Adds to a number per kind.
pub(crate) fn add(per_kind: &mut PerKind<u64>, kind: RecordKind, count: usize) {
    let slot = per_kind.get_mut(kind);
    *slot = slot.saturating_add(count as u64);
}
