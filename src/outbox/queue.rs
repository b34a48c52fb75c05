use super::run::Run;
use crate::wire::body::Envelope;

/// What waits of one kind, in the order of recording, and how much there is of it, what is lent included.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// None of them is empty, and none begins before the one before it ends.
    runs: Vec<Run>,
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

    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Adds the record of the latest call.
    pub fn push(&mut self, seq: u64, record: &[u8]) {
        self.len = self.len.saturating_add(1);
        self.bytes = self.bytes.saturating_add(record.len());
        let last = self.runs.last_mut();
        match last.filter(|last| last.has_room(record.len())) {
            Some(last) => last.push(seq, record),
            None => {
                let mut run = Run::after(self.runs.last());
                run.push(seq, record);
                self.runs.push(run);
            }
        }
    }

    /// Adds records from elsewhere.
    pub fn add(&mut self, run: Run) {
        self.len = self.len.saturating_add(run.len());
        self.bytes = self.bytes.saturating_add(run.bytes());
        self.put_back(run);
    }

    /// Records that were lent wait again, at their place.
    pub fn put_back(&mut self, mut run: Run) {
        while !run.is_empty() {
            let place = self.runs.partition_point(|other| other.first_seq() < run.first_seq());
            if let Some(before) = place.checked_sub(1).and_then(|before| self.runs.get_mut(before))
                && before.last_seq() > run.first_seq()
            {
                let start = before.split_first(before.count_before(run.first_seq()));
                self.runs.insert(place.saturating_sub(1), start);
                continue;
            }
            let next = self.runs.get(place).map_or(u64::MAX, Run::first_seq);
            let fitting =
                if next > run.last_seq() { std::mem::take(&mut run) } else { run.split_first(run.count_before(next)) };
            self.runs.insert(place, fitting);
        }
    }

    /// Lends from the run at `place` on as many records as fill one request.
    pub fn lend(&mut self, mut place: usize, envelope: &Envelope<'_>, horizon: u64, flush: u64) -> Run {
        let mut lent = Run::default();
        while let Some(run) = self.runs.get_mut(place) {
            if run.given_up == flush {
                place = place.saturating_add(1);
                continue;
            }
            let count = envelope.room(lent.len(), lent.joined().len(), run.lengths(horizon));
            if count < run.len() {
                lent.append(run, count);
                break;
            }
            let mut run = self.runs.remove(place);
            if lent.is_empty() {
                lent = run;
            } else {
                lent.append(&mut run, count);
            }
        }
        lent
    }

    /// What was lent is gone.
    pub fn forget(&mut self, lent: &Run) {
        self.len = self.len.saturating_sub(lent.len());
        self.bytes = self.bytes.saturating_sub(lent.bytes());
    }

    /// Takes out everything that waits but what `keeps` says.
    pub fn take(&mut self, keeps: impl Fn(&Run) -> bool) -> Vec<Run> {
        let (kept, taken): (Vec<_>, _) = std::mem::take(&mut self.runs).into_iter().partition(keeps);
        self.runs = kept;
        for run in &taken {
            self.forget(run);
        }
        taken
    }

    /// Removes the oldest record that waits. Returns whether there was one.
    pub fn drop_oldest(&mut self) -> bool {
        self.drop_first_of(0)
    }

    /// Removes the first record of a run. Returns whether there was one.
    pub fn drop_first_of(&mut self, place: usize) -> bool {
        let freed = self.runs.get_mut(place).map(Run::drop_first);
        self.dropped(place, freed)
    }

    /// Removes the newest record that waits. Returns whether there was one.
    pub fn drop_newest(&mut self) -> bool {
        let freed = self.runs.last_mut().map(Run::drop_last);
        self.dropped(self.runs.len().saturating_sub(1), freed)
    }

    fn dropped(&mut self, place: usize, freed: Option<usize>) -> bool {
        if self.runs.get(place).is_some_and(Run::is_empty) {
            self.runs.remove(place);
        }
        let Some(freed) = freed else { return false };
        self.len = self.len.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(freed);
        true
    }
}
