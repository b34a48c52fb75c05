//! Numbers by kind of record and by reason of loss.

use std::fmt;

use crate::records::RecordKind;

/// Why something that was accepted left the buffer without being delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The buffer was full: `event_max_queue_size`, `trace_max_queue_size` or `max_buffer_bytes`.
    QueueFull,
    /// More than 1 MiB, with no text left to shorten; or a 413 for a single record.
    TooLarge,
    /// The server refused it with a status that no retry changes: 400, 401, 403, 404 and the like.
    Rejected,
    /// The interaction, or a `track_ai`, had no input, no output and no attachment.
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
        let [first, ..] = &self.0;
        self.0.get(kind as usize).unwrap_or(first)
    }

    pub fn get_mut(&mut self, kind: RecordKind) -> &mut T {
        let [first, rest @ ..] = &mut self.0;
        rest.get_mut((kind as usize).wrapping_sub(1)).unwrap_or(first)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    pub fn map<U>(&self, convert: impl Fn(&T) -> U) -> PerKind<U> {
        PerKind(self.0.each_ref().map(convert))
    }
}

/// One `T` for each reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PerReason<T>([T; 7]);

impl<T> PerReason<T> {
    pub fn map<U>(&self, convert: impl Fn(&T) -> U) -> PerReason<U> {
        PerReason(self.0.each_ref().map(convert))
    }

    pub fn get(&self, reason: DropReason) -> &T {
        let [first, ..] = &self.0;
        self.0.get(reason as usize).unwrap_or(first)
    }
}

/// Numbers of dropped records.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dropped(pub(super) PerKind<PerReason<u64>>);

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.reasons()).finish()
    }
}

impl Dropped {
    pub fn add(&mut self, kind: RecordKind, reason: DropReason, count: usize) {
        if let Some(slot) = self.0.get_mut(kind).0.get_mut(reason as usize) {
            *slot = slot.saturating_add(count as u64);
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
