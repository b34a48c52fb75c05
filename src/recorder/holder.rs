//! How a recorder is held: by clients, interactions, tracers and spans.
//!
//! A count of all holders would be written by every thread for every span, and go from processor to processor. So once
//! threads get in each other's way, each has a count of its own.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::Recorder;
use crate::platform::{PerThread, Threaded};

#[derive(Clone)]
pub(crate) enum Holder {
    /// By the recorder's own count.
    One(Arc<Recorder>),
    /// By a count of what one thread began.
    #[expect(clippy::redundant_allocation, reason = "it is for the outer count")]
    OfThread(Threaded<Arc<Arc<Recorder>>>),
    /// By that of a client, which gives out the others.
    Hub(Threaded<Arc<Hub>>),
}

/// What the clones of a client share. Every span reads it, so it is apart from the count that each clone writes; processors
/// fetch cache lines in pairs.
#[repr(align(128))]
pub(crate) struct Hub {
    recorder: Arc<Recorder>,
    of_threads: PerThread<OnceLock<Holder>>,
}

impl Holder {
    /// For a client that threads may share.
    pub fn hub(recorder: Arc<Recorder>) -> Self {
        let hub = |recorder| Arc::new(Hub { recorder, of_threads: PerThread::default() });
        Threaded::new(recorder, hub).map_or_else(Self::One, Self::Hub)
    }

    /// Another holder, for what this thread begins.
    pub fn share(&self) -> Self {
        match self {
            Self::Hub(hub) => hub.of_this_thread().unwrap_or_else(|| Self::One(Arc::clone(&hub.recorder))),
            Self::One(_) | Self::OfThread(_) => self.clone(),
        }
    }
}

impl Hub {
    /// `None` as long as threads do not contend.
    fn of_this_thread(&self) -> Option<Holder> {
        if !self.recorder.outbox.is_contended() {
            return None;
        }
        let make = || Threaded::new(Arc::clone(&self.recorder), Arc::new).map_or_else(Holder::One, Holder::OfThread);
        Some(self.of_threads.make()?.get_or_init(make).clone())
    }
}

impl Deref for Holder {
    type Target = Arc<Recorder>;

    fn deref(&self) -> &Arc<Recorder> {
        match self {
            Self::One(recorder) => recorder,
            Self::OfThread(of_thread) => of_thread,
            Self::Hub(hub) => &hub.recorder,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use crate::{Client, Span, SpanOptions};

    #[test]
    fn a_recorder_goes_with_the_last_span_of_any_thread() {
        let (client, capture) = Client::builder().capture().unwrap();
        client.recorder.outbox.use_shelves();
        let recorder = Arc::downgrade(&client.recorder);
        let begin = || client.start_span(SpanOptions { operation_id: "op".to_owned(), ..SpanOptions::default() });
        let spans: Vec<Span> = thread::scope(|scope| {
            let threads = [(); 3].map(|()| scope.spawn(begin));
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        drop((client, capture));
        assert!(recorder.upgrade().is_some());
        drop(spans);
        assert!(recorder.upgrade().is_none());
    }
}
