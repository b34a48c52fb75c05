//! The scopes of a client, so that what a dead one holds is found.
//!
//! When a Worker's request context dies, its futures are neither polled nor dropped again: nothing of ours runs there any
//! more. So the flush of another scope looks after it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Recorder;
use crate::millis::Millis;
use crate::platform::Threaded;

/// A scope that has not recorded anything for so long is helped out of what it holds. If it is alive after all, no harm is
/// done: its records are delivered by somebody else.
pub(super) const ABANDONED_AFTER: Millis = 60_000;
const SWEEP_INTERVAL: Millis = 1_000;
const PURGE_FROM: usize = 64;

#[derive(Debug)]
pub(super) struct Scopes {
    registry: Mutex<Registry>,
    /// Whether there is none to look after. Changes under the lock of `registry`.
    is_empty: AtomicBool,
    care: Option<Threaded<Mutex<()>>>,
}

impl Default for Scopes {
    fn default() -> Self {
        Self { registry: Mutex::default(), is_empty: AtomicBool::new(true), care: Threaded::new((), Mutex::new).ok() }
    }
}

#[derive(Debug, Default)]
struct Registry {
    scopes: Vec<Weak<Recorder>>,
    /// How many there may be before those that are gone are removed.
    purge_at: usize,
    swept: Option<Millis>,
}

impl Registry {
    /// Removes those that are gone.
    fn purge(&mut self) {
        self.scopes.retain(|scope| scope.strong_count() > 0);
    }
}

impl Scopes {
    pub fn add(&self, scope: &Arc<Recorder>) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if registry.scopes.len() >= registry.purge_at {
            registry.purge();
            registry.purge_at = registry.scopes.len().saturating_mul(2).max(PURGE_FROM);
        }
        registry.scopes.push(Arc::downgrade(scope));
        self.is_empty.store(false, Relaxed);
    }

    /// Whether there is none to look after.
    pub fn is_empty(&self) -> bool {
        self.is_empty.load(Relaxed)
    }

    /// To be held while scopes are looked after: whoever comes meanwhile waits, and so misses nothing that is on its way from a
    /// scope to its client.
    pub fn care(&self) -> Option<MutexGuard<'_, ()>> {
        self.care.as_ref().map(|care| care.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The scopes to look after now: none if that was done a moment ago.
    pub fn due(&self, now: Millis) -> Vec<Arc<Recorder>> {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let recently = registry.swept.is_some_and(|swept| swept <= now && now.saturating_sub(swept) < SWEEP_INTERVAL);
        if recently {
            return Vec::new();
        }
        registry.swept = Some(now);
        registry.purge();
        self.is_empty.store(registry.scopes.is_empty(), Relaxed);
        registry.scopes.iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crate::{Client, SpanOptions};

    #[test]
    fn a_close_delivers_what_a_scope_held_that_was_dropped_while_another_thread_looked_after_it() {
        let client = Client::builder().write_key("rk").disable_local_workshop().build().unwrap();
        let scope = client.scope();
        scope.start_span(SpanOptions { event_id: "evt".to_owned(), ..SpanOptions::default() }).end();
        let recorder = &client.recorder;
        let care = recorder.scopes.care();
        let looked_after = recorder.scopes.due(0);
        drop(scope);
        let has_nothing_to_deliver = thread::scope(|threads| {
            let close = threads.spawn(|| {
                recorder.outbox.close();
                recorder.is_empty()
            });
            // Long enough for one that does not wait.
            (0..1_000).take_while(|_| !close.is_finished()).for_each(|_| thread::yield_now());
            drop((looked_after, care));
            close.join().unwrap()
        });
        assert!(!has_nothing_to_deliver);
    }
}
