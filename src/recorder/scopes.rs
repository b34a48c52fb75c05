//! The scopes of a client, so that what a dead one holds is found.
//!
//! When a Worker's request context dies, its futures are neither polled nor dropped again: nothing of ours runs there any
//! more. So the flush of another scope looks after it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Recorder;
use crate::millis::Millis;

/// A scope that has not recorded anything for so long is helped out of what it holds. If it is alive after all, no harm is
/// done: its records are delivered by somebody else.
pub(super) const ABANDONED_AFTER: Millis = 60_000;
const SWEEP_INTERVAL: Millis = 1_000;
const PURGE_FROM: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Scopes(Mutex<Registry>);

#[derive(Debug, Default)]
struct Registry {
    scopes: Vec<Weak<Recorder>>,
    /// How many there may be before those that are gone are removed.
    purge_at: usize,
    swept: Option<Millis>,
}

impl Scopes {
    pub fn add(&self, scope: &Arc<Recorder>) {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if registry.scopes.len() >= registry.purge_at {
            registry.scopes.retain(|scope| scope.strong_count() > 0);
            registry.purge_at = registry.scopes.len().saturating_mul(2).max(PURGE_FROM);
        }
        registry.scopes.push(Arc::downgrade(scope));
    }

    /// Whether there is none to look after.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).scopes.is_empty()
    }

    /// The scopes to look after now: none if that was done a moment ago.
    pub fn due(&self, now: Millis) -> Vec<Arc<Recorder>> {
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recently = registry.swept.is_some_and(|swept| swept <= now && now.saturating_sub(swept) < SWEEP_INTERVAL);
        if recently {
            return Vec::new();
        }
        registry.swept = Some(now);
        registry.scopes.retain(|scope| scope.strong_count() > 0);
        registry.scopes.iter().filter_map(Weak::upgrade).collect()
    }
}
