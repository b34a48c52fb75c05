//! The copy for a local Workshop: one attempt, short, and nothing that goes wrong with it matters.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, route};
use super::policy::Answer;
use super::{Delivery, FlushReport};
use crate::config::Destination;
use crate::outbox::{Batch, DropReason, Lease, Packing};
use crate::records::RecordKind;
use crate::wire::body::as_final_partial;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Posts every batch, in order. Returns for each whether it was taken. A Workshop that cannot be reached, or hangs, is not
/// asked again in this flush.
pub(super) async fn send(delivery: &Delivery<'_>, packing: &Packing<'_>, batches: Vec<Arc<Batch>>) -> Vec<bool> {
    let mut taken = Vec::with_capacity(batches.len());
    let Some(workshop) = &delivery.config.workshop else { return taken };
    for batch in &batches {
        match post(delivery, workshop, packing, batch).await {
            Some(is_taken) => taken.push(is_taken),
            None => break,
        }
    }
    taken
}

/// Whether the batch was taken; `None` if there was no answer.
async fn post(delivery: &Delivery<'_>, workshop: &Destination, packing: &Packing<'_>, batch: &Batch) -> Option<bool> {
    // Workshop shows partials only: it answers 200 to `events/track` and discards it.
    let (route, bodies) = if batch.kind == RecordKind::Event {
        (route(RecordKind::Partial), batch.records().map(as_final_partial).collect())
    } else {
        (route(batch.kind), vec![packing.envelope(batch.kind).join(batch.records())])
    };
    let mut is_taken = true;
    for body in bodies {
        let timeout = delivery.time_left().map_or(TIMEOUT, |left| left.min(TIMEOUT));
        let attempt = Attempt::post(delivery.transport, workshop, route, body, timeout).await;
        match attempt.answer {
            Answer::Status { .. } => is_taken &= attempt.error.is_none(),
            Answer::NetworkError | Answer::TimedOut => return None,
        }
    }
    Some(is_taken)
}

/// Without a write key Workshop is where records go; `taken` says of each batch whether it got there.
pub(super) fn settle(leases: &[Lease<'_>], taken: &[bool], report: &mut FlushReport) {
    let batches = leases.iter().flat_map(|lease| lease.jobs.iter().flatten().map(move |index| (lease, *index)));
    for (position, (lease, index)) in batches.enumerate() {
        let Some(kind) = lease.batch(index).map(|batch| batch.kind) else { continue };
        if taken.get(position) == Some(&true) {
            report.add_delivered(kind, lease.deliver(index));
        } else {
            report.add_dropped(kind, DropReason::Workshop, lease.discard(index, DropReason::Workshop));
        }
    }
}
