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
        let in_order = match (records.last(), self.waiting.front()) {
            (Some(last), Some(front)) => last.seq < front.seq,
            _ => true,
        };
        for record in records.into_iter().rev() {
            self.waiting.push_front(record);
        }
        if !in_order {
            self.waiting.make_contiguous().sort_by_key(|record| record.seq);
        }
    }
}
