//! What a flush holds while it delivers: batches that stay in the outbox, lent out for a limited time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::queue::Record;
use super::tally::{DropReason, Dropped};
use super::{Outbox, State};
use crate::records::RecordKind;
use crate::wire::Encoding;
use crate::wire::body::Envelope;

/// In which job the partials of an event travel; `None`: in none, an earlier one is on its way.
pub(crate) type JobOf = HashMap<Box<str>, Option<usize>>;

/// How a flush wants its batches made.
#[derive(Clone, Copy)]
pub(crate) struct Packing<'a> {
    pub encoding: &'a Encoding,
    pub trace_max_batch_size: usize,
    pub wants: fn(RecordKind) -> bool,
}

impl Packing<'_> {
    pub fn envelope(&self, kind: RecordKind) -> Envelope<'_> {
        Envelope::of(kind, &self.encoding.trace_prefix, self.trace_max_batch_size)
    }
}

/// Records that travel in one request.
#[derive(Debug)]
pub(crate) struct Batch {
    pub kind: RecordKind,
    records: Vec<Record>,
}

impl Batch {
    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn records(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.records.iter().map(|record| record.bytes.as_ref())
    }

    /// The place of its first record in the order of recording.
    pub fn seq(&self) -> u64 {
        self.records.first().map_or(0, |record| record.seq)
    }

    /// The event id that orders this batch after others, if it has one.
    pub fn key(&self) -> Option<&str> {
        self.records.first().and_then(|record| record.key.as_deref())
    }
}

/// The outbox's side of a lease.
#[derive(Debug)]
pub(super) struct OpenLease {
    id: u64,
    expires: Duration,
    batches: Vec<Option<Arc<Batch>>>,
}

/// A flush's side of a lease. Dropping it returns to the outbox whatever is not settled.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    outbox: &'a Outbox,
    id: u64,
    /// Batches that may travel side by side; those of one job travel one after the other.
    pub jobs: Vec<Vec<usize>>,
    /// What turned out undeliverable while the lease was made.
    pub dropped: Dropped,
    /// The events of which another flush of the same outbox has a partial.
    pub on_their_way: Vec<Box<str>>,
}

impl Outbox {
    /// Lends out everything that waits, until `expires` on the platform's monotonic clock. Partials of events
    /// that are `on_their_way` from another outbox stay.
    pub fn lease(
        &self,
        packing: &Packing<'_>,
        now: Duration,
        expires: Duration,
        on_their_way: &[Box<str>],
    ) -> Lease<'_> {
        let wants_partials = (packing.wants)(RecordKind::Partial);
        let dropped = if wants_partials { self.seal_all(packing.encoding) } else { Dropped::default() };
        let mut state = self.lock();
        state.reclaim_expired(now);
        let lent = state.lent_keys().map(Into::into).collect();
        state.next_lease = state.next_lease.saturating_add(1);
        let id = state.next_lease;
        let mut batches = Vec::new();
        let mut jobs = Vec::new();
        for kind in RecordKind::KINDS.into_iter().filter(|kind| (packing.wants)(*kind)) {
            match kind {
                RecordKind::Partial => state.lend_partials(on_their_way, &mut batches, &mut jobs),
                _ => state.lend(kind, &packing.envelope(kind), &mut batches, &mut jobs),
            }
        }
        if !batches.is_empty() {
            state.leases.push(OpenLease { id, expires, batches });
        }
        Lease { outbox: self, id, jobs, dropped, on_their_way: lent }
    }
}

impl State {
    pub(super) fn reclaim_expired(&mut self, now: Duration) {
        let (expired, valid) = std::mem::take(&mut self.leases).into_iter().partition(|lease| lease.expires <= now);
        self.leases = valid;
        let expired: Vec<OpenLease> = expired;
        for batch in expired.into_iter().flat_map(|lease| lease.batches.into_iter().rev()).flatten() {
            self.restore(batch);
        }
    }

    fn lend(
        &mut self,
        kind: RecordKind,
        envelope: &Envelope<'_>,
        batches: &mut Vec<Option<Arc<Batch>>>,
        jobs: &mut Vec<Vec<usize>>,
    ) {
        let queue = self.queues.get_mut(kind);
        queue.leased = queue.len();
        while !queue.waiting.is_empty() {
            let count = envelope.take(queue.waiting.iter().map(|record| record.bytes.len()));
            let records = queue.waiting.drain(..count).collect();
            jobs.push(vec![batches.len()]);
            batches.push(Some(Arc::new(Batch { kind, records })));
        }
    }

    /// One request for each, and one job for those of one event.
    fn lend_partials(
        &mut self,
        on_their_way: &[Box<str>],
        batches: &mut Vec<Option<Arc<Batch>>>,
        jobs: &mut Vec<Vec<usize>>,
    ) {
        let mut job_of = JobOf::new();
        for key in self.lent_keys().chain(on_their_way.iter().map(AsRef::as_ref)) {
            job_of.insert(key.into(), None);
        }

        let waiting = std::mem::take(&mut self.queues.get_mut(RecordKind::Partial).waiting);
        for record in waiting {
            let key = record.key.clone().unwrap_or_default();
            let job = job_of.entry(key).or_insert_with(|| {
                jobs.push(Vec::new());
                Some(jobs.len().saturating_sub(1))
            });
            let Some(job) = job.and_then(|job| jobs.get_mut(job)) else {
                self.queues.get_mut(RecordKind::Partial).waiting.push_back(record);
                continue;
            };
            job.push(batches.len());
            batches.push(Some(Arc::new(Batch { kind: RecordKind::Partial, records: vec![record] })));
            self.add_leased(RecordKind::Partial, 1);
        }
    }

    /// The events of which a flush has a partial.
    pub(super) fn lent_keys(&self) -> impl Iterator<Item = &str> {
        self.leases.iter().flat_map(|lease| lease.batches.iter().flatten()).filter_map(|batch| batch.key())
    }

    fn add_leased(&mut self, kind: RecordKind, count: usize) {
        let queue = self.queues.get_mut(kind);
        queue.leased = queue.leased.saturating_add(count);
    }

    fn restore(&mut self, batch: Arc<Batch>) {
        let Batch { kind, records } = Arc::try_unwrap(batch)
            .unwrap_or_else(|shared| Batch { kind: shared.kind, records: shared.records.clone() });
        self.queues.get_mut(kind).restore(records);
    }
}

impl Lease<'_> {
    pub fn batch(&self, index: usize) -> Option<Arc<Batch>> {
        let mut state = self.outbox.lock();
        self.slot(&mut state, index)?.clone()
    }

    /// Gives the flush at least until `expires` before the outbox takes everything back. `false`: it has done so already.
    pub fn renew(&self, expires: Duration) -> bool {
        let mut state = self.outbox.lock();
        let Some(lease) = self.open(&mut state) else { return false };
        lease.expires = lease.expires.max(expires);
        true
    }

    /// The server has it. Returns how many records that were.
    pub fn deliver(&self, index: usize) -> usize {
        let Some(batch) = self.settle(index) else { return 0 };
        self.outbox.counters.deliver(batch.kind, batch.len());
        batch.len()
    }

    /// It will never be delivered. Returns how many records that were.
    pub fn discard(&self, index: usize, reason: DropReason) -> usize {
        let Some(batch) = self.settle(index) else { return 0 };
        self.outbox.counters.discard(batch.kind, reason, batch.len());
        batch.len()
    }

    /// It goes back to the front of its queue. Returns how many records that were.
    pub fn requeue(&self, index: usize) -> usize {
        let mut state = self.outbox.lock();
        let Some(batch) = self.slot(&mut state, index).and_then(Option::take) else { return 0 };
        let count = batch.len();
        state.restore(batch);
        count
    }

    /// Makes two batches of one.
    pub fn split(&self, index: usize) -> Option<[usize; 2]> {
        let mut state = self.outbox.lock();
        let batch = self.slot(&mut state, index)?.take()?;
        let lease = self.open(&mut state)?;
        let kind = batch.kind;
        let mut front = batch.records.clone();
        let back = front.split_off(front.len().div_ceil(2));
        let first = lease.batches.len();
        lease.batches.extend([front, back].map(|records| Some(Arc::new(Batch { kind, records }))));
        Some([first, first.saturating_add(1)])
    }

    /// The next partial of the event whose partial was just delivered, if one was recorded meanwhile.
    pub fn follow_up(&self, key: &str) -> Option<usize> {
        let mut state = self.outbox.lock();
        let waiting = &state.queues.get(RecordKind::Partial).waiting;
        let position = waiting.iter().position(|record| record.key.as_deref() == Some(key))?;
        if state.lent_keys().any(|lent| lent == key) {
            return None;
        }
        let record = state.queues.get_mut(RecordKind::Partial).waiting.remove(position)?;
        let batch = Arc::new(Batch { kind: RecordKind::Partial, records: vec![record] });
        match self.open(&mut state) {
            Some(lease) => {
                let index = lease.batches.len();
                lease.batches.push(Some(batch));
                state.add_leased(RecordKind::Partial, 1);
                Some(index)
            }
            None => {
                state.add_leased(RecordKind::Partial, 1);
                state.restore(batch);
                None
            }
        }
    }

    fn settle(&self, index: usize) -> Option<Arc<Batch>> {
        let mut state = self.outbox.lock();
        let batch = self.slot(&mut state, index)?.take()?;
        let queue = state.queues.get_mut(batch.kind);
        queue.leased = queue.leased.saturating_sub(batch.len());
        Some(batch)
    }

    fn open<'s>(&self, state: &'s mut State) -> Option<&'s mut OpenLease> {
        state.leases.iter_mut().find(|lease| lease.id == self.id)
    }

    fn slot<'s>(&self, state: &'s mut State, index: usize) -> Option<&'s mut Option<Arc<Batch>>> {
        self.open(state)?.batches.get_mut(index)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.outbox.lock();
        let Some(position) = state.leases.iter().position(|lease| lease.id == self.id) else { return };
        let lease = state.leases.swap_remove(position);
        for batch in lease.batches.into_iter().rev().flatten() {
            state.restore(batch);
        }
    }
}
