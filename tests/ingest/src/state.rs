//! What the server remembers, shared by its handle and its connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::fault::Faults;
use crate::received::{Content, Received, Request};

/// Which of the two receivers the server stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Cloud,
    Workshop,
}

pub(crate) struct State {
    pub(crate) kind: Kind,
    faults: Mutex<Faults>,
    log: Mutex<Log>,
    recorded: watch::Sender<usize>,
    connections: AtomicUsize,
    handling: AtomicUsize,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    received: Received,
    /// Which request the first of `requests` is, counted since the start.
    forgotten: usize,
}

/// Names a recorded request, also after a [`State::clear`].
pub(crate) struct Ticket(usize);

impl State {
    pub(crate) fn new(kind: Kind) -> State {
        State {
            kind,
            faults: Mutex::default(),
            log: Mutex::default(),
            recorded: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
            handling: AtomicUsize::new(0),
        }
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// Keeps a request, and what it brought when that is accepted at once.
    pub(crate) fn record(&self, request: Request, accepted: Option<Content>) -> Ticket {
        let mut log = lock(&self.log);
        let ticket = Ticket(log.forgotten + log.requests.len());
        log.requests.push(request);
        if let Some(content) = accepted {
            log.received.accept(content);
        }
        self.recorded.send_replace(log.requests.len());
        ticket
    }

    /// Settles a request that was recorded before its answer was known. Nothing happens when it was
    /// cleared meanwhile.
    pub(crate) fn settle(&self, ticket: Ticket, status: u16, accepted: Option<Content>) {
        let mut log = lock(&self.log);
        let index = ticket.0.checked_sub(log.forgotten);
        let Log { requests, received, .. } = &mut *log;
        if let Some(request) = index.and_then(|index| requests.get_mut(index)) {
            request.status = Some(status);
            if let Some(content) = accepted {
                received.accept(content);
            }
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.log).requests.clone()
    }

    pub(crate) fn requests_to(&self, route: &str) -> Vec<Request> {
        let log = lock(&self.log);
        log.requests.iter().filter(|it| it.route == route).cloned().collect()
    }

    pub(crate) fn received(&self) -> Received {
        lock(&self.log).received.clone()
    }

    pub(crate) fn recorded(&self) -> usize {
        *self.recorded.borrow()
    }

    pub(crate) async fn wait_for(&self, count: usize) {
        let mut recorded = self.recorded.subscribe();
        let waited = recorded.wait_for(|recorded| *recorded >= count).await;
        debug_assert!(waited.is_ok(), "the sender is part of the state that is borrowed here");
    }

    pub(crate) fn clear(&self) {
        self.faults().clear();
        let mut log = lock(&self.log);
        *log = Log { forgotten: log.forgotten + log.requests.len(), ..Log::default() };
        self.recorded.send_replace(0);
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// One ingestion request being handled, until it is dropped.
pub(crate) struct Handling {
    state: Arc<State>,
    /// How many there were when this one arrived, itself included.
    pub(crate) concurrent: usize,
}

impl Handling {
    pub(crate) fn begin(state: &Arc<State>) -> Handling {
        Handling { concurrent: state.handling.fetch_add(1, Ordering::Relaxed) + 1, state: state.clone() }
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.state.handling.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A panic in a test's thread must not take the server's other users down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
