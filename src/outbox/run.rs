//! Consecutive records of one kind, joined as a request has them.

use std::ops::Range;

use super::kept::{Elsewhere, Number};
use crate::platform::Spares;
use crate::wire::body::is_final_partial;

/// A longer run is left as it is, and another one begun.
pub(super) const FULL: usize = 256 * 1024;
/// So is one of as many records as a request has unless told otherwise: it need not be cut.
pub(super) const FULL_RECORDS: usize = 50;
/// What a run takes at most unless its last record is very long.
const USUAL: usize = FULL + FULL / 4;
/// So much is kept for other records even if a run used little of it.
const LITTLE: usize = 64 * 1024;
/// By how much more a run has room for than its predecessor holds.
const SLACK: usize = 1024;

/// Adds a record to others, or returns `false` and adds nothing.
pub(crate) type Writer<'a> = &'a dyn Fn(&mut Vec<u8>) -> bool;

/// Boxed, because they move about often: on wasm a pointer takes less code to move.
pub(super) type Runs = Vec<Box<Run>>;

/// Records in the order of recording, with commas between them.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The event id of a partial, which is alone in its run: partials of one event never overtake each other.
    pub key: Option<Box<str>>,
    /// When a flush gave up on it last, in the order of recording, or 0.
    pub given_up: u64,
    joined: Vec<u8>,
    /// Where the text is, if it is not here.
    kept: Option<Elsewhere>,
    marks: Vec<Mark>,
    /// How many of the first records are gone.
    gone: usize,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    /// The order of recording; the clock may stand still.
    seq: u64,
    /// Where the record ends.
    end: usize,
}

impl Run {
    /// An empty one: a spare one, or one with room for what its predecessor holds.
    pub fn following(last: Option<&Run>, spare: &mut Spares<Box<Run>>) -> Box<Self> {
        spare.take().unwrap_or_else(|| Box::new(Self::after(last)))
    }

    fn after(last: Option<&Run>) -> Self {
        let room = last.map_or(0, |last| last.joined.len().saturating_add(SLACK).min(USUAL));
        Self { joined: Vec::with_capacity(room), ..Self::default() }
    }

    /// A partial.
    pub fn of_partial(key: Box<str>, seq: u64, record: &[u8]) -> Self {
        let mark = Mark { seq, end: record.len() };
        Self { key: Some(key), joined: record.to_vec(), marks: vec![mark], ..Self::default() }
    }

    /// Records of these lengths.
    #[cfg(feature = "js")]
    pub fn kept(text: Elsewhere, lengths: &[f64]) -> Self {
        let mut end = 0_usize;
        let marks = lengths.iter().map(|length| {
            let mark = Mark { seq: 0, end: end.wrapping_add(*length as usize) };
            end = mark.end.wrapping_add(1);
            mark
        });
        Self { marks: marks.collect(), kept: Some(text), ..Self::default() }
    }

    /// By which its text is known where that is, if it is not here.
    pub fn number(&self) -> Option<Number> {
        self.kept.as_ref().filter(|_| self.gone == 0).map(|kept| kept.number())
    }

    /// Has the text here.
    pub fn fetch(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.joined = kept.bytes();
        }
    }

    pub fn len(&self) -> usize {
        self.marks.len().saturating_sub(self.gone)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a record that follows may join it.
    pub fn has_room(&self) -> bool {
        self.key.is_none()
            && self.kept.is_none()
            && self.given_up == 0
            && self.marks.len() < FULL_RECORDS
            && self.joined.len() < FULL
    }

    /// Whether all of these may join it.
    pub fn has_room_for(&self, other: &Run) -> bool {
        self.has_room()
            && self.marks.len().saturating_add(other.marks.len()) <= FULL_RECORDS
            && self.joined.len().saturating_add(other.joined.len()) < FULL
    }

    /// Whether it may be used again for others: not if it takes much more than it needed.
    pub fn is_usual(&self) -> bool {
        let needed = self.joined.len().saturating_mul(2).clamp(LITTLE, USUAL);
        self.key.is_none() && self.joined.capacity() <= needed
    }

    /// Forgets the records, and keeps the memory for others.
    pub fn clear(&mut self) {
        self.joined.clear();
        self.kept = None;
        self.marks.clear();
        self.gone = 0;
        self.given_up = 0;
    }

    /// Adds the record that `write` writes. Returns how long it is: 0 if it was not written.
    pub fn push(&mut self, seq: u64, write: Writer<'_>) -> usize {
        let end = self.joined.len();
        if end > 0 {
            self.joined.push(b',');
        }
        let start = self.joined.len();
        let is_written = write(&mut self.joined);
        if !is_written {
            self.joined.truncate(end);
        }
        // It may have been much longer before it was made to fit.
        if self.joined.capacity() > USUAL {
            self.joined.shrink_to(USUAL);
        }
        if !is_written {
            return 0;
        }
        self.marks.push(Mark { seq, end: self.joined.len() });
        self.joined.len().wrapping_sub(start)
    }

    /// Gives each record its place in the order of recording, up to that of the last one.
    pub fn renumber(&mut self, last_seq: u64) {
        for (mark, back) in self.marks.iter_mut().rev().zip(0..) {
            mark.seq = last_seq.wrapping_sub(back);
        }
    }

    /// The records as they stand in a request.
    pub fn joined(&mut self) -> &[u8] {
        self.fetch();
        self.joined.get(self.start(self.gone)..).unwrap_or_default()
    }

    pub fn records(&mut self) -> impl Iterator<Item = &[u8]> {
        self.fetch();
        (self.gone..self.marks.len()).map(|at| self.joined.get(self.place(at)).unwrap_or_default())
    }

    /// The lengths of the records up to the last call that counts.
    pub fn lengths(&self, horizon: u64) -> impl Iterator<Item = usize> {
        let marks = self.marks.get(self.gone..).unwrap_or_default().iter();
        let mut start = self.start(self.gone);
        marks.take_while(move |mark| mark.seq <= horizon).map(move |mark| {
            let length = mark.end.wrapping_sub(start);
            start = mark.end.wrapping_add(1);
            length
        })
    }

    /// Whether it ends an interaction.
    pub fn is_final(&self) -> bool {
        self.key.is_some() && is_final_partial(&self.joined)
    }

    /// How long they are as they stand in a request.
    pub fn joined_len(&self) -> usize {
        self.marks.last().map_or(0, |last| last.end.saturating_sub(self.start(self.gone)))
    }

    /// How long the records are altogether.
    pub fn bytes(&self) -> usize {
        self.joined_len().wrapping_sub(self.len().saturating_sub(1))
    }

    /// The first record's place in the order of recording; that of an empty run is the end.
    pub fn first_seq(&self) -> u64 {
        self.marks.get(self.gone).map_or(u64::MAX, |mark| mark.seq)
    }

    /// Moves the first records of another run, which follow the ones here.
    pub fn append(&mut self, other: &mut Run, count: usize) {
        if count > 0 {
            self.fetch();
            other.fetch();
        }
        let from = other.start(other.gone);
        let to = other.start(other.gone.saturating_add(count));
        if !self.joined.is_empty() && from < to {
            self.joined.push(b',');
        }
        let base = self.joined.len();
        // The last comma stays behind.
        self.joined.extend_from_slice(other.joined.get(from..to.saturating_sub(1)).unwrap_or_default());
        for _ in 0..count {
            let Some(Mark { seq, end }) = other.marks.get(other.gone).copied() else { return };
            self.marks.push(Mark { seq, end: end.saturating_sub(from).saturating_add(base) });
            other.gone = other.gone.saturating_add(1);
        }
    }

    /// Takes out the first records.
    pub fn split_first(&mut self, count: usize) -> Run {
        let mut first = Run { given_up: self.given_up, ..Run::default() };
        first.append(self, count);
        first
    }

    /// Removes the oldest record. Returns how long it was.
    pub fn drop_first(&mut self) -> usize {
        let length = self.place(self.gone).len();
        self.gone = self.gone.saturating_add(1).min(self.marks.len());
        length
    }

    /// Removes the newest record. Returns how long it was.
    pub fn drop_last(&mut self) -> usize {
        self.fetch();
        let Some(last) = self.marks.len().checked_sub(1) else { return 0 };
        let length = self.place(last).len();
        self.marks.truncate(last);
        self.joined.truncate(self.marks.last().map_or(0, |mark| mark.end));
        length
    }

    fn place(&self, at: usize) -> Range<usize> {
        self.start(at)..self.marks.get(at).map_or(0, |mark| mark.end)
    }

    /// Where a record starts: after the one before it and a comma.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.marks.get(before)).map_or(0, |before| before.end.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: usize = 10_000_000;

    #[test]
    fn memory_that_long_records_took_is_not_kept_for_short_ones() {
        let long = |out: &mut Vec<u8>| {
            out.resize(out.len() + FULL, b'1');
            true
        };
        let mut run = Run::default();
        run.push(1, &long);
        assert!(run.is_usual());
        run.clear();
        run.push(2, &|out| {
            out.push(b'1');
            true
        });
        assert!(!run.is_usual());
    }

    #[test]
    fn what_was_cut_from_a_record_takes_no_memory() {
        let mut run = Run::default();
        let cut = |out: &mut Vec<u8>| {
            let start = out.len();
            out.resize(start + LONG, b'1');
            out.truncate(start + 1);
            true
        };
        let dropped = |out: &mut Vec<u8>| {
            out.resize(out.len() + LONG, b'1');
            false
        };
        assert_eq!((run.push(1, &cut), run.push(2, &dropped), run.push(3, &cut)), (1, 0, 1));
        assert_eq!(run.joined(), b"1,1");
        assert!(run.joined.capacity() <= USUAL);
    }
}
