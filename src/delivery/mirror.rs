//! Copies for a local Workshop: one attempt each, and nothing that goes wrong with them matters.

use std::mem;

use super::flight::Post;
use crate::millis::Millis;
use crate::outbox::{Batch, Common, Outbox};
use crate::records::RecordKind;

/// How long a copy may take, and all that are left once the cloud has everything.
pub(super) const PATIENCE: Millis = 2_000;

#[derive(Default)]
pub(super) struct Mirror {
    is_on: bool,
    copies: Vec<(RecordKind, Vec<u8>)>,
    /// How many of them were sent.
    sent: usize,
    is_busy: bool,
    /// When the flush waits no longer, once nothing else keeps it.
    until: Option<Millis>,
    /// It could not be reached, hangs, or is too slow: it is not asked again in this flush.
    is_gone: bool,
}

impl Mirror {
    pub fn new(is_on: bool) -> Self {
        Self { is_on, ..Self::default() }
    }

    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Keeps a copy of what is sent to the cloud.
    pub fn copy(&mut self, outbox: &Outbox<impl Common>, batch: &Batch, post: &Post) {
        if !self.is_on || self.is_gone {
            return;
        }
        // Workshop shows partials only: it answers 200 to `events/track` and discards it.
        if batch.kind == RecordKind::Event {
            for body in outbox.as_final_partials(batch) {
                self.copies.push((RecordKind::Partial, body));
            }
        } else {
            self.copies.push((post.kind, post.body.clone()));
        }
    }

    /// The next copy, one at a time, and how long it may take. `is_alone`: nothing else keeps the flush.
    pub fn next(&mut self, is_alone: bool, now: Millis) -> Option<(RecordKind, Vec<u8>, Millis)> {
        let mut left = PATIENCE;
        if is_alone {
            left = self.until.get_or_insert(now.saturating_add(PATIENCE)).saturating_sub(now);
            self.is_gone |= left == 0;
        }
        if self.is_busy || self.is_gone {
            return None;
        }
        let (kind, body) = self.copies.get_mut(self.sent)?;
        let (kind, body) = (*kind, mem::take(body));
        self.sent = self.sent.saturating_add(1);
        self.is_busy = true;
        Some((kind, body, left))
    }

    /// Whether there was an answer at all.
    pub fn answered(&mut self, is_answered: bool) {
        self.is_busy = false;
        self.is_gone |= !is_answered;
    }
}
