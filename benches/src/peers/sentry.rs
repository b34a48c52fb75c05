//! sentry, every transaction sampled, with a transport that discards.

use std::sync::Arc;

use sentry::{Client, ClientOptions, Envelope, Hub, Scope, TransactionContext, Transport};
use serde_json::Value;

use super::llm_attributes;
use crate::sample::{self, array};

struct Discard;

impl Transport for Discard {
    fn send_envelope(&self, envelope: Envelope) {
        drop(envelope);
    }
}

pub fn client() -> Client {
    let mut options = ClientOptions::default().traces_sample_rate(1.0).transport(Arc::new(Discard));
    options.dsn = "https://key@sentry.invalid/1".parse().ok();
    Client::from(options)
}

pub struct Sdk(Hub);

impl Sdk {
    pub fn new() -> Self {
        Self(Hub::new(Some(Arc::new(client())), Arc::new(Scope::default())))
    }

    fn transaction(&self, name: &str, attributes: impl IntoIterator<Item = (&'static str, Value)>) {
        let transaction = self.0.start_transaction(TransactionContext::new(name, "ai"));
        for (key, value) in attributes {
            transaction.set_data(key, value);
        }
        transaction.finish();
    }

    pub fn span(&self) {
        self.transaction("search help center", sample::attributes!(array! |key, value: &str| (key, value.into())));
    }

    pub fn llm_span(&self) {
        let texts = llm_attributes!(|key: &'static str, value: String| (key, Value::from(value)));
        let tokens = [("gen_ai.usage.input_tokens", 412.into()), ("gen_ai.usage.output_tokens", 57.into())];
        self.transaction("answer", texts.into_iter().chain(tokens));
    }

    pub fn tool_span(&self, input: &Value, output: &Value) {
        self.transaction(
            "track parcel",
            [
                ("traceloop.span.kind", "tool".into()),
                ("ai.operationId", "ai.toolCall".into()),
                ("traceloop.entity.name", "track parcel".into()),
                ("traceloop.entity.input", input.to_string().into()),
                ("traceloop.association.properties.event_id", sample::EVENT_ID.into()),
                ("traceloop.entity.output", output.to_string().into()),
                ("traceloop.entity.duration_ms", 0.into()),
            ],
        );
    }

    /// What an interaction is without interactions: a transaction that gathers data.
    pub fn interaction(&self) {
        let properties = sample::pairs().into_iter().skip(1).map(|(key, value)| (key, Value::from(value)));
        let texts = [
            ("user_id", sample::USER_ID.into()),
            ("input", sample::QUESTION.into()),
            ("model", sample::MODEL.into()),
            ("convo_id", sample::CONVERSATION_ID.into()),
            ("output", sample::ANSWER.into()),
        ];
        self.transaction("support_chat", texts.into_iter().chain(properties));
    }
}

impl Default for Sdk {
    fn default() -> Self {
        Self::new()
    }
}
