//! fastrace with a reporter that discards. It is global: one for the process.

use fastrace::Span;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use serde_json::Value;

use super::llm_attributes;
use crate::sample::{self, array};

struct Discard;

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        drop(spans);
    }
}

pub fn start() {
    fastrace::set_reporter(Discard, Config::default());
}

pub fn flush() {
    fastrace::flush();
}

pub fn span() {
    let span = Span::root("search help center", SpanContext::random());
    span.add_properties(|| sample::attributes!(array! |key, value: &str| (key, value.to_owned())));
}

pub fn llm_span() {
    let span = Span::root("answer", SpanContext::random());
    span.add_properties(|| llm_attributes!(|key: &'static str, value: String| (key, value)));
    span.add_property(|| ("gen_ai.usage.input_tokens", 412.to_string()));
    span.add_property(|| ("gen_ai.usage.output_tokens", 57.to_string()));
}

pub fn tool_span(input: &Value, output: &Value) {
    let span = Span::root("track parcel", SpanContext::random());
    span.add_properties(|| {
        [
            ("traceloop.span.kind", "tool".to_owned()),
            ("ai.operationId", "ai.toolCall".to_owned()),
            ("traceloop.entity.name", "track parcel".to_owned()),
            ("traceloop.entity.input", input.to_string()),
            ("traceloop.association.properties.event_id", sample::EVENT_ID.to_owned()),
        ]
    });
    span.add_property(|| ("traceloop.entity.output", output.to_string()));
    span.add_property(|| ("traceloop.entity.duration_ms", 0.to_string()));
}

/// What an interaction is without interactions: a span that gathers properties.
pub fn interaction() {
    let span = Span::root("support_chat", SpanContext::random());
    span.add_properties(|| {
        [
            ("user_id", sample::USER_ID.to_owned()),
            ("input", sample::QUESTION.to_owned()),
            ("model", sample::MODEL.to_owned()),
            ("convo_id", sample::CONVERSATION_ID.to_owned()),
        ]
    });
    for (key, value) in &sample::pairs()[1..] {
        span.add_property(|| (*key, value.to_string()));
    }
    span.add_property(|| ("output", sample::ANSWER.to_owned()));
}
