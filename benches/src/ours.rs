//! This SDK.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use raindrop::{
    AiEvent, Attribute, BeginOptions, Client, ClientBuilder, FinishOptions, LlmMessage, LlmOptions, SpanOptions,
    ToolOptions,
};
use serde::Serialize;
use serde_json::Value;

use crate::sample;

/// Settings under which nothing is dropped, whatever is measured.
pub fn settings(spans: usize) -> ClientBuilder {
    Client::builder().write_key("rk_benchmark").disable_local_workshop().trace_max_queue_size(spans)
}

/// A client whose requests end before the network.
#[cfg(not(target_arch = "wasm32"))]
pub fn client(spans: usize) -> Client {
    let sink = |body: &[u8]| {
        SENT.fetch_add(std::hint::black_box(body).len(), Relaxed);
    };
    settings(spans).sink(sink).build().expect("the settings are valid")
}

/// Until it is known how fast the processor counts, the clock is read more often.
#[cfg(not(target_arch = "wasm32"))]
pub fn warm_up() {
    let client = client(4);
    for _ in 0..4 {
        span(&client);
        std::thread::sleep(std::time::Duration::from_millis(15));
    }
    flush(&client);
}

/// How many bytes of bodies the sinks of all clients got.
static SENT: AtomicUsize = AtomicUsize::new(0);

/// How many bytes one more record adds to what a flush sends.
pub fn encoded_bytes(client: &Client, record: impl Fn(&Client)) -> usize {
    let sent = |records| {
        (0..records).for_each(|_| record(client));
        let before = SENT.load(Relaxed);
        flush(client);
        SENT.load(Relaxed) - before
    };
    sent(2) - sent(1)
}

/// The output of a future that never waits: all of a client without a network.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Delivers everything. Returns how many records that were.
pub fn flush(client: &Client) -> u64 {
    now(client.flush()).expect("nothing fails without a network").delivered()
}

pub fn span(client: &Client) {
    let span = client.start_span(SpanOptions {
        name: "search help center".into(),
        attributes: sample::attributes!(vec! Attribute::string),
        ..Default::default()
    });
    span.end();
}

pub fn llm_span(client: &Client) {
    let call = client.start_llm_span(
        "answer",
        LlmOptions {
            model: sample::MODEL.into(),
            provider: sample::PROVIDER.into(),
            messages: vec![LlmMessage::system(sample::SYSTEM), LlmMessage::user(sample::QUESTION)],
            ..Default::default()
        },
        sample::EVENT_ID,
    );
    call.set_output(sample::ANSWER);
    call.set_token_usage(sample::ANSWERED_BY, 412, 57);
    call.end();
}

pub fn tool_span(client: &Client, input: &Value, output: &Value) {
    let options = ToolOptions { input: Some(input.clone()), ..Default::default() };
    let call = client.start_tool_span("track parcel", options, sample::EVENT_ID);
    call.set_output(output);
    call.end();
}

pub fn ai_event(input: &str, output: &str) -> AiEvent {
    AiEvent {
        user_id: sample::USER_ID.into(),
        event: "support_chat".into(),
        input: input.into(),
        output: output.into(),
        model: sample::MODEL.into(),
        convo_id: sample::CONVERSATION_ID.into(),
        ..Default::default()
    }
}

pub fn track_ai(client: &Client, event: AiEvent) {
    now(client.track_ai(event)).expect("the event is valid");
}

pub fn interaction(client: &Client) {
    let interaction = now(client.begin(BeginOptions {
        user_id: sample::USER_ID.into(),
        event: "support_chat".into(),
        input: sample::QUESTION.into(),
        model: sample::MODEL.into(),
        convo_id: sample::CONVERSATION_ID.into(),
        ..Default::default()
    }));
    for (key, value) in &sample::pairs()[1..] {
        now(interaction.set_property(*key, *value)).expect("the client is open");
    }
    now(interaction.finish(FinishOptions { output: sample::ANSWER.into(), ..Default::default() }))
        .expect("the client is open");
}

pub fn scope(client: &Client) {
    let scope = client.scope();
    now(scope.close()).expect("there is nothing to fail");
}

/// The body of [`track_ai`], for serde_json.
#[derive(Serialize)]
pub struct AiPayload {
    event_id: String,
    user_id: String,
    event: String,
    timestamp: String,
    ai_data: AiData,
    properties: Properties,
    attachments: Vec<String>,
}

#[derive(Serialize)]
struct AiData {
    input: String,
    output: String,
    model: String,
    convo_id: String,
}

#[derive(Serialize)]
struct Properties {
    #[serde(rename = "$context")]
    context: AppContext,
}

#[derive(Serialize)]
struct AppContext {
    library: Library,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Library {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Metadata {
    language: &'static str,
    runtime: &'static str,
}

impl AiPayload {
    pub fn new(event: AiEvent) -> Self {
        Self {
            event_id: sample::EVENT_ID.into(),
            user_id: event.user_id,
            event: event.event,
            timestamp: "2026-03-02T08:11:00.123456789Z".into(),
            ai_data: AiData { input: event.input, output: event.output, model: event.model, convo_id: event.convo_id },
            properties: Properties {
                context: AppContext {
                    library: Library { name: "raindrop-rust", version: raindrop::VERSION },
                    metadata: Metadata { language: "rust", runtime: "native" },
                },
            },
            attachments: Vec::new(),
        }
    }
}
