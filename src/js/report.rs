//! Numbers for JavaScript, which knows their order.

use crate::delivery::Outcome;
use crate::outbox::{DropReason, Stats};
use crate::records::RecordKind;

/// One number, then what was delivered, is left and was dropped of each kind, then what was dropped for each reason.
struct Numbers(Vec<f64>);

impl Numbers {
    fn new(first: u64) -> Self {
        Self(vec![first as f64])
    }

    fn each<T: Copy>(mut self, of: &[T], count: impl Fn(T) -> u64) -> Self {
        self.0.extend(of.iter().map(|which| count(*which) as f64));
        self
    }

    /// As an array: to return one takes more code, on both sides.
    fn show(&self) {
        super::show_numbers(&self.0);
    }
}

/// What was accepted comes first, what is left waits.
pub(super) fn stats(stats: &Stats) {
    Numbers::new(stats.accepted())
        .each(RecordKind::ALL, |kind| stats.delivered_of(kind))
        .each(RecordKind::ALL, |kind| stats.pending_of(kind))
        .each(RecordKind::ALL, |kind| stats.dropped_of(kind))
        .each(DropReason::ALL, |reason| stats.dropped_by(reason))
        .show();
}

/// Requests come first, what is left is back in the buffer. At the end: whether the deadline kept something back.
pub(super) fn flush(outcome: &Outcome) {
    let Outcome { report, out_of_time, .. } = outcome;
    Numbers::new(report.requests())
        .each(RecordKind::ALL, |kind| report.delivered_of(kind))
        .each(RecordKind::ALL, |kind| report.requeued_of(kind))
        .each(RecordKind::ALL, |kind| report.dropped_of(kind))
        .each(DropReason::ALL, |reason| report.dropped_by(reason))
        .each(&[*out_of_time], u64::from)
        .show();
}
