use std::fmt;

use super::tally::{DropReason, Dropped, PerKind};
use crate::records::RecordKind;

/// What became of everything that a client and its scopes were given since the client was built.
///
/// The books balance: [`accepted`](Stats::accepted) = [`delivered`](Stats::delivered) + [`dropped`](Stats::dropped) +
/// [`pending`](Stats::pending). Its [`Display`](fmt::Display) is a line for people.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub(super) accepted: PerKind<u64>,
    pub(super) delivered: PerKind<u64>,
    pub(super) dropped: Dropped,
    pub(super) refused: u64,
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
