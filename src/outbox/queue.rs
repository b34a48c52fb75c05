use std::collections::VecDeque;

/// An encoded record on its way.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The order of recording; the clock may stand still.
    pub seq: u64,
    /// The event id of a partial: partials of one event never overtake each other.
    pub key: Option<Box<str>>,
    pub bytes: Box<[u8]>,
}

/// Records of one kind that wait, and how many more are in a flush.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub waiting: VecDeque<Record>,
    pub leased: usize,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.waiting.len().saturating_add(self.leased)
    }

    /// Takes back what a flush did not deliver, to where it stood.
    pub fn restore(&mut self, records: Vec<Record>) {
        self.leased = self.leased.saturating_sub(records.len());
        for record in records.into_iter().rev() {
            self.insert(record);
        }
    }

    /// Adds a record at its place in the order of recording: mostly the end, or the front for what comes back.
    pub fn insert(&mut self, record: Record) {
        let is_newest = self.waiting.back().is_none_or(|last| last.seq < record.seq);
        let position =
            if is_newest { self.waiting.len() } else { self.waiting.partition_point(|other| other.seq < record.seq) };
        self.waiting.insert(position, record);
    }
}
