use std::io::Write;

use super::body::Envelope;
use super::fit::fit;
use super::json::{self, Object};
use super::{Encoding, TextCap, base64};
use crate::records::{
    AttributeValue, Detail, Json, LlmFields, LlmMessage, Prompt, Properties, RecordKind, SpanFields, SpanRecord,
    SpanStatusCode, ToolFields,
};

const ASSOCIATION: &str = "traceloop.association.properties.";
/// The backend refuses a span without a name.
const UNNAMED: &str = "unnamed";
const NANOS_PER_MILLI: u64 = 1_000_000;

/// An element of `spans` in a trace request. `None` when it is too large and has no text left to shorten.
pub(crate) fn span(span: &SpanRecord<'_>, encoding: &Encoding) -> Option<Vec<u8>> {
    let limit = Envelope::of(RecordKind::Span, &encoding.trace_prefix, 1).max_record();
    let attribute_cap = encoding.text_cap;
    fit(limit, attribute_cap, Vec::len, |cap| encode(span, cap, attribute_cap))
}

/// Whether the backend keeps the span: it silently drops one that has nothing to do with a model, a tool or an event.
pub(crate) fn has_ai_operation(span: &SpanRecord<'_>) -> bool {
    let SpanRecord { identity, sticky, fields, .. } = span;
    const KEPT: [&str; 3] = ["user_id", "convo_id", "event_id"];
    let keeps = |key: &str| {
        key.starts_with("gen_ai.")
            || matches!(key, "ai.operationId" | "traceloop.span.kind" | "traceloop.workflow.name")
            || key.strip_prefix(ASSOCIATION).is_some_and(|name| KEPT.contains(&name))
    };
    let says = |properties: &Properties, name: &str| properties.get(name).is_some_and(|value| !value.is_null());
    let associated = |name: &&str| says(&fields.properties, name) || sticky.is_some_and(|sticky| says(sticky, name));
    !matches!(fields.detail, Detail::Plain)
        || !fields.operation_id.is_empty()
        || ![&identity.event_id, &identity.user_id, &identity.convo_id].iter().all(|text| text.is_empty())
        || KEPT.iter().any(associated)
        || fields.attributes.iter().any(|attribute| keeps(&attribute.key))
        || fields.json_attributes.iter().any(|(key, _)| keeps(key))
}

/// `cap` is that of each text; `attribute_cap` that of an attribute which holds several.
fn encode(span: &SpanRecord<'_>, cap: TextCap, attribute_cap: TextCap) -> Vec<u8> {
    let mut out = Vec::with_capacity(estimate(span.fields, cap));
    out.extend_from_slice(br#"{"traceId":""#);
    base64::encode(&mut out, &span.ids.trace);
    out.extend_from_slice(br#"","spanId":""#);
    base64::encode(&mut out, &span.ids.span);
    if let Some(parent) = span.ids.parent {
        out.extend_from_slice(br#"","parentSpanId":""#);
        base64::encode(&mut out, &parent);
    }
    out.extend_from_slice(br#"","name":"#);
    json::string(&mut out, if span.name.is_empty() { UNNAMED } else { span.name });
    out.extend_from_slice(br#","startTimeUnixNano":""#);
    json::unsigned(&mut out, span.start);
    out.extend_from_slice(br#"","endTimeUnixNano":""#);
    json::unsigned(&mut out, span.end.max(span.start));
    out.extend_from_slice(br#"","attributes":["#);
    attributes(&mut out, span, cap, attribute_cap);
    out.extend_from_slice(br#"],"status":{"code":"#);
    match &span.fields.error {
        None => json::unsigned(&mut out, SpanStatusCode::Ok as u64),
        Some(message) => {
            json::unsigned(&mut out, SpanStatusCode::Error as u64);
            out.extend_from_slice(br#","message":"#);
            json::text(&mut out, message, cap);
        }
    }
    out.extend_from_slice(b"}}");
    out
}

/// About how long the encoded span is, so that its buffer is allocated once.
fn estimate(fields: &SpanFields, cap: TextCap) -> usize {
    const FIXED: usize = 512;
    const PER_ATTRIBUTE: usize = 64;
    let attributes = fields.attributes.iter().map(|attribute| match &attribute.value {
        AttributeValue::String(text) => text.len().min(cap.0).saturating_add(PER_ATTRIBUTE),
        _ => PER_ATTRIBUTE.saturating_mul(2),
    });
    let detail = match &fields.detail {
        Detail::Plain => 0,
        Detail::Tool(_) => FIXED,
        Detail::Llm(llm) => {
            let prompt = match &llm.prompt {
                Prompt::None => 0,
                Prompt::Text(text) => text.len(),
                Prompt::Messages(messages) => {
                    messages.iter().map(|message| message.content.len().saturating_add(PER_ATTRIBUTE)).sum()
                }
            };
            prompt.saturating_add(llm.output.len()).saturating_mul(2).saturating_add(FIXED.saturating_mul(3))
        }
    };
    attributes.sum::<usize>().saturating_add(detail).saturating_add(FIXED)
}

fn attributes(out: &mut Vec<u8>, span: &SpanRecord<'_>, cap: TextCap, attribute_cap: TextCap) {
    let fields = span.fields;
    let mut list = Attributes { out, own: fields, cap, attribute_cap, empty: true };
    match &fields.detail {
        Detail::Plain => list.name("ai.operationId", &fields.operation_id),
        Detail::Llm(llm) => list.llm(llm, &fields.operation_id),
        Detail::Tool(tool) => list.tool(tool, span),
    }
    list.association(span);
    for attribute in &fields.attributes {
        list.open("", &attribute.key);
        list.typed(&attribute.value);
    }
    for (key, value) in fields.json_attributes.iter().filter(|(_, value)| !value.is_null()) {
        list.open("", key);
        list.json_value(value);
    }
}

/// Writes the attributes of a span. Those that the caller set win over those that a kind of span implies.
struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    own: &'a SpanFields,
    cap: TextCap,
    attribute_cap: TextCap,
    empty: bool,
}

impl Attributes<'_> {
    fn is_set(&self, prefix: &str, key: &str) -> bool {
        let is_it = |own: &str| own.strip_prefix(prefix) == Some(key);
        self.own.attributes.iter().any(|attribute| is_it(&attribute.key))
            || self.own.json_attributes.iter().any(|(own, _)| is_it(own))
    }

    /// Writes up to the value: `{"key":"…","value":`.
    fn open(&mut self, prefix: &str, key: &str) {
        self.out.extend_from_slice(if self.empty { br#"{"key":""# } else { br#",{"key":""# });
        self.empty = false;
        self.out.extend_from_slice(prefix.as_bytes());
        json::escape(self.out, key);
        self.out.extend_from_slice(br#"","value":"#);
    }

    /// Free text, which the cap may cut.
    fn text_value(&mut self, text: &str) {
        self.out.extend_from_slice(br#"{"stringValue":"#);
        json::text(self.out, text, self.cap);
        self.out.extend_from_slice(b"}}");
    }

    /// A name or an id, which is no use in part.
    fn name_value(&mut self, name: &str) {
        self.out.extend_from_slice(br#"{"stringValue":"#);
        json::string(self.out, name);
        self.out.extend_from_slice(b"}}");
    }

    fn int_value(&mut self, int: i64) {
        self.out.extend_from_slice(br#"{"intValue":""#);
        json::signed(self.out, int);
        self.out.extend_from_slice(br#""}}"#);
    }

    fn typed(&mut self, value: &AttributeValue) {
        match value {
            AttributeValue::String(text) => self.text_value(text),
            AttributeValue::Int(int) => self.int_value(*int),
            AttributeValue::Float(float) => self.float_value(*float),
            AttributeValue::Bool(bool) => self.bool_value(*bool),
            AttributeValue::StringArray(texts) => self.array_value(texts, json::text),
        }
    }

    /// JSON has no number for NaN and the infinities, and the backend takes no null.
    fn float_value(&mut self, float: f64) {
        if float.is_finite() {
            self.out.extend_from_slice(br#"{"doubleValue":"#);
            json::float(self.out, float);
            self.out.extend_from_slice(b"}}");
        } else {
            self.name_value(if float.is_nan() {
                "NaN"
            } else if float > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            });
        }
    }

    fn bool_value(&mut self, bool: bool) {
        self.out.extend_from_slice(br#"{"boolValue":"#);
        self.out.extend_from_slice(if bool { b"true}}" } else { b"false}}" });
    }

    fn array_value<T: AsRef<str>>(&mut self, texts: &[T], write: fn(&mut Vec<u8>, &str, TextCap)) {
        self.out.extend_from_slice(br#"{"arrayValue":{"values":["#);
        for (index, text) in texts.iter().enumerate() {
            self.out.extend_from_slice(if index > 0 { br#",{"stringValue":"# } else { br#"{"stringValue":"# });
            write(self.out, text.as_ref(), self.cap);
            self.out.push(b'}');
        }
        self.out.extend_from_slice(b"]}}}");
    }

    fn name(&mut self, key: &str, name: &str) {
        self.prefixed_name("", key, name);
    }

    fn prefixed_name(&mut self, prefix: &str, key: &str, name: &str) {
        if !name.is_empty() && !self.is_set(prefix, key) {
            self.open(prefix, key);
            self.name_value(name);
        }
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() && !self.is_set("", key) {
            self.open("", key);
            self.text_value(text);
        }
    }

    /// A text that was made to fit.
    fn whole_text(&mut self, key: &str, text: &str) {
        if !self.is_set("", key) {
            self.open("", key);
            self.name_value(text);
        }
    }

    fn positive_int(&mut self, key: &str, int: i64) {
        if int > 0 && !self.is_set("", key) {
            self.open("", key);
            self.int_value(int);
        }
    }

    fn llm(&mut self, llm: &LlmFields, operation_id: &str) {
        self.name("traceloop.span.kind", "llm");
        self.name("raindrop.span.kind", "llm_call");
        self.name("ai.operationId", if operation_id.is_empty() { "ai.generateText" } else { operation_id });
        for key in ["ai.model.id", "gen_ai.request.model"] {
            self.name(key, &llm.model);
        }
        let response_model = if llm.response_model.is_empty() { &llm.model } else { &llm.response_model };
        self.name("gen_ai.response.model", response_model);
        for key in ["ai.model.provider", "gen_ai.system", "gen_ai.provider.name"] {
            self.name(key, &llm.provider);
        }
        match &llm.prompt {
            Prompt::None => {}
            Prompt::Text(text) if text.is_empty() => {}
            Prompt::Text(text) => {
                self.text("ai.prompt", text);
                self.message("gen_ai.prompt.", 0, "user", text);
            }
            Prompt::Messages(messages) => {
                self.whole_text("ai.prompt.messages", &messages_json(messages, self.cap, self.attribute_cap));
                for (index, message) in messages.iter().enumerate() {
                    self.message("gen_ai.prompt.", index, &message.role, &message.content);
                }
            }
        }
        self.text("ai.response.text", &llm.output);
        if !llm.output.is_empty() {
            self.message("gen_ai.completion.", 0, "assistant", &llm.output);
        }
        self.positive_int("gen_ai.usage.input_tokens", llm.input_tokens);
        self.positive_int("gen_ai.usage.output_tokens", llm.output_tokens);
    }

    fn message(&mut self, prefix: &str, index: usize, role: &str, content: &str) {
        let mut key = Vec::with_capacity(16);
        for (field, text) in [("role", role), ("content", content)] {
            key.clear();
            // Writing into a Vec cannot fail.
            let _ = write!(key, "{index}.{field}");
            let key = std::str::from_utf8(&key).unwrap_or_default();
            if !self.is_set(prefix, key) {
                self.open(prefix, key);
                if field == "role" {
                    self.name_value(text);
                } else {
                    self.text_value(text);
                }
            }
        }
    }

    fn tool(&mut self, tool: &ToolFields, span: &SpanRecord<'_>) {
        self.name("traceloop.span.kind", "tool");
        self.name("raindrop.span.kind", "tool_call");
        self.name("ai.operationId", "ai.toolCall");
        self.name("traceloop.entity.name", span.name);
        for (key, value) in [("traceloop.entity.input", &tool.input), ("traceloop.entity.output", &tool.output)] {
            if let Some(value) = value
                && !self.is_set("", key)
            {
                self.open("", key);
                self.json_as_text(value);
            }
        }
        let key = "traceloop.entity.duration_ms";
        if !self.is_set("", key) {
            let millis = span.end.saturating_sub(span.start) / NANOS_PER_MILLI;
            self.open("", key);
            self.int_value(i64::try_from(millis).unwrap_or(i64::MAX));
        }
    }

    /// A string as it is, anything else as compact JSON.
    fn json_as_text(&mut self, value: &Json) {
        if value.is_string() {
            self.out.extend_from_slice(br#"{"stringValue":"#);
            json::value(self.out, value, self.cap);
            self.out.extend_from_slice(b"}}");
        } else {
            self.text_value(value.as_str());
        }
    }

    fn association(&mut self, span: &SpanRecord<'_>) {
        let SpanRecord { identity, sticky, fields, .. } = span;
        let own = |key: &str| fields.properties.get(key).or_else(|| sticky.and_then(|sticky| sticky.get(key)));
        let key = "ai.telemetry.metadata.raindrop.eventId";
        match own("event_id").filter(|event_id| event_id.is_string()) {
            None => self.name(key, &identity.event_id),
            Some(event_id) if event_id.is_empty() || self.is_set("", key) => {}
            Some(event_id) => {
                self.open("", key);
                self.json_as_text(event_id);
            }
        }
        for (key, text) in [
            ("user_id", &identity.user_id),
            ("convo_id", &identity.convo_id),
            ("event", &identity.event),
            ("event_name", &identity.event),
            ("event_id", &identity.event_id),
        ] {
            if own(key).is_none() {
                self.prefixed_name(ASSOCIATION, key, text);
            }
        }
        for (key, value) in sticky.iter().flat_map(|sticky| sticky.iter()) {
            if fields.properties.get(key).is_none() {
                self.associated_value(key, value);
            }
        }
        for (key, value) in fields.properties.iter() {
            self.associated_value(key, value);
        }
    }

    fn associated_value(&mut self, key: &str, value: &Json) {
        if value.is_null() || self.is_set(ASSOCIATION, key) {
            return;
        }
        self.open(ASSOCIATION, key);
        self.json_value(value);
    }

    /// A value in the OTLP type that fits it; as text if there is none.
    fn json_value(&mut self, value: &Json) {
        match value.as_str().as_bytes().first() {
            Some(b't' | b'f') => self.verbatim(br#"{"boolValue":"#, value, b"}}"),
            Some(b'-' | b'0'..=b'9') if value.as_str().parse::<i64>().is_ok() => {
                self.verbatim(br#"{"intValue":""#, value, br#""}}"#);
            }
            Some(b'-' | b'0'..=b'9') => self.verbatim(br#"{"doubleValue":"#, value, b"}}"),
            _ => match json::strings(value) {
                Some(texts) => self.array_value(&texts, json::escaped),
                None => self.json_as_text(value),
            },
        }
    }

    fn verbatim(&mut self, before: &[u8], value: &Json, after: &[u8]) {
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(value.as_str().as_bytes());
        self.out.extend_from_slice(after);
    }
}

/// The chat as JSON text of at most `attribute_cap` code points, `cap` for each message. It stays valid JSON: the longest
/// contents are shortened.
fn messages_json(messages: &[LlmMessage], cap: TextCap, attribute_cap: TextCap) -> String {
    let encode = |cap: TextCap| {
        let mut out = Vec::with_capacity(messages.iter().map(|message| message.content.len().saturating_add(32)).sum());
        out.push(b'[');
        for (index, message) in messages.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let mut object = Object::new(&mut out);
            object.string("role", &message.role);
            json::text(object.key("content"), &message.content, cap);
            object.end();
        }
        out.push(b']');
        String::from_utf8(out).unwrap_or_default()
    };
    let code_points = |text: &String| if text.len() <= attribute_cap.0 { text.len() } else { text.chars().count() };
    fit(attribute_cap.0, cap, code_points, encode).unwrap_or_else(|| encode(TextCap(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chat_is_shortened_to_valid_json_within_the_cap() {
        let chat = [LlmMessage::system("be kind"), LlmMessage::user("é\"".repeat(500))];
        let text = messages_json(&chat, TextCap(300), TextCap(300));
        assert!((200..=300).contains(&text.chars().count()), "{}", text.chars().count());
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read[0]["content"], "be kind");
        assert!(read[1]["content"].as_str().unwrap().ends_with(super::super::text::MARKER));
    }
}
