//! Request bodies, read back.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Recorded;

/// A span that has ended.
#[derive(Debug, Default, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecordedSpan {
    /// What the span was called.
    pub name: String,
    /// The trace that it is a part of, as the wire has it: 16 bytes in base64.
    pub trace_id: String,
    /// 8 bytes in base64.
    pub span_id: String,
    /// The span that it is a part of; empty for the first of a trace.
    pub parent_span_id: String,
    /// When it started, in nanoseconds since the Unix epoch.
    pub start_nanos: u64,
    /// When it ended, in nanoseconds since the Unix epoch.
    pub end_nanos: u64,
    /// What went wrong, if anything did.
    pub error: Option<String>,
    /// Everything else, by its name on the wire, as plain values.
    pub attributes: BTreeMap<String, Value>,
}

impl Recorded {
    pub(super) fn add(&mut self, route: &str, body: &[u8]) {
        match (route, serde_json::from_slice(body).unwrap_or_default()) {
            ("events/track", Value::Array(events)) => self.events.extend(events),
            ("signals/track", Value::Array(signals)) => self.signals.extend(signals),
            ("users/identify", Value::Array(users)) => self.users.extend(users),
            ("events/track_partial", Value::Object(partial)) => self.merge(partial),
            ("traces", traces) => {
                let spans = traces.pointer("/resourceSpans/0/scopeSpans/0/spans").and_then(Value::as_array);
                self.spans.extend(spans.into_iter().flatten().map(span));
            }
            _ => {}
        }
    }

    /// Like the backend: what is said later wins, objects merge by key, attachments add up.
    fn merge(&mut self, partial: Map<String, Value>) {
        let id = partial.get("event_id");
        let known = self.interactions.iter_mut().filter_map(Value::as_object_mut).find(|it| it.get("event_id") == id);
        let Some(known) = known else {
            self.interactions.push(Value::Object(partial));
            return;
        };
        for (key, value) in partial {
            match (known.get_mut(&key), value) {
                (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
                (Some(slot), value) => *slot = value,
                (None, value) => drop(known.insert(key, value)),
            }
        }
    }
}

fn span(span: &Value) -> RecordedSpan {
    let at = |pointer: &str| span.pointer(pointer).and_then(Value::as_str);
    let text = |pointer: &str| at(pointer).unwrap_or_default().to_owned();
    let number = |pointer: &str| at(pointer).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    let attributes = span.pointer("/attributes").and_then(Value::as_array).into_iter().flatten();
    let attribute = |it: &Value| Some((it.get("key")?.as_str()?.to_owned(), plain(it.get("value")?)));
    RecordedSpan {
        name: text("/name"),
        trace_id: text("/traceId"),
        span_id: text("/spanId"),
        parent_span_id: text("/parentSpanId"),
        start_nanos: number("/startTimeUnixNano"),
        end_nanos: number("/endTimeUnixNano"),
        error: at("/status/message").map(str::to_owned),
        attributes: attributes.filter_map(attribute).collect(),
    }
}

/// The value in `{"intValue":"1"}` and its kind.
fn plain(typed: &Value) -> Value {
    let Some((kind, value)) = typed.as_object().and_then(|typed| typed.iter().next()) else { return Value::Null };
    match (kind.as_str(), value) {
        ("intValue", Value::String(digits)) => digits.parse::<i64>().map_or(Value::Null, Value::from),
        ("arrayValue", list) => list.get("values").and_then(Value::as_array).into_iter().flatten().map(plain).collect(),
        _ => value.clone(),
    }
}
