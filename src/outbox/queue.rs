use std::mem;

use crate::wire::body::is_final_partial;

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

    /// Whether it ends an interaction.
    pub fn is_final(&self) -> bool {
        self.key.is_some() && is_final_partial(&self.bytes)
    }
}

/// Records of one kind, in the order of recording, lent ones included.
#[derive(Debug, Default)]
pub(super) struct Queue {
    records: Vec<Record>,
    /// How many of the first records are gone.
    start: usize,
    /// How many records are there.
    len: usize,
    /// How long they are altogether.
    bytes: usize,
}

impl Queue {
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn iter(&self) -> impl Iterator<Item = &Record> + Clone {
        self.records.get(self.start..).unwrap_or_default().iter().filter(|record| !record.is_gone())
    }

    /// Adds a record at its place: mostly the end.
    pub fn insert(&mut self, record: Record) {
        self.len = self.len.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.bytes.len());
        let is_newest = self.records.last().is_none_or(|last| last.seq < record.seq);
        let position =
            if is_newest { self.records.len() } else { self.records.partition_point(|other| other.seq < record.seq) };
        self.start = self.start.min(position);
        self.records.insert(position, record);
    }

    /// The records from one sequence number to another.
    pub fn between(&self, first: u64, last: u64) -> &[Record] {
        let (start, end) = self.places(first, last);
        self.records.get(start..end).unwrap_or_default()
    }

    /// [`between`](Queue::between), to change them.
    pub fn between_mut(&mut self, first: u64, last: u64) -> &mut [Record] {
        let (start, end) = self.places(first, last);
        self.records.get_mut(start..end).unwrap_or_default()
    }

    fn places(&self, first: u64, last: u64) -> (usize, usize) {
        let start = self.records.partition_point(|record| record.seq < first).max(self.start);
        (start, self.records.partition_point(|record| record.seq <= last))
    }

    /// Removes the oldest record that waits. Returns whether there was one.
    pub fn drop_oldest(&mut self) -> bool {
        let oldest = self.iter().find(|record| record.is_waiting()).map(|record| record.seq);
        oldest.is_some_and(|seq| self.drop(seq))
    }

    /// Removes the newest record that waits. Returns whether there was one.
    pub fn drop_newest(&mut self) -> bool {
        let newest = self.records.iter().rfind(|record| record.is_waiting()).map(|record| record.seq);
        newest.is_some_and(|seq| self.drop(seq))
    }

    /// Removes the record with this sequence number. Returns whether there was one.
    pub fn drop(&mut self, seq: u64) -> bool {
        let Some(record) = self.between_mut(seq, seq).first_mut() else { return false };
        let freed = mem::take(&mut record.bytes).len();
        self.clear_away(1, freed);
        true
    }

    /// Takes out everything that waits, but not what has to wait for an earlier partial of its event.
    pub fn take_waiting(&mut self) -> Vec<Record> {
        let mut waiting = Vec::new();
        for record in mem::take(self).records {
            if record.is_waiting() && (record.key.is_none() || self.iter().all(|kept| kept.key != record.key)) {
                waiting.push(record);
            } else if !record.is_gone() {
                self.insert(record);
            }
        }
        waiting
    }

    /// Gives up the places of records that are gone, `newly` of them with `freed` bytes since the last call.
    pub fn clear_away(&mut self, newly: usize, freed: usize) {
        const SPARE: usize = 64;
        self.bytes = self.bytes.saturating_sub(freed);
        self.len = self.len.saturating_sub(newly);
        while self.records.get(self.start).is_some_and(Record::is_gone) {
            self.start = self.start.saturating_add(1);
        }
        while self.records.len() > self.start && self.records.last().is_some_and(Record::is_gone) {
            self.records.pop();
        }
        if self.records.len() > self.len.saturating_mul(2).saturating_add(SPARE) {
            self.records.retain(|record| !record.is_gone());
            self.start = 0;
        }
    }
}
