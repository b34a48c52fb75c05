//! Counting what was accepted and what became of it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::stats::Stats;
use super::tally::{DropReason, Dropped, PerKind, PerReason};
use crate::platform::PerThread;
use crate::records::RecordKind;

/// The books of a client and all its scopes: accepted = delivered + dropped + pending, at any moment.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: PerKind<AtomicU64>,
    /// Spans that were accepted on shelves, and are not in `accepted`.
    shelved: PerThread<AtomicU64>,
    delivered: PerKind<AtomicU64>,
    dropped: PerKind<PerReason<AtomicU64>>,
    refused: AtomicU64,
    last_seq: AtomicU64,
}

impl Counters {
    /// The place of a call in the order of recording, for the client and all its scopes.
    pub fn next_seq(&self) -> u64 {
        self.next_seqs(1)
    }

    /// The last of so many places.
    pub fn next_seqs(&self, count: usize) -> u64 {
        self.last_seq.fetch_add(count as u64, Ordering::Relaxed).wrapping_add(count as u64)
    }

    /// The place of the latest call.
    pub fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Relaxed)
    }

    pub fn accept(&self, kind: RecordKind) {
        self.accepted.get(kind).fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a span where no other thread counts.
    pub fn accept_on_shelf(&self) {
        let counter = self.shelved.make().unwrap_or_else(|| self.accepted.get(RecordKind::Span));
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn deliver(&self, kind: RecordKind, count: usize) {
        self.delivered.get(kind).fetch_add(count as u64, Ordering::Release);
    }

    pub fn discard(&self, kind: RecordKind, reason: DropReason, count: usize) {
        self.dropped.get(kind).get(reason).fetch_add(count as u64, Ordering::Release);
    }

    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> Stats {
        // What is gone before what was accepted, so that no more is gone than came.
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        let (delivered, dropped) = (self.delivered.map(read), Dropped(self.dropped.map(|reasons| reasons.map(read))));
        let mut accepted = self.accepted.map(read);
        for shelved in self.shelved.iter() {
            let spans = accepted.get_mut(RecordKind::Span);
            *spans = spans.wrapping_add(read(shelved));
        }
        Stats { delivered, dropped, accepted, refused: read(&self.refused) }
    }
}
