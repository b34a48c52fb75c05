//! Spans as OTLP has them in JSON.

use std::ops::Range;

use super::attributes::{ASSOCIATION, Attributes};
use super::body::Envelope;
use super::fit::{fit, record};
use super::ids::ids;
use super::json;
use super::text::MARKER;
use super::times::times;
use super::{Encoding, TextCap};
use crate::records::{Detail, LlmFields, LlmMessage, Prompt, Properties, RecordKind, SpanRecord, ToolFields};

/// The backend refuses a span without a name.
const UNNAMED: &str = "unnamed";
const NANOS_PER_MILLI: u64 = 1_000_000;

/// Adds an element of `spans` in a trace request. `false` when it is too large and has no text left to shorten.
pub(crate) fn span(out: &mut Vec<u8>, span: &SpanRecord<'_>, encoding: &Encoding) -> bool {
    let limit = max_span(encoding);
    let attribute_cap = encoding.text_cap;
    record(out, limit, attribute_cap, &|out, cap| encode(out, span, cap, attribute_cap))
}

/// How many bytes a span may have.
fn max_span(encoding: &Encoding) -> usize {
    Envelope::of(RecordKind::Span, &encoding.trace_prefix, 1).max_record()
}

/// Whether the backend keeps the span: it silently drops one that has nothing to do with a model, a tool or an event.
pub(crate) fn has_ai_operation(span: &SpanRecord<'_>) -> bool {
    let SpanRecord { identity, sticky, fields, .. } = span;
    const KEPT: [&str; 3] = ["user_id", "convo_id", "event_id"];
    const KEYS: [&str; 3] = ["ai.operationId", "traceloop.span.kind", "traceloop.workflow.name"];
    let is_one_of = |key: &[u8], names: [&str; 3]| names.iter().any(|name| name.as_bytes() == key);
    let keeps = |key: &[u8]| {
        key.starts_with(b"gen_ai.")
            || is_one_of(key, KEYS)
            || key.strip_prefix(ASSOCIATION.as_bytes()).is_some_and(|name| is_one_of(name, KEPT))
    };
    let says = |properties: &Properties, name: &str| properties.known(name).is_some();
    let associated = |name: &&str| says(&fields.properties, name) || sticky.is_some_and(|sticky| says(sticky, name));
    !matches!(fields.detail, Detail::Plain)
        || !fields.operation_id.is_empty()
        || identity.is_known()
        || fields.keys().any(keeps)
        || KEPT.iter().any(associated)
}

/// `cap` is that of each text; `attribute_cap` that of an attribute which holds several.
fn encode(out: &mut Vec<u8>, span: &SpanRecord<'_>, cap: TextCap, attribute_cap: TextCap) {
    ids(out, span.ids);
    out.extend_from_slice(br#"=","name":""#);
    json::escape(out, if span.name.is_empty() { UNNAMED } else { span.name });
    times(out, span.start, span.end.max(span.start));
    let mut attributes = Attributes::begin(out, span.fields, cap);
    match &span.fields.detail {
        Detail::Plain => name(&mut attributes, "ai.operationId", &span.fields.operation_id),
        Detail::Llm(llm) => self::llm(&mut attributes, llm, &span.fields.operation_id, attribute_cap),
        Detail::Tool(tool) => self::tool(&mut attributes, tool, span),
    }
    // Where none of these is known, to look for each name takes longer.
    if span.identity.is_known() || span.sticky.is_some() || !span.fields.properties.is_empty() {
        association(&mut attributes, span);
    }
    attributes.own();
    attributes.end();
    match &span.fields.error {
        None => out.extend_from_slice(br#"],"status":{"code":1}}"#),
        Some(message) => {
            out.extend_from_slice(br#"],"status":{"code":2,"message":"#);
            json::text(out, message, cap);
            out.extend_from_slice(b"}}");
        }
    }
}

fn name(attributes: &mut Attributes<'_>, key: &str, name: &str) {
    if !name.is_empty() && attributes.implied(key) {
        attributes.name(name);
    }
}

fn text(attributes: &mut Attributes<'_>, key: &str, text: &str) -> Option<Range<usize>> {
    attributes.implied(key).then(|| attributes.text(text))
}

fn positive_int(attributes: &mut Attributes<'_>, key: &str, int: i64) {
    if int > 0 && attributes.implied(key) {
        attributes.int(int);
    }
}

fn llm(attributes: &mut Attributes<'_>, llm: &LlmFields, operation_id: &str, attribute_cap: TextCap) {
    let response_model = if llm.response_model.is_empty() { &llm.model } else { &llm.response_model };
    for (key, value) in [
        ("traceloop.span.kind", "llm"),
        ("raindrop.span.kind", "llm_call"),
        ("ai.operationId", if operation_id.is_empty() { "ai.generateText" } else { operation_id }),
        ("ai.model.id", &llm.model),
        ("gen_ai.request.model", &llm.model),
        ("gen_ai.response.model", response_model),
        ("ai.model.provider", &llm.provider),
        ("gen_ai.system", &llm.provider),
        ("gen_ai.provider.name", &llm.provider),
    ] {
        name(attributes, key, value);
    }
    match &llm.prompt {
        Prompt::None => {}
        Prompt::Text(prompt) if prompt.is_empty() => {}
        Prompt::Text(prompt) => {
            let written = text(attributes, "ai.prompt", prompt);
            message(attributes, "gen_ai.prompt.", 0, "user", prompt, written);
        }
        Prompt::Messages(messages) => {
            if attributes.implied("ai.prompt.messages") {
                let cap = attributes.cap;
                attributes.string(|out| chat(out, messages, cap, attribute_cap));
            }
            for (index, LlmMessage { role, content }) in messages.iter().enumerate() {
                message(attributes, "gen_ai.prompt.", index, role, content, None);
            }
        }
    }
    if !llm.output.is_empty() {
        let written = text(attributes, "ai.response.text", &llm.output);
        message(attributes, "gen_ai.completion.", 0, "assistant", &llm.output, written);
    }
    positive_int(attributes, "gen_ai.usage.input_tokens", llm.input_tokens);
    positive_int(attributes, "gen_ai.usage.output_tokens", llm.output_tokens);
}

/// `written` is where the content was written before.
fn message(
    attributes: &mut Attributes<'_>,
    list: &str,
    index: usize,
    role: &str,
    content: &str,
    written: Option<Range<usize>>,
) {
    if attributes.element(list, index, ".role") {
        attributes.name(role);
    }
    if attributes.element(list, index, ".content") {
        match written {
            Some(written) => attributes.again(written),
            None => drop(attributes.text(content)),
        }
    }
}

/// The chat as JSON, itself inside a string: at most `attribute_cap` code points, `cap` for each content. It stays valid
/// JSON: the longest contents are shortened.
fn chat(out: &mut Vec<u8>, messages: &[LlmMessage], cap: TextCap, attribute_cap: TextCap) {
    let start = out.len();
    let mut write = |cap: TextCap| {
        out.truncate(start);
        out.push(b'[');
        for (index, message) in messages.iter().enumerate() {
            out.extend_from_slice(if index > 0 { br#",{\"role\":\""# } else { br#"{\"role\":\""# });
            json::escape_twice(out, &message.role);
            out.extend_from_slice(br#"\",\"content\":\""#);
            let (kept, marked) = cap.apply(&message.content);
            json::escape_twice(out, kept);
            if marked {
                out.extend_from_slice(MARKER.as_bytes());
            }
            out.extend_from_slice(br#"\"}"#);
        }
        out.push(b']');
        let written = out.get(start..).unwrap_or_default();
        // Never less than what the escapes stand for.
        if written.len() <= attribute_cap.0 { written.len() } else { json::code_points_of(written) }
    };
    if !fit(attribute_cap.0, cap, &mut write) {
        write(TextCap(0));
    }
}

fn tool(attributes: &mut Attributes<'_>, tool: &ToolFields, span: &SpanRecord<'_>) {
    name(attributes, "traceloop.span.kind", "tool");
    name(attributes, "raindrop.span.kind", "tool_call");
    name(attributes, "ai.operationId", "ai.toolCall");
    name(attributes, "traceloop.entity.name", span.name);
    for (key, value) in [("traceloop.entity.input", &tool.input), ("traceloop.entity.output", &tool.output)] {
        if let Some(value) = value
            && attributes.implied(key)
        {
            attributes.json_as_text(value);
        }
    }
    if attributes.implied("traceloop.entity.duration_ms") {
        let millis = span.end.saturating_sub(span.start) / NANOS_PER_MILLI;
        attributes.int(i64::try_from(millis).unwrap_or(i64::MAX));
    }
}

fn association(attributes: &mut Attributes<'_>, span: &SpanRecord<'_>) {
    let SpanRecord { identity, sticky, fields, .. } = span;
    let own = |key: &str| fields.properties.known(key).or_else(|| sticky.and_then(|sticky| sticky.known(key)));
    let key = "ai.telemetry.metadata.raindrop.eventId";
    match own("event_id").filter(|event_id| event_id.is_string()) {
        None => name(attributes, key, &identity.event_id),
        Some(event_id) if !event_id.is_empty() && attributes.implied(key) => attributes.json_as_text(event_id),
        Some(_) => {}
    }
    for (key, text) in [
        ("user_id", &identity.user_id),
        ("convo_id", &identity.convo_id),
        ("event", &identity.event),
        ("event_name", &identity.event),
        ("event_id", &identity.event_id),
    ] {
        if !text.is_empty() && own(key).is_none() && attributes.associated(key) {
            attributes.name(text);
        }
    }
    let inherited = sticky.iter().flat_map(|sticky| sticky.iter());
    let inherited = inherited.filter(|(key, _)| fields.properties.known(key).is_none());
    for (key, value) in inherited.chain(fields.properties.iter()) {
        if !value.is_null() && attributes.associated(key) {
            attributes.json(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chat_is_shortened_to_valid_json_within_the_cap() {
        let messages = [LlmMessage::system("be kind"), LlmMessage::user("é\"\u{1}\n".repeat(500))];
        let mut out = b"\"".to_vec();
        chat(&mut out, &messages, TextCap(300), TextCap(300));
        out.push(b'"');
        let text: String = serde_json::from_slice(&out).unwrap();
        assert!((200..=300).contains(&text.chars().count()), "{}", text.chars().count());
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read[0]["content"], "be kind");
        assert!(read[1]["content"].as_str().unwrap().ends_with(MARKER));
    }
}
