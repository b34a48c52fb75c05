use std::mem;

use super::run::{Run, Runs, Writer};
use crate::platform::Spares;
use crate::wire::body::Envelope;

/// What waits of one kind, in the order of recording, and how much there is of it, what is lent included.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// By what they begin with; none of them is empty.
    runs: Runs,
    len: usize,
    bytes: usize,
}

impl Queue {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How long they are altogether.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn runs(&self) -> &[Box<Run>] {
        &self.runs
    }

    /// Whether a run waits here that begins at this place in the order of recording.
    pub fn holds(&self, seq: u64) -> bool {
        self.runs.binary_search_by_key(&seq, |run| run.first_seq()).is_ok()
    }

    /// Adds the record of the latest call, if it can be written.
    #[inline]
    pub fn push(&mut self, seq: u64, write: Writer<'_>, spare: &mut Spares<Box<Run>>) -> bool {
        if !self.runs.last().is_some_and(|last| last.has_room()) {
            let run = Run::following(self.runs.last().map(|run| &**run), spare);
            self.runs.push(run);
        }
        let Some(last) = self.runs.last_mut() else { return false };
        let length = last.push(seq, write);
        if length == 0 && last.is_empty() {
            self.runs.pop();
        }
        self.len = self.len.wrapping_add(usize::from(length > 0));
        self.bytes = self.bytes.wrapping_add(length);
        length > 0
    }

    /// Adds the records of the latest calls. Returns the run if another took them.
    pub fn take_over(&mut self, mut run: Box<Run>) -> Option<Box<Run>> {
        match self.runs.last_mut().filter(|last| last.has_room_for(&run)) {
            _ if run.is_empty() => Some(run),
            Some(last) => {
                self.len = self.len.saturating_add(run.len());
                self.bytes = self.bytes.saturating_add(run.bytes());
                let count = run.len();
                last.append(&mut run, count);
                Some(run)
            }
            None => {
                self.add(run);
                None
            }
        }
    }

    /// Adds records from elsewhere.
    pub fn add(&mut self, run: Box<Run>) {
        self.len = self.len.saturating_add(run.len());
        self.bytes = self.bytes.saturating_add(run.bytes());
        self.put_back(run);
    }

    /// Records that were lent wait again, at their place.
    pub fn put_back(&mut self, run: Box<Run>) {
        self.runs.push(run);
        let mut runs = self.runs.as_mut_slice();
        while let Some((last, others)) = runs.split_last_mut()
            && let Some(before) = others.last_mut()
            && before.first_seq() > last.first_seq()
        {
            mem::swap(before, last);
            runs = others;
        }
    }

    /// Lends from the run at `place` on as many records as fill one request.
    pub fn lend(&mut self, mut place: usize, envelope: &Envelope<'_>, horizon: u64, given_up_before: u64) -> Box<Run> {
        let mut lent = Box::<Run>::default();
        while let Some(run) = self.runs.get_mut(place) {
            if run.given_up >= given_up_before {
                place = place.saturating_add(1);
                continue;
            }
            let count = envelope.room(lent.len(), lent.joined_len(), run.lengths(horizon));
            if count < run.len() {
                lent.append(run, count);
                break;
            }
            let Some(mut run) = self.take_out(place) else { break };
            if lent.is_empty() {
                lent = run;
            } else {
                lent.append(&mut run, count);
            }
        }
        lent
    }

    /// `Vec::remove` alone would panic where there is none, and be there to do so.
    fn take_out(&mut self, place: usize) -> Option<Box<Run>> {
        (place < self.runs.len()).then(|| self.runs.remove(place))
    }

    /// What was lent is gone.
    pub fn forget(&mut self, lent: &Run) {
        self.len = self.len.saturating_sub(lent.len());
        self.bytes = self.bytes.saturating_sub(lent.bytes());
    }

    /// Takes out everything that waits.
    pub fn take(&mut self) -> Runs {
        let runs = mem::take(&mut self.runs);
        for run in &runs {
            self.forget(run);
        }
        runs
    }

    /// Removes the oldest record of a run. Returns whether there was one.
    pub fn drop_oldest(&mut self, place: usize) -> bool {
        self.drop(place, Run::drop_first)
    }

    /// Removes the newest record that waits. Returns whether there was one.
    pub fn drop_newest(&mut self) -> bool {
        self.drop(self.runs.len().wrapping_sub(1), Run::drop_last)
    }

    fn drop(&mut self, place: usize, drop: fn(&mut Run) -> usize) -> bool {
        let Some(run) = self.runs.get_mut(place) else { return false };
        let freed = drop(run);
        if run.is_empty() {
            self.take_out(place);
        }
        self.len = self.len.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(freed);
        true
    }
}
