//! A client whose telemetry stays in memory, for the tests of an app.

mod decode;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use serde_json::Value;

use crate::builder::ClientBuilder;
use crate::client::Client;
use crate::error::Result;
use crate::sink::Sink;

pub use decode::RecordedSpan;

impl Client {
    /// A client that sends nothing, and what it records, to assert on in a test: no server, no key, no runtime.
    ///
    /// ```
    /// use raindrop::{AiEvent, Client};
    ///
    /// # async fn greet(client: &Client, _: &str) -> raindrop::Result<()> {
    /// #     let event = AiEvent {
    /// #         user_id: "user_123".into(), event: "greeting".into(), output: "Hello!".into(), ..Default::default()
    /// #     };
    /// #     client.track_ai(event).await.map(drop)
    /// # }
    /// # async fn test() -> raindrop::Result<()> {
    /// let (client, capture) = Client::capture()?;
    /// greet(&client, "user_123").await?;
    ///
    /// let recorded = capture.recorded();
    /// assert_eq!(recorded.events[0]["user_id"], "user_123");
    /// assert_eq!(recorded.events[0]["ai_data"]["output"], "Hello!");
    /// # Ok(())
    /// # }
    /// # std::task::Poll::is_ready(&std::pin::pin!(test()).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())));
    /// ```
    ///
    /// # Errors
    /// None, with the default settings.
    pub fn capture() -> Result<(Client, Capture)> {
        Client::builder().capture()
    }
}

impl ClientBuilder {
    /// Builds a client that sends nothing, like [`Client::capture`], with these settings.
    ///
    /// # Errors
    /// As for [`build`](ClientBuilder::build).
    pub fn capture(self) -> Result<(Client, Capture)> {
        let store = Arc::new(Store::default());
        let client = self.write_key("captured").disable_local_workshop().capturing(Arc::clone(&store) as _).build()?;
        Ok((client.clone(), Capture { client, store }))
    }
}

/// What a capturing client records. A handle: clones read the same.
#[derive(Clone)]
pub struct Capture {
    client: Client,
    store: Arc<Store>,
}

/// What was recorded, as the backend would keep it. The values are the JSON of the wire.
#[derive(Debug, Default, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// Complete events, from `track_event` and `track_ai`, in their order.
    pub events: Vec<Value>,
    /// Interactions, each with everything that was said of it; `is_pending` is `false` once it is finished.
    pub interactions: Vec<Value>,
    /// Signals, in their order.
    pub signals: Vec<Value>,
    /// Users, in their order.
    pub users: Vec<Value>,
    /// Spans, in the order in which they ended.
    pub spans: Vec<RecordedSpan>,
}

impl Capture {
    /// Everything recorded so far. What a [`scope`](Client::scope) holds is in it once the scope is closed, and a span once
    /// it has ended.
    ///
    /// A value that is nested more than a hundred levels deep is left out, with all that a request would carry beside it.
    pub fn recorded(&self) -> Recorded {
        // Without a network a flush is over when it is first polled.
        let _ = pin!(self.client.flush()).poll(&mut Context::from_waker(Waker::noop()));
        let mut recorded = Recorded::default();
        for (route, body) in self.store.requests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            recorded.add(route, body);
        }
        recorded
    }

    /// Forgets what was recorded so far.
    pub fn clear(&self) {
        let _ = pin!(self.client.flush()).poll(&mut Context::from_waker(Waker::noop()));
        self.store.requests.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").finish_non_exhaustive()
    }
}

/// The requests that would have been made.
#[derive(Default)]
struct Store {
    requests: Mutex<Vec<(&'static str, Vec<u8>)>>,
}

impl Sink for Store {
    fn take(&self, route: &'static str, body: Vec<u8>) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push((route, body));
    }
}
