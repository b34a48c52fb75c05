//! What a flush has while it delivers: runs of records out of the outbox, for a limited time.

use super::kept::Number;
use super::run::Run;
use super::tally::{DropReason, Dropped};
use super::{Common, GOES_ON_MERGING, Outbox, State};
use crate::millis::Millis;
use crate::platform::Spares;
use crate::records::RecordKind;
use crate::wire::body::{Envelope, as_final_partial};

/// So long a batch is lent at most, whatever a request may take.
pub(crate) const LONGEST_LOAN: Millis = 3_600_000;
/// What ends later is no loan of now: by more than threads may differ that read the clock one after the other.
const TOO_LONG: Millis = LONGEST_LOAN + 60_000;

/// Records that travel in one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub kind: RecordKind,
    pub len: usize,
    loan: u64,
}

/// A batch on its way. It is taken back when its time is over: a Worker whose context died neither polls nor drops its
/// futures again.
#[derive(Debug)]
pub(super) struct Loan {
    batch: Batch,
    pub run: Box<Run>,
    expires: Millis,
}

impl Loan {
    /// Whether its end has come, or is so far away that it was made by a clock that was ahead.
    fn is_over(&self, now: Millis) -> bool {
        self.expires <= now || self.expires.wrapping_sub(now) > TOO_LONG
    }
}

/// What a flush asks for.
pub(crate) struct Wanted<'a> {
    pub kind: RecordKind,
    pub envelope: Envelope<'a>,
    /// Nothing that was given up on from here on.
    pub given_up_before: u64,
    /// Nothing that was recorded earlier.
    pub from: u64,
    /// Nothing that was recorded later.
    pub horizon: u64,
    /// Only partials of this event, if it is given.
    pub key: Option<&'a str>,
    pub expires: Millis,
}

impl Wanted<'_> {
    fn includes(&self, run: &Run) -> bool {
        run.given_up < self.given_up_before
            && run.first_seq() <= self.horizon
            && self.key.is_none_or(|key| run.key.as_deref() == Some(key))
    }
}

impl<C: Common> Outbox<C> {
    /// Lends the next batch, of `parent` if it has one: what a scope left behind with its client is older. Returns whether it
    /// is the parent's.
    pub fn lend(&self, parent: Option<&Self>, wanted: &Wanted<'_>) -> Option<(bool, Batch)> {
        let mut parent = parent.map(Outbox::lock);
        let mut own = self.lock();
        let found = parent.as_deref().and_then(|parent| parent.find(wanted, Some(&own)));
        let place = found.or_else(|| own.find(wanted, parent.as_deref()))?;
        let state = parent.as_deref_mut().filter(|_| found.is_some()).unwrap_or(&mut own);
        let queue = state.queues.get_mut(wanted.kind);
        let run = queue.lend(place, &wanted.envelope, wanted.horizon, wanted.given_up_before);
        let batch = state.add_loan(wanted.kind, self.common.counters().next_seq(), run, wanted.expires);
        Some((found.is_some(), batch))
    }

    /// Gives back memory that is more than waited at one of the last two calls: of a client that rests for two, all of it.
    pub fn trim_spares(&self) {
        if !Spares::<Box<Run>>::ARE_KEPT {
            return;
        }
        let mut state = self.lock();
        if self.is_closed() {
            state.spare = Spares::default();
        } else {
            let in_use = state.queues.iter().map(|queue| queue.runs().len()).sum();
            state.spare.keep_as_used(in_use);
        }
    }

    /// Takes back what was lent for too long.
    pub fn reclaim_expired(&self, now: Millis) {
        let mut state = self.lock();
        while let Some(index) = state.loans.iter().position(|loan| loan.is_over(now)) {
            let Loan { batch, run, .. } = state.loans.swap_remove(index);
            state.queues.get_mut(batch.kind).put_back(run);
        }
    }

    /// By which its text is known where that is, if it is not here.
    pub fn number(&self, batch: &Batch) -> Option<Number> {
        // Elsewhere nobody asks for the lock.
        if cfg!(feature = "js") { self.lock().loan(batch)?.run.number() } else { None }
    }

    /// The body of its request.
    pub fn body(&self, batch: &Batch, envelope: &Envelope<'_>) -> Option<Vec<u8>> {
        Some(envelope.around(self.lock().loan(batch)?.run.joined()))
    }

    /// Complete events as Workshop wants them: a body for each.
    pub fn as_final_partials(&self, batch: &Batch) -> Vec<Vec<u8>> {
        let mut state = self.lock();
        let Some(loan) = state.loan(batch) else { return Vec::new() };
        loan.run.records().map(as_final_partial).collect()
    }

    /// The event id of a partial.
    pub fn key(&self, batch: &Batch) -> Option<Box<str>> {
        self.lock().loan(batch)?.run.key.clone()
    }

    /// Lends the batch until `expires`. `false`: it was taken back already.
    pub fn renew(&self, batch: &Batch, expires: Millis) -> bool {
        let mut state = self.lock();
        let Some(loan) = state.loan(batch) else { return false };
        loan.expires = expires;
        true
    }

    /// The server has it, or it will never be delivered, for a reason. Returns how many records that were. What waited for it to
    /// become a record does, under the same lock: a close that looks for something left finds one or the other.
    pub fn settle(&self, batch: &Batch, reason: Option<DropReason>, dropped: &mut Dropped) -> usize {
        let mut state = self.lock();
        let Some(loan) = state.end_loan(batch) else { return 0 };
        state.queues.get_mut(batch.kind).forget(&loan.run);
        if GOES_ON_MERGING && let Some(event_id) = &loan.run.key {
            self.seal_awaited(&mut state, event_id, dropped);
        }
        match reason {
            None => self.common.counters().deliver(batch.kind, batch.len),
            Some(reason) => self.common.counters().discard(batch.kind, reason, batch.len),
        }
        state.keep(loan.run);
        batch.len
    }

    /// It waits again, as if it had not been lent.
    pub fn give_back(&self, batch: &Batch) {
        self.give_up(batch, 0);
    }

    /// It waits again, for another flush, given up at this place in the order of recording. Returns how many records that were.
    pub fn give_up(&self, batch: &Batch, at: u64) -> usize {
        let mut state = self.lock();
        let Some(mut loan) = state.end_loan(batch) else { return 0 };
        loan.run.given_up = at;
        loan.run.fetch();
        state.queues.get_mut(batch.kind).put_back(loan.run);
        batch.len
    }

    /// Makes two batches of one.
    pub fn split(&self, batch: &Batch, expires: Millis) -> Option<[Batch; 2]> {
        let mut state = self.lock();
        let Loan { mut run, .. } = state.end_loan(batch)?;
        let first = Box::new(run.split_first(batch.len.div_ceil(2)));
        Some([first, run].map(|half| state.add_loan(batch.kind, self.common.counters().next_seq(), half, expires)))
    }
}

impl State {
    /// Where the first run is that may be lent now. `other` is the outbox that may hold partials of the same events.
    fn find(&self, wanted: &Wanted<'_>, other: Option<&State>) -> Option<usize> {
        let is_free = |run: &Run| {
            run.key.is_none() || !(self.is_ahead_of(run) || other.is_some_and(|other| other.is_ahead_of(run)))
        };
        let runs = self.queues.get(wanted.kind).runs();
        let start = runs.partition_point(|run| run.first_seq() < wanted.from);
        let found = runs.iter().skip(start).position(|run| wanted.includes(run) && is_free(run))?;
        Some(start.wrapping_add(found))
    }

    /// Whether an earlier partial of its event is here.
    fn is_ahead_of(&self, run: &Run) -> bool {
        let waiting = self.queues.get(RecordKind::Partial).runs().iter();
        self.loans.iter().any(|loan| loan.run.key == run.key)
            || waiting.take_while(|other| other.first_seq() < run.first_seq()).any(|other| other.key == run.key)
    }

    fn add_loan(&mut self, kind: RecordKind, loan: u64, run: Box<Run>, expires: Millis) -> Batch {
        let batch = Batch { kind, len: run.len(), loan };
        self.loans.push(Loan { batch, run, expires });
        batch
    }

    /// `None` if it was taken back already.
    fn loan(&mut self, batch: &Batch) -> Option<&mut Loan> {
        self.loans.iter_mut().find(|loan| loan.batch.loan == batch.loan)
    }

    fn end_loan(&mut self, batch: &Batch) -> Option<Loan> {
        let position = self.loans.iter().position(|loan| loan.batch.loan == batch.loan)?;
        Some(self.loans.swap_remove(position))
    }

    /// Keeps what a run took, if that is not much.
    pub(super) fn keep(&mut self, mut run: Box<Run>) {
        if Spares::<Box<Run>>::ARE_KEPT && run.is_usual() {
            run.clear();
            self.spare.keep(run);
        }
    }

    pub(super) fn lent(&self) -> usize {
        self.loans.iter().map(|loan| loan.batch.len).sum()
    }
}
