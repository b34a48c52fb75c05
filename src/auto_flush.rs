//! The periodic flush, as a future that the app spawns.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;

use crate::client::Client;
use crate::config::Config;
use crate::diagnostics::Warning;
use crate::millis::Millis;
use crate::platform;
use crate::recorder::{Holder, Recorder};
use crate::records::RecordKind;

/// How long `auto_flush` sleeps at most before it looks whether the client is closed.
const MAX_NAP: Millis = 1_000;

impl Client {
    /// Flushes again and again, at the intervals of the builder, until the client is closed or gone.
    ///
    /// The future does nothing by itself: spawn it on the executor that you have. On native that is a tokio runtime with I/O and
    /// time enabled; elsewhere it warns, and ends.
    ///
    /// ```no_run
    /// # async fn run(client: raindrop::Client) {
    /// tokio::spawn(client.auto_flush());
    /// # }
    /// ```
    pub fn auto_flush(&self) -> impl Future<Output = ()> + use<> {
        let Config { partial_flush_interval, trace_flush_interval, .. } = self.recorder.home().config;
        let flusher = Flusher { recorder: Arc::downgrade(&self.recorder) };
        async move {
            if platform::can_sleep() {
                let events = flusher.run(partial_flush_interval, |kind| kind != RecordKind::Span);
                let spans = flusher.run(trace_flush_interval, |kind| kind == RecordKind::Span);
                both(events, spans).await;
            } else if let Some(recorder) = flusher.recorder.upgrade() {
                let message = format_args!(
                    "auto_flush does nothing without a tokio runtime around it: pass it to `tokio::spawn`"
                );
                recorder.home().diagnostics.warn(Warning::NoRuntime, message);
            }
        }
    }
}

/// What `auto_flush` holds: not the client, so that the client ends when the app lets go of it.
struct Flusher {
    recorder: Weak<Recorder>,
}

impl Flusher {
    async fn run(&self, interval: Millis, wants: fn(RecordKind) -> bool) {
        if interval == 0 {
            return;
        }
        let mut due = platform::monotonic().saturating_add(interval);
        loop {
            platform::sleep(due.saturating_sub(platform::monotonic()).min(MAX_NAP)).await;
            let Some(recorder) = self.recorder.upgrade() else { return };
            if recorder.outbox.is_closed() {
                return;
            }
            if due <= platform::monotonic() {
                // A failure is counted and warned of, and what can be is tried again next time.
                Client { recorder: Holder::One(recorder) }.deliver(wants).await;
                due = platform::monotonic().saturating_add(interval);
            }
        }
    }
}

/// Runs both to their end, on the caller's task.
async fn both(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let mut is_over = [false; 2];
    poll_fn(|context| {
        let [one_is_over, other_is_over] = &mut is_over;
        *one_is_over = *one_is_over || one.as_mut().poll(context).is_ready();
        *other_is_over = *other_is_over || other.as_mut().poll(context).is_ready();
        if *one_is_over && *other_is_over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
