//! A flush: takes what waits in the outbox, sends it, and reports.

mod attempt;
mod cloud;
pub(crate) mod lanes;
mod mirror;
mod policy;
mod report;
mod retry_after;

use std::sync::Arc;
use std::time::Duration;

pub use report::FlushReport;

use crate::config::Config;
use crate::diagnostics::{Diagnostics, Warning};
use crate::error::{Error, Result};
use crate::outbox::{Batch, Lease, Outbox, Packing};
use crate::platform::{self, Transport};
use crate::records::RecordKind;
use cloud::Cloud;

/// How much longer than its request a lease lives.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// What a flush works with.
#[derive(Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub config: &'a Config,
    pub diagnostics: &'a Diagnostics,
    pub transport: &'a Transport,
    /// On the platform's monotonic clock.
    pub deadline: Option<Duration>,
}

/// How a flush went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub report: FlushReport,
    /// Of the first request that failed.
    pub error: Option<Error>,
    /// Whether the deadline, not the server, kept something back.
    pub out_of_time: bool,
    /// What was recorded while the flush was under way and went with it.
    followed_up: Vec<Arc<Batch>>,
}

impl Outcome {
    fn fail(&mut self, error: Option<Error>) {
        self.error = self.error.take().or(error);
    }

    pub fn into_result(self) -> Result<FlushReport> {
        self.error.map_or(Ok(self.report), Err)
    }

    pub fn merge(&mut self, other: Outcome) {
        self.report.merge(&other.report);
        self.fail(other.error);
        self.out_of_time |= other.out_of_time;
        self.followed_up.extend(other.followed_up);
    }
}

impl Delivery<'_> {
    /// Sends everything of the wanted kinds that waits in `outboxes`.
    pub async fn flush(&self, outboxes: &[&Outbox], wants: fn(RecordKind) -> bool) -> Outcome {
        let encoding = &self.config.encoding;
        let packing = Packing { encoding, trace_max_batch_size: self.config.trace_max_batch_size, wants };
        let now = platform::monotonic();
        let expires = now.saturating_add(self.lease_time());
        let mut leases: Vec<Lease<'_>> = Vec::with_capacity(outboxes.len());
        let mut on_their_way = Vec::new();
        for outbox in outboxes {
            let lease = outbox.lease(&packing, now, expires, &on_their_way);
            on_their_way.extend(lease.on_their_way.iter().cloned());
            leases.push(lease);
        }
        let copies = self.copies(&leases);

        let to_cloud = async {
            match &self.config.cloud {
                Some(destination) => {
                    Cloud { delivery: self, destination, packing: &packing, leases: &leases }.deliver().await
                }
                None => Outcome::default(),
            }
        };
        let (mut outcome, mirrored) = lanes::both(to_cloud, mirror::send(self, &packing, copies)).await;
        mirror::send(self, &packing, std::mem::take(&mut outcome.followed_up)).await;
        if self.config.cloud.is_none() {
            mirror::settle(&leases, &mirrored, &mut outcome.report);
        }
        for lease in &leases {
            outcome.report.merge_dropped(&lease.dropped);
        }
        self.log(&outcome);
        outcome
    }

    fn copies(&self, leases: &[Lease<'_>]) -> Vec<Arc<Batch>> {
        if self.config.workshop.is_none() {
            return Vec::new();
        }
        let batches = leases.iter().flat_map(|lease| lease.jobs.iter().flatten().map(move |index| lease.batch(*index)));
        batches.flatten().collect()
    }

    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_sub(platform::monotonic()))
    }

    /// `None` when there is no time left for an attempt.
    fn attempt_timeout(&self) -> Option<Duration> {
        let timeout = self.config.request_timeout;
        match self.time_left() {
            Some(Duration::ZERO) => None,
            left => Some(left.map_or(timeout, |left| left.min(timeout))),
        }
    }

    fn lease_time(&self) -> Duration {
        self.config.request_timeout.saturating_add(LEASE_SLACK)
    }

    fn log(&self, outcome: &Outcome) {
        if outcome.report.requeued() > 0 && !outcome.out_of_time {
            self.diagnostics.warn(Warning::DeliveryFailed, || {
                let cause = outcome.error.as_ref().map(ToString::to_string).unwrap_or_default();
                format!(
                    "{} record(s) could not be delivered and wait for the next flush: {cause}",
                    outcome.report.requeued()
                )
            });
        }
        if self.config.debug && !outcome.report.is_empty() {
            platform::debug(&format!("raindrop: flush: {}", outcome.report));
        }
    }
}
