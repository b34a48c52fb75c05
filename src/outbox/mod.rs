//! Everything that was accepted and is not yet delivered.
//!
//! A record stays here until it is delivered or dropped: it waits, or it is lent to a flush.

mod bounds;
mod counters;
mod index;
mod interactions;
mod kept;
mod loan;
mod queue;
mod run;
mod shelves;
mod stats;
mod tally;
#[cfg(feature = "js")]
mod updates;

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

pub(crate) use bounds::Limits;
pub(crate) use counters::Counters;
pub(crate) use interactions::{Call, Update};
#[cfg(feature = "js")]
pub(crate) use kept::Kept;
pub(crate) use kept::Number;
pub(crate) use loan::{Batch, LONGEST_LOAN, Wanted};
pub(crate) use run::Writer;
pub use stats::Stats;
pub use tally::DropReason;
pub(crate) use tally::{Dropped, PerKind, add};

use interactions::{Interactions, Merged, SMALL_NEWS, Sealed};
use loan::Loan;
use queue::Queue;
use run::{Run, Runs};
use shelves::Shelf;

use crate::error::{Error, Result};
use crate::millis::Millis;
use crate::platform::{self, PerThread, Spares};
use crate::records::{Identity, RecordKind};
use crate::wire::Encoding;

/// Whether the news of an interaction go on merging while a record of it is on its way: fewer requests, for more code.
const GOES_ON_MERGING: bool = platform::SPEED_OVER_SIZE;

/// What comes is a record of its own: the news before it have to be one too, however small.
const A_RECORD: usize = usize::MAX;

/// What the outboxes of a client and its scopes have in common.
pub(crate) trait Common {
    fn counters(&self) -> &Counters;
    fn limits(&self) -> &Limits;
    fn encoding(&self) -> &Encoding;
}

/// In this order, what is read for every record is not in the cache lines that every record writes: those of the lock and of what
/// it guards. A scope reads from its client, too.
#[repr(C)]
pub(crate) struct Outbox<C> {
    state: Mutex<State>,
    shelves: PerThread<Shelf>,
    /// Whether nothing more is recorded; what is here may still be delivered.
    is_closed: AtomicBool,
    /// Nothing is here, and nobody has had the lock since that was found out. Whoever gets it changes this before it asks whether
    /// the outbox is closed, and `close` asks for this after it has closed: one of them sees the other.
    is_idle: AtomicBool,
    pub common: C,
}

#[derive(Debug, Default)]
struct State {
    /// Of the last call that was recorded here.
    last_seq: u64,
    queues: PerKind<Queue>,
    interactions: Interactions,
    loans: Vec<Loan>,
    /// Emptied ones, for records to come.
    spare: Spares<Box<Run>>,
    open_shelves: usize,
    /// Everything up to here, in the order of recording, was asked for by a flush.
    awaited: u64,
    /// The last sequence number that another scope saw, and when it saw it first.
    seen: (u64, Millis),
}

/// Records without an outbox, in order.
#[derive(Debug, Default)]
pub(crate) struct Leftover(PerKind<Runs>);

impl Leftover {
    pub fn len(&self) -> usize {
        self.0.iter().map(|runs| count(runs)).sum()
    }
}

fn count(runs: &[Box<Run>]) -> usize {
    runs.iter().map(|run| run.len()).sum()
}

impl<C: Common> Outbox<C> {
    pub fn new(common: C) -> Self {
        Self {
            state: Mutex::default(),
            shelves: PerThread::default(),
            is_closed: AtomicBool::new(false),
            is_idle: AtomicBool::new(true),
            common,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock_without_shelves();
        self.gather(&mut state);
        state
    }

    /// Locks without gathering what is on shelves. If the lock is taken, shelves are made, so that later spans need not wait.
    fn enter(&self) -> MutexGuard<'_, State> {
        if platform::HAS_THREADS {
            match self.state.try_lock() {
                Ok(state) => return self.awake(state),
                Err(TryLockError::WouldBlock) => drop(self.shelves.make()),
                Err(TryLockError::Poisoned(_)) => {}
            }
        }
        self.lock_without_shelves()
    }

    fn lock_without_shelves(&self) -> MutexGuard<'_, State> {
        self.awake(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn awake<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        if self.is_idle.load(SeqCst) {
            self.is_idle.store(false, SeqCst);
        }
        state
    }

    pub fn is_closed(&self) -> bool {
        self.is_closed.load(SeqCst)
    }

    /// Whether nothing waits and no flush is under way.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.is_idle.load(SeqCst) || self.is_found_empty()
    }

    #[inline(never)]
    fn is_found_empty(&self) -> bool {
        let state = self.lock();
        let is_empty = state.interactions.changed() == 0 && !state.has_records();
        if is_empty {
            self.is_idle.store(true, SeqCst);
        }
        is_empty
    }

    /// Whether records wait or are in a flush; interactions that are not yet records do not count.
    pub fn has_records(&self) -> bool {
        self.lock().has_records()
    }

    /// How many records are in a flush.
    pub fn lent(&self) -> usize {
        self.lock().lent()
    }

    /// Adds a record, written where it waits, unless it cannot be made small enough. Returns why it, or one that it replaced,
    /// was dropped.
    pub fn push(&self, kind: RecordKind, write: Writer<'_>) -> Result<Option<DropReason>> {
        let shelf = self.shelves.own().filter(|_| kind == RecordKind::Span);
        if let Some(shelf) = shelf
            && let Some(dropped) = self.shelve(shelf, write)
        {
            return Ok(dropped);
        }
        let mut state = self.enter();
        if self.is_closed() {
            return Err(Error::Closed);
        }
        if let Some(shelf) = shelf {
            self.clear_shelf(&mut state, shelf);
            if let Some(dropped) = self.shelve(shelf, write) {
                return Ok(dropped);
            }
        }
        self.gather(&mut state);
        self.common.counters().accept(kind);
        let seq = self.take_seq(&mut state);
        if !state.push(kind, seq, write) {
            return Ok(self.drop_too_large(kind));
        }
        Ok(self.fit(&mut state, kind))
    }

    fn drop_too_large(&self, kind: RecordKind) -> Option<DropReason> {
        self.common.counters().discard(kind, DropReason::TooLarge, 1);
        Some(DropReason::TooLarge)
    }

    /// Merges a call on an interaction into what is known of it. Returns why its record was dropped, if it was.
    pub fn update(&self, update: Update<'_>) -> Result<Option<DropReason>> {
        let mut state = self.lock();
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let event_id = update.known.event_id.as_str();
        let coming = update.weight();
        let before = if coming > SMALL_NEWS { self.make_room(&mut state, event_id, coming) } else { None };
        let seq = self.take_seq(&mut state);
        if state.partials() >= self.common.limits().events && !state.interactions.has_news(event_id) {
            let held = state.interactions.drop_held();
            self.common.counters().discard(RecordKind::Partial, DropReason::UnknownUser, held);
        }
        let room = state.partials() < self.common.limits().events;
        let position = match state.interactions.merge(update, seq, room) {
            Merged::Nothing => return Ok(None),
            Merged::Joined(position) => position,
            Merged::Added(position) => {
                self.common.counters().accept(RecordKind::Partial);
                position
            }
            Merged::NoRoom => {
                self.common.counters().accept(RecordKind::Partial);
                self.common.counters().discard(RecordKind::Partial, DropReason::QueueFull, 1);
                return Ok(Some(DropReason::QueueFull));
            }
        };
        let after = self.seal_ripe(&mut state, position, 0);
        Ok(before.or(after).or(self.fit(&mut state, RecordKind::Partial)))
    }

    /// Makes a record of the news of an interaction if they would be large with what is `coming`.
    #[inline(never)]
    fn make_room(&self, state: &mut State, event_id: &str, coming: usize) -> Option<DropReason> {
        let position = state.interactions.find(event_id)?;
        self.seal_ripe(state, position, coming)
    }

    fn seal_ripe(&self, state: &mut State, position: usize, coming: usize) -> Option<DropReason> {
        let sealed = state.interactions.seal_ripe(position, coming, self.common.encoding())?;
        self.settle_sealed(state, sealed)
    }

    /// Whether an interaction has ended and is held back because its user is not known.
    pub fn is_held(&self, event_id: &str) -> bool {
        self.lock().interactions.is_held(event_id)
    }

    /// What is known of an interaction, if it is remembered.
    pub fn identity(&self, event_id: &str) -> Option<Arc<Identity>> {
        self.lock().interactions.identity(event_id)
    }

    /// The interaction that ended last, of those that wait.
    #[cfg(feature = "js")]
    pub fn newest_final(&self) -> Option<Box<str>> {
        let state = self.lock();
        let newest = state.queues.get(RecordKind::Partial).runs().iter().rfind(|run| run.is_final());
        newest?.key.clone()
    }

    /// From now on nothing more is recorded.
    pub fn close(&self) {
        self.is_closed.store(true, SeqCst);
        if !self.is_idle.load(SeqCst) {
            // Waits for whoever is recording, and closes the shelves.
            drop(self.lock());
        }
    }

    /// Everything that waits, for another outbox to take. Interactions whose user never became known end here.
    pub fn take_leftover(&self, dropped: &mut Dropped) -> Leftover {
        self.seal_all(true, dropped);
        let mut state = self.lock();
        let unknown = state.interactions.clear();
        self.common.counters().discard(RecordKind::Partial, DropReason::UnknownUser, unknown);
        dropped.add(RecordKind::Partial, DropReason::UnknownUser, unknown);
        state.take_waiting()
    }

    /// What waits here for nobody: no flush has it, and nothing was recorded for `patience`.
    pub fn take_abandoned(&self, now: Millis, patience: Millis) -> Leftover {
        self.reclaim_expired(now);
        let mut state = self.lock();
        if state.seen.0 != state.last_seq || now < state.seen.1 {
            state.seen = (state.last_seq, now);
        }
        if !state.loans.is_empty() || now.saturating_sub(state.seen.1) < patience {
            return Leftover::default();
        }
        drop(state);
        self.seal_all(true, &mut Dropped::default());
        self.lock().take_waiting()
    }

    /// Takes what another outbox of the same client could not deliver. What was known here of the same interactions becomes
    /// records too, of which the older goes first.
    pub fn adopt(&self, mut leftover: Leftover) {
        let mut state = self.lock();
        for kind in RecordKind::KINDS {
            for run in mem::take(leftover.0.get_mut(kind)) {
                if let Some(event_id) = &run.key {
                    self.make_room(&mut state, event_id, A_RECORD);
                }
                state.queues.get_mut(kind).add(run);
                self.fit(&mut state, kind);
            }
        }
    }

    /// Counts records as dropped that nobody will deliver any more.
    pub fn abandon(&self, leftover: &Leftover) {
        for kind in RecordKind::KINDS {
            self.common.counters().discard(kind, DropReason::Undelivered, count(leftover.0.get(kind)));
        }
    }

    /// Makes records of all that is new in interactions, holding the lock for one at a time. Unless it is the last chance, the
    /// news of one that has a record on its way go on merging, until that is [settled](Outbox::settle).
    pub fn seal_all(&self, is_last: bool, dropped: &mut Dropped) {
        let last = {
            let mut state = self.lock();
            state.awaited = state.last_seq;
            state.last_seq
        };
        let mut from = 0;
        loop {
            let mut state = self.lock();
            let State { interactions, queues, loans, .. } = &mut *state;
            let is_on_its_way = |seq| {
                let is_lent = || loans.iter().any(|loan| loan.run.first_seq() == seq);
                GOES_ON_MERGING && !is_last && (queues.get(RecordKind::Partial).holds(seq) || is_lent())
            };
            let Some(sealed) = interactions.seal_next(last, &mut from, is_on_its_way, self.common.encoding()) else {
                return;
            };
            if let Some(reason) = self.settle_sealed(&mut state, sealed) {
                dropped.add(RecordKind::Partial, reason, 1);
            }
            // Encoded, it may take more than before.
            self.fit(&mut state, RecordKind::Partial);
        }
    }

    /// Makes a record of the news that a flush asked for while an earlier record of the interaction was on its way.
    fn seal_awaited(&self, state: &mut State, event_id: &str, dropped: &mut Dropped) {
        let awaited = state.awaited;
        let Some(sealed) = state.interactions.seal_awaited(event_id, awaited, self.common.encoding()) else { return };
        if let Some(reason) = self.settle_sealed(state, sealed) {
            dropped.add(RecordKind::Partial, reason, 1);
        }
        self.fit(state, RecordKind::Partial);
    }

    fn settle_sealed(&self, state: &mut State, sealed: Sealed) -> Option<DropReason> {
        let reason = match sealed {
            Sealed::Ready { seq, event_id, bytes } => {
                state.queues.get_mut(RecordKind::Partial).add(Box::new(Run::of_partial(event_id.into(), seq, &bytes)));
                return None;
            }
            Sealed::Empty => DropReason::EmptyInteraction,
            Sealed::TooLarge => DropReason::TooLarge,
        };
        self.common.counters().discard(RecordKind::Partial, reason, 1);
        Some(reason)
    }

    /// Whether threads got in each other's way.
    pub fn is_contended(&self) -> bool {
        self.shelves.own().is_some()
    }

    /// As if threads had got in each other's way.
    #[cfg(any(test, fuzzing))]
    pub fn use_shelves(&self) {
        self.shelves.make();
    }

    fn take_seq(&self, state: &mut State) -> u64 {
        state.last_seq = self.common.counters().next_seq();
        state.last_seq
    }
}

impl State {
    fn push(&mut self, kind: RecordKind, seq: u64, write: Writer<'_>) -> bool {
        self.queues.get_mut(kind).push(seq, write, &mut self.spare)
    }

    /// Takes out everything that waits, but not what has to wait for an earlier partial of its event.
    fn take_waiting(&mut self) -> Leftover {
        let mut leftover = Leftover::default();
        for kind in RecordKind::KINDS {
            for run in self.queues.get_mut(kind).take() {
                let has_to_wait = run.key.is_some() && self.loans.iter().any(|loan| loan.run.key == run.key);
                if has_to_wait {
                    self.queues.get_mut(kind).add(run);
                } else {
                    leftover.0.get_mut(kind).push(run);
                }
            }
        }
        leftover
    }

    fn has_records(&self) -> bool {
        self.queues.iter().any(|queue| queue.len() > 0)
    }

    fn partials(&self) -> usize {
        self.queues.get(RecordKind::Partial).len().saturating_add(self.interactions.changed())
    }
}
