//! Numbers and errors for JavaScript, which knows their order.

use std::fmt::Write as _;

use crate::delivery::FlushReport;
use crate::error::Error;
use crate::outbox::{DropReason, Stats};
use crate::records::RecordKind;

fn numbers(numbers: impl IntoIterator<Item = u64>) -> String {
    let mut text = String::from("[");
    for number in numbers {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{number}", if text.len() > 1 { "," } else { "" });
    }
    text.push(']');
    text
}

/// Refused and accepted, then delivered, pending and dropped of each kind, then dropped by each reason.
pub(super) fn stats(stats: &Stats) -> String {
    let kinds = || RecordKind::ALL.iter().copied();
    numbers(
        [stats.refused(), stats.accepted()]
            .into_iter()
            .chain(kinds().map(|kind| stats.delivered_of(kind)))
            .chain(kinds().map(|kind| stats.pending_of(kind)))
            .chain(kinds().map(|kind| stats.dropped_of(kind)))
            .chain(DropReason::ALL.iter().map(|reason| stats.dropped_by(*reason))),
    )
}

/// Requests and a zero, then delivered, requeued and dropped of each kind, then dropped by each reason.
pub(super) fn flush(report: &FlushReport) -> String {
    let kinds = || RecordKind::ALL.iter().copied();
    numbers(
        [report.requests(), 0]
            .into_iter()
            .chain(kinds().map(|kind| report.delivered_of(kind)))
            .chain(kinds().map(|kind| report.requeued_of(kind)))
            .chain(kinds().map(|kind| report.dropped_of(kind)))
            .chain(DropReason::ALL.iter().map(|reason| report.dropped_by(*reason))),
    )
}

/// The code of an error, its status or 0, and its message, by spaces apart.
pub(super) fn error(error: &Error) -> String {
    let (code, status) = match error {
        Error::HttpStatus { status, .. } => ("http_status", *status),
        Error::Timeout => ("timeout", 0),
        _ => ("http", 0),
    };
    format!("!{code} {status} {error}")
}
