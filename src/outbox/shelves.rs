//! Shelves beside a busy outbox. Once threads get in each other's way, each puts its spans on a shelf of its own; whoever looks
//! at the outbox gathers them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::run::{FULL, FULL_RECORDS, Run, Writer};
use super::{Common, DropReason, Limits, Outbox, State};
use crate::records::RecordKind;
use crate::wire::body::MAX_BODY;

/// How many bytes there may be on a shelf: its last span begins before it is full.
const MAX_BYTES: usize = FULL + MAX_BODY;

/// As long as there is something to put spans in, the outbox keeps room for a full run. A closed shelf holds nothing.
///
/// Its lock is taken after that of the outbox, or alone.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Option<Box<Run>>>);

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Option<Box<Run>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Common> Outbox<C> {
    /// Puts a span on the shelf, unless that is full or closed. Returns why it was dropped, if it was.
    pub(super) fn shelve(&self, shelf: &Shelf, write: Writer<'_>) -> Option<Option<DropReason>> {
        let mut content = shelf.lock();
        let run = content.as_mut().filter(|run| run.has_room() && !self.is_closed())?;
        self.common.counters().accept_on_shelf();
        let is_written = run.push(0, write) > 0;
        Some(if is_written { None } else { self.drop_too_large(RecordKind::Span) })
    }

    /// Empties the shelf, and opens it if there is room for a full one.
    pub(super) fn clear_shelf(&self, state: &mut State, shelf: &Shelf) {
        self.gather_from(state, shelf);
        if state.has_room_for_shelf(self.common.limits()) {
            state.open_shelves = state.open_shelves.saturating_add(1);
            let last = state.queues.get(RecordKind::Span).runs().last();
            *shelf.lock() = Some(Run::following(last.map(|run| &**run), &mut state.spare));
        }
    }

    /// Takes what is on shelves, and closes them.
    pub(super) fn gather(&self, state: &mut State) {
        if state.open_shelves > 0 {
            for shelf in self.shelves.iter() {
                self.gather_from(state, shelf);
            }
        }
    }

    fn gather_from(&self, state: &mut State, shelf: &Shelf) {
        let Some(mut run) = shelf.lock().take() else { return };
        state.open_shelves = state.open_shelves.saturating_sub(1);
        let count = run.len();
        if count > 0 {
            state.last_seq = self.common.counters().next_seqs(count);
            run.renumber(state.last_seq);
        }
        if let Some(emptied) = state.queues.get_mut(RecordKind::Span).take_over(run) {
            state.keep(emptied);
        }
    }
}

impl State {
    fn has_room_for_shelf(&self, limits: &Limits) -> bool {
        let shelves = self.open_shelves.saturating_add(1);
        let spans = self.queues.get(RecordKind::Span).len().saturating_add(shelves.saturating_mul(FULL_RECORDS));
        spans <= limits.spans && self.bytes().saturating_add(shelves.saturating_mul(MAX_BYTES)) <= limits.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::thread;

    use crate::{Capture, Client, ClientBuilder, DropReason, SpanOptions};

    const THREADS: usize = 4;

    fn contended(settings: ClientBuilder) -> (Client, Capture) {
        let (client, capture) = settings.capture().unwrap();
        client.recorder.outbox.use_shelves();
        (client, capture)
    }

    /// One that says which it is.
    fn record(client: &Client, event_id: String, number: usize) {
        client.start_span(SpanOptions { name: number.to_string(), event_id, ..SpanOptions::default() }).end();
    }

    /// The numbers of the spans of an event, in the order in which they were sent.
    fn recorded(capture: &Capture, event_id: &str) -> Vec<usize> {
        let spans = capture.recorded().spans.into_iter();
        let of_event = spans
            .filter(|span| span.attributes.iter().any(|(key, value)| key.ends_with(".event_id") && value == event_id));
        of_event.map(|span| span.name.parse().unwrap()).collect()
    }

    #[test]
    fn the_spans_of_each_thread_arrive_in_order_and_are_counted_at_once() {
        const SPANS: usize = 1_234;
        let (client, capture) = contended(Client::builder());
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = &client;
                scope.spawn(move || (0..SPANS).for_each(|number| record(client, thread.to_string(), number)));
            }
        });
        assert_eq!(client.stats().accepted(), (THREADS * SPANS) as u64);
        assert_eq!(client.stats().pending(), (THREADS * SPANS) as u64);
        for thread in 0..THREADS {
            assert!(recorded(&capture, &thread.to_string()).into_iter().eq(0..SPANS));
        }
        assert_eq!(client.stats().delivered(), (THREADS * SPANS) as u64);
    }

    #[test]
    fn as_many_spans_wait_as_may_and_the_oldest_are_dropped() {
        let (client, capture) = contended(Client::builder().trace_max_queue_size(120));
        (0..500).for_each(|number| record(&client, "evt".to_owned(), number));
        assert_eq!(client.stats().dropped_by(DropReason::QueueFull), 380);
        assert!(recorded(&capture, "evt").into_iter().eq(380..500));
    }

    #[test]
    fn a_shelf_that_was_gathered_holds_no_memory() {
        let (client, capture) = contended(Client::builder());
        record(&client, "evt".to_owned(), 0);
        assert!(client.recorder.outbox.shelves.iter().any(|shelf| shelf.lock().is_some()));
        assert_eq!(recorded(&capture, "evt"), [0]);
        assert!(client.recorder.outbox.shelves.iter().all(|shelf| shelf.lock().is_none()));
    }

    #[test]
    fn once_a_client_is_seen_to_be_closed_its_shelves_take_nothing() {
        let (client, _capture) = contended(Client::builder());
        record(&client, "evt".to_owned(), 0);
        let late = client.start_span(SpanOptions { event_id: "evt".to_owned(), ..SpanOptions::default() });
        // As far as `close` has come when it waits for the lock.
        client.recorder.outbox.is_closed.store(true, Ordering::SeqCst);
        late.end();
        assert_eq!((client.stats().accepted(), client.stats().refused()), (1, 1));
    }

    #[test]
    fn a_span_that_ends_after_the_close_is_refused() {
        let (client, _capture) = contended(Client::builder());
        record(&client, "evt".to_owned(), 0);
        let late = client.start_span(SpanOptions { event_id: "evt".to_owned(), ..SpanOptions::default() });
        client.recorder.outbox.close();
        late.end();
        assert_eq!((client.stats().accepted(), client.stats().refused()), (1, 1));
    }
}
