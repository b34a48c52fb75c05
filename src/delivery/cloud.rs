//! The way to the ingestion API: what goes first, what goes side by side, and what is tried again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::attempt::{Attempt, route};
use super::policy::Step;
use super::{Delivery, Outcome, lanes};
use crate::config::Destination;
use crate::diagnostics::Warning;
use crate::error::Error;
use crate::ids;
use crate::outbox::{Batch, DropReason, JobOf, Lease, Packing};
use crate::platform;
use crate::records::RecordKind;

/// A Worker has six connections; the app needs some of them.
const LANES: usize = 4;

pub(super) struct Cloud<'a> {
    pub delivery: &'a Delivery<'a>,
    pub destination: &'a Destination,
    pub packing: &'a Packing<'a>,
    /// All of this flush: while one batch keeps it, the others stay lent too.
    pub leases: &'a [Lease<'a>],
}

/// Batches that travel one after the other.
type Job<'a> = VecDeque<(&'a Lease<'a>, usize)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// Delivered, or gone for good.
    Settled,
    /// At least a part of it is back in the outbox.
    KeptBack,
}

impl Cloud<'_> {
    /// Users first and awaited: the backend stamps their traits on the events that come after.
    pub async fn deliver(&self) -> Outcome {
        let (users, others) = jobs(self.leases);
        let mut outcome = self.drain(&Mutex::new(users)).await;
        let lanes = others.len().min(LANES);
        let others = Mutex::new(others);
        for lane in lanes::all((0..lanes).map(|_| self.drain(&others))).await {
            outcome.merge(lane);
        }
        outcome
    }

    async fn drain(&self, jobs: &Mutex<VecDeque<Job<'_>>>) -> Outcome {
        let mut outcome = Outcome::default();
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(job) = job else { return outcome };
            self.run(job, &mut outcome).await;
        }
    }

    async fn run(&self, mut job: Job<'_>, outcome: &mut Outcome) {
        while let Some((lease, index)) = job.pop_front() {
            let Some(batch) = lease.batch(index) else { continue };
            if self.send(lease, index, &batch, outcome).await == Sent::KeptBack {
                // What comes after must not overtake it.
                for (lease, index) in job {
                    outcome.report.add_requeued(batch.kind, lease.requeue(index));
                }
                return;
            }
            if job.is_empty()
                && let Some(key) = batch.key()
            {
                let next = lease.follow_up(key);
                outcome.followed_up.extend(next.and_then(|next| lease.batch(next)));
                job.extend(next.map(|next| (lease, next)));
            }
        }
    }

    /// Tries a batch until it is settled, and its halves if it turns out too large.
    async fn send(&self, lease: &Lease<'_>, index: usize, batch: &Arc<Batch>, outcome: &mut Outcome) -> Sent {
        let mut sent = Sent::Settled;
        let mut parts = VecDeque::from([(index, Arc::clone(batch), 0)]);
        while let Some((index, batch, attempts)) = parts.pop_front() {
            let (attempts, last) = self.attempt(lease, &batch, attempts, outcome).await;
            match last {
                Last::Done => outcome.report.add_delivered(batch.kind, lease.deliver(index)),
                Last::Split => {
                    let halves = lease.split(index).into_iter().flatten();
                    // A split is not an attempt.
                    let before = attempts.saturating_sub(1);
                    parts.extend(halves.filter_map(|half| Some((half, lease.batch(half)?, before))));
                }
                Last::KeepBack => {
                    outcome.report.add_requeued(batch.kind, lease.requeue(index));
                    sent = Sent::KeptBack;
                }
                Last::Drop(reason) => {
                    outcome.report.add_dropped(batch.kind, reason, lease.discard(index, reason));
                }
            }
        }
        sent
    }

    /// Makes attempts and waits between them until one of them is the last. Returns their number, earlier ones included.
    async fn attempt(&self, lease: &Lease<'_>, batch: &Batch, mut attempts: u32, outcome: &mut Outcome) -> (u32, Last) {
        let delivery = self.delivery;
        let policy = &delivery.config.retry;
        loop {
            let Some(timeout) = delivery.attempt_timeout() else {
                outcome.out_of_time = true;
                return (attempts, Last::KeepBack);
            };
            if !self.renew(lease, Duration::ZERO) {
                return (attempts, Last::KeepBack);
            }
            attempts = attempts.saturating_add(1);
            outcome.report.add_request();
            let attempt = self.post(batch, timeout).await;
            let left = delivery.time_left();
            match policy.next(attempts, attempt.answer, batch.len(), left, ids::random_u64()) {
                Step::Done => return (attempts, Last::Done),
                Step::Split => return (attempts, Last::Split),
                Step::Wait(wait) => {
                    self.renew(lease, wait);
                    platform::sleep(wait).await;
                }
                Step::Requeue => {
                    if attempts < policy.max_attempts || left == Some(Duration::ZERO) {
                        outcome.out_of_time = true;
                    } else {
                        outcome.fail(attempt.error);
                    }
                    return (attempts, Last::KeepBack);
                }
                Step::Drop(reason) => {
                    self.warn_of_loss(batch, reason, attempt.error.as_ref());
                    outcome.fail(attempt.error);
                    return (attempts, Last::Drop(reason));
                }
            }
        }
    }

    /// Keeps the leases through a wait and the attempt after it. `false`: the one in hand is over.
    fn renew(&self, lease: &Lease<'_>, wait: Duration) -> bool {
        let expires = platform::monotonic().saturating_add(wait).saturating_add(self.delivery.lease_time());
        for lease in self.leases {
            lease.renew(expires);
        }
        lease.renew(expires)
    }

    async fn post(&self, batch: &Batch, timeout: Duration) -> Attempt {
        let body = self.packing.envelope(batch.kind).join(batch.records());
        Attempt::post(self.delivery.transport, self.destination, route(batch.kind), body, timeout).await
    }

    fn warn_of_loss(&self, batch: &Batch, reason: DropReason, error: Option<&Error>) {
        self.delivery.diagnostics.warn(Warning::Rejected, || {
            let (count, route) = (batch.len(), route(batch.kind));
            let cause = error.map(ToString::to_string).unwrap_or_default();
            format!("{count} record(s) for {route} are lost ({reason:?}): {cause}")
        });
    }
}

/// What the last attempt means for the batch.
enum Last {
    Done,
    Split,
    KeepBack,
    Drop(DropReason),
}

/// Adds batches to a job so that all are in the order of recording.
fn join_in_order<'a>(job: &mut Job<'a>, batches: impl Iterator<Item = (&'a Lease<'a>, usize)>) {
    let seq = |(lease, index): &(&Lease<'_>, usize)| lease.batch(*index).map_or(0, |batch| batch.seq());
    for batch in batches {
        let position = job.partition_point(|known| seq(known) < seq(&batch));
        job.insert(position, batch);
    }
}

/// The jobs with users, and the others. Partials of one event are one job, even from two leases.
fn jobs<'a>(leases: &'a [Lease<'a>]) -> (VecDeque<Job<'a>>, VecDeque<Job<'a>>) {
    let mut users = VecDeque::new();
    let mut others: VecDeque<Job<'a>> = VecDeque::new();
    let mut job_of = JobOf::new();
    for lease in leases {
        for indices in &lease.jobs {
            let Some(first) = indices.first().and_then(|index| lease.batch(*index)) else { continue };
            let job = indices.iter().map(|index| (lease, *index));
            let known = first.key().and_then(|key| job_of.get(key).copied().flatten());
            if let Some(known) = known.and_then(|position| others.get_mut(position)) {
                join_in_order(known, job);
            } else if first.kind == RecordKind::User {
                users.push_back(job.collect());
            } else {
                if let Some(key) = first.key() {
                    job_of.insert(key.into(), Some(others.len()));
                }
                others.push_back(job.collect());
            }
        }
    }
    (users, others)
}
