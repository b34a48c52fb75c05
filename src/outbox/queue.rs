use std::collections::VecDeque;
use std::mem;

/// An encoded record on its way.
#[derive(Debug)]
pub(crate) struct Record {
    /// The order of recording; the clock may stand still.
    pub seq: u64,
    /// The event id of a partial: partials of one event never overtake each other.
    pub key: Option<Box<str>>,
    /// Empty once the record is gone: its place is cleared away later.
    pub bytes: Box<[u8]>,
    /// The loan that it is in, or 0.
    pub loan: u64,
    /// The last flush that gave up on it, or 0.
    pub given_up: u64,
}

impl Record {
    pub fn new(seq: u64, key: Option<Box<str>>, bytes: Vec<u8>) -> Self {
        Self { seq, key, bytes: bytes.into_boxed_slice(), loan: 0, given_up: 0 }
    }

    pub fn is_gone(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn is_waiting(&self) -> bool {
        self.loan == 0 && !self.is_gone()
    }
}

/// Records of one kind, in the order of recording, lent ones included.
#[derive(Debug, Default)]
pub(super) struct Queue {
    records: VecDeque<Record>,
    gone: usize,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.records.len().saturating_sub(self.gone)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Record> + Clone {
        self.records.iter().filter(|record| !record.is_gone())
    }

    /// Adds a record at its place: mostly the end.
    pub fn insert(&mut self, record: Record) {
        let is_newest = self.records.back().is_none_or(|last| last.seq < record.seq);
        let position =
            if is_newest { self.records.len() } else { self.records.partition_point(|other| other.seq < record.seq) };
        self.records.insert(position, record);
    }

    /// The records from one sequence number to another.
    pub fn between(&self, first: u64, last: u64) -> impl Iterator<Item = &Record> + Clone {
        let start = self.records.partition_point(|record| record.seq < first);
        self.records.range(start..).take_while(move |record| record.seq <= last)
    }

    /// [`between`](Queue::between), to change them.
    pub fn between_mut(&mut self, first: u64, last: u64) -> impl Iterator<Item = &mut Record> {
        let start = self.records.partition_point(|record| record.seq < first);
        self.records.range_mut(start..).take_while(move |record| record.seq <= last)
    }

    /// Removes the oldest record that waits. Returns whether there was one.
    pub fn drop_oldest(&mut self) -> bool {
        let Some(oldest) = self.records.iter_mut().find(|record| record.is_waiting()) else { return false };
        oldest.bytes = Box::default();
        self.clear_away(1);
        true
    }

    /// Takes out everything that waits.
    pub fn take_waiting(&mut self) -> Vec<Record> {
        self.gone = 0;
        let (waiting, lent): (VecDeque<_>, _) =
            mem::take(&mut self.records).into_iter().filter(|record| !record.is_gone()).partition(Record::is_waiting);
        self.records = lent;
        waiting.into()
    }

    /// Gives up the places of records that are gone, `newly` of them since the last call.
    pub fn clear_away(&mut self, newly: usize) {
        const SPARE: usize = 64;
        self.gone = self.gone.saturating_add(newly);
        while self.records.front().is_some_and(Record::is_gone) {
            self.records.pop_front();
            self.gone = self.gone.saturating_sub(1);
        }
        if self.gone > self.len().saturating_add(SPARE) {
            self.records.retain(|record| !record.is_gone());
            self.gone = 0;
        }
    }
}
