//! What a flush holds while it delivers: batches that stay in the outbox, lent out for a limited time.

use std::mem;
use std::time::Duration;

use super::queue::Record;
use super::tally::DropReason;
use super::{Outbox, State};
use crate::records::RecordKind;
use crate::wire::body::{Envelope, as_final_partial};

/// Records that travel in one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub kind: RecordKind,
    pub len: usize,
    loan: u64,
    first: u64,
    last: u64,
}

/// A batch on its way. It is taken back when its time is over: a Worker whose context died neither polls nor drops its
/// futures again.
#[derive(Debug)]
pub(super) struct Loan {
    batch: Batch,
    expires: Duration,
}

/// What a flush asks for.
pub(crate) struct Wanted<'a> {
    pub kind: RecordKind,
    pub envelope: Envelope<'a>,
    /// The flush: it does not get again what it gave up on.
    pub flush: u64,
    /// Nothing that was recorded later.
    pub horizon: u64,
    /// Only partials of this event, if it is given.
    pub key: Option<&'a str>,
    pub expires: Duration,
}

impl Outbox {
    /// Lends the next batch that one of the outboxes has, the first of them first. They are outboxes of one client.
    pub fn lend(outboxes: &[&Outbox], wanted: &Wanted<'_>) -> Option<(usize, Batch)> {
        let mut states: Vec<_> = outboxes.iter().map(|outbox| outbox.lock()).collect();
        let found = states.iter().enumerate().find_map(|(index, state)| {
            let found = state.candidates(wanted).find(|record| !is_overtaking(&states, record))?;
            Some((index, found.seq))
        });
        let (index, first) = found?;
        let loan = outboxes.get(index)?.counters.next_seq();
        let batch = states.get_mut(index)?.lend(wanted, first, loan)?;
        Some((index, batch))
    }

    /// Takes back what was lent for too long.
    pub fn reclaim_expired(&self, now: Duration) {
        let mut state = self.lock();
        while let Some(index) = state.loans.iter().position(|loan| loan.expires <= now) {
            let Loan { batch, .. } = state.loans.swap_remove(index);
            state.relend(&batch, 0);
        }
    }

    /// The body of its request.
    pub fn body(&self, batch: &Batch, envelope: &Envelope<'_>) -> Vec<u8> {
        let state = self.lock();
        envelope.join(state.records(batch).map(|record| &*record.bytes))
    }

    /// Complete events as Workshop wants them: a body for each.
    pub fn as_final_partials(&self, batch: &Batch) -> Vec<Vec<u8>> {
        self.lock().records(batch).map(|record| as_final_partial(&record.bytes)).collect()
    }

    /// The event id of a partial.
    pub fn key(&self, batch: &Batch) -> Option<Box<str>> {
        self.lock().records(batch).find_map(|record| record.key.clone())
    }

    /// Lends the batch until `expires`. `false`: it was taken back already.
    pub fn renew(&self, batch: &Batch, expires: Duration) -> bool {
        let mut state = self.lock();
        let Some(loan) = state.loans.iter_mut().find(|loan| loan.batch.loan == batch.loan) else { return false };
        loan.expires = expires;
        true
    }

    /// The server has it. Returns how many records that were.
    pub fn deliver(&self, batch: &Batch) -> usize {
        let count = self.lock().settle(batch);
        self.counters.deliver(batch.kind, count);
        count
    }

    /// It will never be delivered. Returns how many records that were.
    pub fn discard(&self, batch: &Batch, reason: DropReason) -> usize {
        let count = self.lock().settle(batch);
        self.counters.discard(batch.kind, reason, count);
        count
    }

    /// It waits again, for another flush than this one. Returns how many records that were.
    pub fn give_up(&self, batch: &Batch, flush: u64) -> usize {
        let mut state = self.lock();
        if !state.end_loan(batch) {
            return 0;
        }
        for record in state.queues.get_mut(batch.kind).between_mut(batch.first, batch.last) {
            if record.loan == batch.loan {
                record.loan = 0;
                record.given_up = flush;
            }
        }
        batch.len
    }

    /// Makes two batches of one.
    pub fn split(&self, batch: &Batch, expires: Duration) -> Option<[Batch; 2]> {
        let mut state = self.lock();
        if !state.end_loan(batch) {
            return None;
        }
        let middle = state.records(batch).nth(batch.len.div_ceil(2)).map_or(batch.last, |record| record.seq);
        let halves = [(batch.first, middle.saturating_sub(1)), (middle, batch.last)];
        Some(halves.map(|(first, last)| {
            let half = Batch { first, last, ..*batch };
            let half = Batch { len: state.records(&half).count(), ..half };
            let loan = self.counters.next_seq();
            state.relend(&half, loan);
            let half = Batch { loan, ..half };
            state.loans.push(Loan { batch: half, expires });
            half
        }))
    }
}

/// Whether an earlier partial of its event is not yet delivered.
fn is_overtaking<S: std::ops::Deref<Target = State>>(states: &[S], record: &Record) -> bool {
    record.key.is_some()
        && states.iter().any(|state| {
            let mut earlier = state.queues.get(RecordKind::Partial).iter().take_while(|other| other.seq < record.seq);
            earlier.any(|other| other.key == record.key)
        })
}

impl State {
    fn candidates<'a>(&'a self, wanted: &'a Wanted<'_>) -> impl Iterator<Item = &'a Record> + Clone {
        self.queues.get(wanted.kind).between(0, wanted.horizon).iter().filter(|record| {
            record.is_waiting()
                && record.given_up != wanted.flush
                && wanted.key.is_none_or(|key| record.key.as_deref() == Some(key))
        })
    }

    fn lend(&mut self, wanted: &Wanted<'_>, first: u64, loan: u64) -> Option<Batch> {
        let following = self.candidates(wanted).skip_while(|record| record.seq < first);
        let len = wanted.envelope.take(following.clone().map(|record| record.bytes.len()));
        let last = following.take(len).last()?.seq;
        let batch = Batch { kind: wanted.kind, len, loan, first, last };
        for record in self.queues.get_mut(wanted.kind).between_mut(first, last) {
            if record.is_waiting() && record.given_up != wanted.flush {
                record.loan = loan;
            }
        }
        self.loans.push(Loan { batch, expires: wanted.expires });
        Some(batch)
    }

    fn records(&self, batch: &Batch) -> impl Iterator<Item = &Record> + Clone {
        let loan = batch.loan;
        self.queues.get(batch.kind).between(batch.first, batch.last).iter().filter(move |record| record.loan == loan)
    }

    /// Puts the records of a loan into another one, or none.
    fn relend(&mut self, batch: &Batch, loan: u64) {
        for record in self.queues.get_mut(batch.kind).between_mut(batch.first, batch.last) {
            if record.loan == batch.loan {
                record.loan = loan;
            }
        }
    }

    /// Whether the loan was still open.
    fn end_loan(&mut self, batch: &Batch) -> bool {
        let position = self.loans.iter().position(|loan| loan.batch.loan == batch.loan);
        position.map(|position| self.loans.swap_remove(position)).is_some()
    }

    fn settle(&mut self, batch: &Batch) -> usize {
        if !self.end_loan(batch) {
            return 0;
        }
        let queue = self.queues.get_mut(batch.kind);
        let mut freed = 0_usize;
        for record in queue.between_mut(batch.first, batch.last) {
            if record.loan == batch.loan {
                freed = freed.saturating_add(mem::take(&mut record.bytes).len());
            }
        }
        queue.clear_away(batch.len, freed);
        batch.len
    }

    pub(super) fn lent(&self) -> usize {
        self.loans.iter().map(|loan| loan.batch.len).sum()
    }
}
