//! What a test reads back.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

/// One ingestion request as it came in, whatever became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// Always `POST`.
    pub method: String,
    /// The whole path, prefix included.
    pub path: String,
    /// The route without its prefix, such as `events/track`.
    pub route: String,
    /// By lower-case name; several values of one name are joined with `, `.
    pub headers: BTreeMap<String, String>,
    /// The body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// What was answered: `None` for a hang, for a reset, and while a delay lasts.
    pub status: Option<u16>,
    /// What the checks found wrong, also when a fault decided on the answer.
    pub error: Option<String>,
    /// How many ingestion requests were being handled when this one arrived, itself included.
    pub concurrent: usize,
}

impl Request {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When the body is not JSON, or says a key of an object twice.
    pub fn json(&self) -> Value {
        match crate::json::parse(self.body.as_bytes()) {
            Ok(value) => value,
            Err(error) => panic!("the body of {} is not JSON ({error}): {}", self.path, self.body),
        }
    }

    /// A header's value by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What was accepted, which means answered with a 2xx status.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Received {
    /// The complete events of `events/track`, one by one.
    pub events: Vec<Value>,
    /// The objects of `events/track_partial`, each as it came.
    pub partials: Vec<Value>,
    /// The partials merged by `event_id`, the way the backend does it.
    pub interactions: BTreeMap<String, Value>,
    /// The signals, one by one.
    pub signals: Vec<Value>,
    /// The users, one by one.
    pub users: Vec<Value>,
    /// The spans that the backend would keep.
    pub spans: Vec<Span>,
    /// The spans that the backend would silently drop, because nothing in them says that they are
    /// about AI.
    pub filtered_spans: Vec<Span>,
    /// The live messages (Workshop only).
    pub live: Vec<Value>,
}

/// A span out of an OTLP body, in plain terms.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// 32 lower-case hex digits.
    pub trace_id: String,
    /// 16 lower-case hex digits.
    pub span_id: String,
    /// 16 lower-case hex digits; `None` on a root.
    pub parent_span_id: Option<String>,
    /// The span's name.
    pub name: String,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch.
    pub end_unix_nano: u64,
    /// 1 is ok, 2 is an error.
    pub status_code: u64,
    /// Only on an error.
    pub status_message: Option<String>,
    /// Plain values: a `stringValue` is a string here, an `intValue` a number, an `arrayValue` an
    /// array.
    pub attributes: BTreeMap<String, Value>,
    /// `service.name` of the resource.
    pub service_name: String,
}

/// What a well-formed request brought.
#[derive(Debug)]
pub(crate) enum Content {
    Events(Vec<Value>),
    Partial { event_id: String, object: Map<String, Value> },
    Signals(Vec<Value>),
    Users(Vec<Value>),
    Spans { kept: Vec<Span>, filtered: Vec<Span> },
    Live(Value),
}

impl Received {
    pub(crate) fn accept(&mut self, content: Content) {
        match content {
            Content::Events(events) => self.events.extend(events),
            Content::Signals(signals) => self.signals.extend(signals),
            Content::Users(users) => self.users.extend(users),
            Content::Live(message) => self.live.push(message),
            Content::Spans { kept, filtered } => {
                self.spans.extend(kept);
                self.filtered_spans.extend(filtered);
            }
            Content::Partial { event_id, object } => {
                self.partials.push(Value::Object(object.clone()));
                let merged = self.interactions.entry(event_id).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(merged) = merged {
                    merge(merged, object);
                }
            }
        }
    }
}

/// Scalars: the last write wins. Objects: key by key, one level deep. Attachments: appended.
fn merge(merged: &mut Map<String, Value>, partial: Map<String, Value>) {
    for (key, value) in partial {
        match (key.as_str(), merged.get_mut(&key), value) {
            ("ai_data" | "properties" | "feature_flags", Some(Value::Object(old)), Value::Object(new)) => {
                old.extend(new)
            }
            ("attachments", Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (_, _, value) => {
                merged.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Content, Received};

    fn accept(received: &mut Received, partial: Value) {
        let object: Map<String, Value> = serde_json::from_value(partial).unwrap();
        let event_id = object["event_id"].as_str().unwrap().to_owned();
        received.accept(Content::Partial { event_id, object });
    }

    #[test]
    fn partials_of_one_event_merge_and_others_stay_apart() {
        let mut received = Received::default();
        accept(
            &mut received,
            json!({"event_id": "a", "event": "x", "is_pending": true,
                "ai_data": {"input": "hi", "model": "m"},
                "properties": {"p": {"deep": 1}, "q": 1}, "attachments": [1],
                "feature_flags": {"f": "on"}}),
        );
        accept(&mut received, json!({"event_id": "b", "is_pending": true}));
        accept(
            &mut received,
            json!({"event_id": "a", "event": "y", "is_pending": false,
                "ai_data": {"output": "ho", "model": "n"},
                "properties": {"p": {"other": 2}}, "attachments": [2],
                "feature_flags": {"g": "off"}}),
        );
        assert_eq!(received.partials.len(), 3);
        assert_eq!(received.interactions.len(), 2);
        assert_eq!(
            received.interactions["a"],
            json!({"event_id": "a", "event": "y", "is_pending": false,
                "ai_data": {"input": "hi", "output": "ho", "model": "n"},
                "properties": {"p": {"other": 2}, "q": 1}, "attachments": [1, 2],
                "feature_flags": {"f": "on", "g": "off"}}),
        );
    }
}
