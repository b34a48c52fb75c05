use std::fmt;

use crate::outbox::{DropReason, Dropped, PerKind, add};
use crate::records::RecordKind;

/// What one `flush` or `close` did.
///
/// Its [`Display`](fmt::Display) is a line for people: `12 delivered in 3 requests, 0 left, 0 dropped`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct FlushReport {
    delivered: PerKind<u64>,
    requeued: PerKind<u64>,
    dropped: Dropped,
    requests: u64,
}

impl FlushReport {
    /// Records that the server took.
    pub fn delivered(&self) -> u64 {
        self.delivered.iter().sum()
    }

    /// [`delivered`](FlushReport::delivered), of one kind.
    pub fn delivered_of(&self, kind: RecordKind) -> u64 {
        *self.delivered.get(kind)
    }

    /// Records that were left behind: they are back in the buffer, and a later flush sends them. What `close` leaves behind
    /// goes from a scope to the client that it came from; a client counts it as [`DropReason::Undelivered`].
    pub fn requeued(&self) -> u64 {
        self.requeued.iter().sum()
    }

    /// [`requeued`](FlushReport::requeued), of one kind.
    pub fn requeued_of(&self, kind: RecordKind) -> u64 {
        *self.requeued.get(kind)
    }

    /// Records that are lost for good.
    pub fn dropped(&self) -> u64 {
        self.dropped.total()
    }

    /// [`dropped`](FlushReport::dropped), of one kind.
    pub fn dropped_of(&self, kind: RecordKind) -> u64 {
        self.dropped.of_kind(kind)
    }

    /// [`dropped`](FlushReport::dropped), for one reason.
    pub fn dropped_by(&self, reason: DropReason) -> u64 {
        self.dropped.by(reason)
    }

    /// Requests made to the ingestion API, each attempt counted. Those to a local Workshop are not.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Whether nothing happened.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds records that are delivered, or dropped for a reason.
    pub(super) fn add_settled(&mut self, kind: RecordKind, reason: Option<DropReason>, count: usize) {
        match reason {
            None => add(&mut self.delivered, kind, count),
            Some(reason) => self.dropped.add(kind, reason, count),
        }
    }

    pub(super) fn add_requeued(&mut self, kind: RecordKind, count: usize) {
        add(&mut self.requeued, kind, count);
    }

    pub(super) fn add_request(&mut self) {
        self.requests = self.requests.saturating_add(1);
    }

    pub(super) fn dropped_mut(&mut self) -> &mut Dropped {
        &mut self.dropped
    }
}

impl fmt::Display for FlushReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (delivered, requests) = (self.delivered(), self.requests());
        let plural = if requests == 1 { "" } else { "s" };
        write!(f, "{delivered} delivered in {requests} request{plural}, {} left, {}", self.requeued(), self.dropped)
    }
}
