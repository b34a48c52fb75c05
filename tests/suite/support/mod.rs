//! What every test of the crate starts from: the local ingestion server, and a client that sends to it.

use std::collections::BTreeMap;
use std::io::Write;
use std::pin::pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};

use raindrop::{AiEvent, Client, ClientBuilder, SpanOptions, VERSION};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

pub const WRITE_KEY: &str = "rk_test_key";

/// A builder whose client sends to `server` and mirrors nothing.
pub fn builder(server: &IngestServer) -> ClientBuilder {
    Client::builder().write_key(WRITE_KEY).endpoint(server.endpoint()).disable_local_workshop()
}

/// A server, and a client of it with the default settings.
pub async fn start() -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    (server, client)
}

/// Asserts that every request, whatever was answered, had nothing wrong with it.
pub fn assert_well_formed(server: &IngestServer) {
    for request in server.requests() {
        assert_eq!(request.error, None, "{}: {}", request.path, request.body);
    }
}

/// An event that is complete, by its id.
pub fn ai_event(event_id: impl Into<String>) -> AiEvent {
    AiEvent {
        event_id: event_id.into(),
        user_id: "user_1".into(),
        event: "chat".into(),
        input: "What is the capital of France?".into(),
        output: "Paris.".into(),
        ..AiEvent::default()
    }
}

/// What the SDK says of itself with each event, as `properties.$context`.
pub fn context() -> Value {
    json!({
        "library": {"name": "raindrop-rust", "version": VERSION},
        "metadata": {"language": "rust", "runtime": "native"},
    })
}

/// Records a span that has just ended.
pub fn span(client: &Client, name: impl Into<String>) {
    client.start_span(SpanOptions { name: name.into(), event_id: "evt_1".into(), ..SpanOptions::default() }).end();
}

/// The event ids of records, in their order.
pub fn event_ids<'a>(records: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    records.into_iter().map(|record| record["event_id"].as_str().unwrap().to_owned()).collect()
}

/// Properties, traits or feature flags.
pub fn map<T, const N: usize>(entries: [(&str, T); N]) -> BTreeMap<String, T> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// 2025-01-02T03:04:05.678Z.
pub fn moment() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(1_735_787_045_678_000_000).unwrap()
}

/// The one span of this name that arrived, kept by the backend or not.
pub fn span_named(server: &IngestServer, name: &str) -> raindrop_ingest::Span {
    let received = server.received();
    let mut named = received.spans.into_iter().chain(received.filtered_spans).filter(|span| span.name == name);
    let span = named.next().unwrap_or_else(|| panic!("no span {name:?} arrived"));
    assert!(named.next().is_none(), "span {name:?} arrived more than once");
    span
}

/// What a call answers that never waits: its future is ready when it is first polled.
pub fn at_once<F: Future>(call: F) -> F::Output {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the call waits"),
    }
}

/// What this thread logs, the libraries underneath included, at any level, while the guard lives.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        // Of a subscriber that is the only one, the first thread to log something decides for all whether it is heard.
        static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));
        LazyLock::force(&ANOTHER);
        // Fails when it has been done.
        let _ = tracing_log::LogTracer::init();
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (log, guard)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// How many warnings say this.
    pub fn warnings(&self, text: &str) -> usize {
        self.text().lines().filter(|line| line.contains("WARN") && line.contains(text)).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
