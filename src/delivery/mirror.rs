//! The copy for a local Workshop: one attempt, short, and nothing that goes wrong with it matters.

use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, route};
use super::{Delivery, FlushReport};
use crate::config::Destination;
use crate::outbox::{Batch, DropReason, Lease, Packing};
use crate::records::RecordKind;
use crate::wire::body::as_final_partial;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Posts every batch, in order. Returns how many it took before one failed: a Workshop that is down or hangs is not
/// asked again in this flush.
pub(super) async fn send(delivery: &Delivery<'_>, packing: &Packing<'_>, batches: Vec<Arc<Batch>>) -> usize {
    let Some(workshop) = &delivery.config.workshop else { return 0 };
    for (taken, batch) in batches.iter().enumerate() {
        if !post(delivery, workshop, packing, batch).await {
            return taken;
        }
    }
    batches.len()
}

async fn post(delivery: &Delivery<'_>, workshop: &Destination, packing: &Packing<'_>, batch: &Batch) -> bool {
    // Workshop shows partials only: it answers 200 to `events/track` and discards it.
    let (route, bodies) = if batch.kind == RecordKind::Event {
        (route(RecordKind::Partial), batch.records().map(as_final_partial).collect())
    } else {
        (route(batch.kind), vec![packing.envelope(batch.kind).join(batch.records())])
    };
    for body in bodies {
        let timeout = delivery.time_left().map_or(TIMEOUT, |left| left.min(TIMEOUT));
        let attempt = Attempt::post(delivery.transport, workshop, route, body, timeout).await;
        if attempt.error.is_some() {
            return false;
        }
    }
    true
}

/// Without a write key Workshop is where records go, and `taken` of the batches got there.
pub(super) fn settle(leases: &[Lease<'_>], taken: usize, report: &mut FlushReport) {
    let batches = leases.iter().flat_map(|lease| lease.jobs.iter().flatten().map(move |index| (lease, *index)));
    for (position, (lease, index)) in batches.enumerate() {
        let Some(kind) = lease.batch(index).map(|batch| batch.kind) else { continue };
        if position < taken {
            report.add_delivered(kind, lease.deliver(index));
        } else {
            report.add_dropped(kind, DropReason::Workshop, lease.discard(index, DropReason::Workshop));
        }
    }
}
