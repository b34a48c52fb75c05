//! Copies for a local Workshop: one attempt each, and nothing that goes wrong with them matters.

use super::flight::Post;
use crate::outbox::{Batch, Outbox};
use crate::records::RecordKind;

const PARTIALS: &str = "events/track_partial";

#[derive(Default)]
pub(super) struct Mirror {
    is_on: bool,
    /// The newest first.
    copies: Vec<(&'static str, Vec<u8>)>,
    is_busy: bool,
    /// It could not be reached, or hangs: it is not asked again in this flush.
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
    pub fn copy(&mut self, outbox: &Outbox, batch: &Batch, post: &Post) {
        if !self.is_on || self.is_gone {
            return;
        }
        // Workshop shows partials only: it answers 200 to `events/track` and discards it.
        if batch.kind == RecordKind::Event {
            for body in outbox.as_final_partials(batch) {
                self.copies.insert(0, (PARTIALS, body));
            }
        } else {
            self.copies.insert(0, (post.route, post.body.clone()));
        }
    }

    /// The next copy, one at a time.
    pub fn next(&mut self) -> Option<(&'static str, Vec<u8>)> {
        if self.is_busy || self.is_gone {
            return None;
        }
        let next = self.copies.pop();
        self.is_busy = next.is_some();
        next
    }

    /// Whether there was an answer at all.
    pub fn answered(&mut self, is_answered: bool) {
        self.is_busy = false;
        self.is_gone |= !is_answered;
    }
}
