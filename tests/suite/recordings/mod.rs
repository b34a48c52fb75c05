//! The recordings, and how they are compared with what this SDK sends.

use std::collections::BTreeMap;

use raindrop::Client;
use raindrop_ingest::{IngestServer, Received};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::support::{assert_well_formed, moment};

pub const RUST: &str = include_str!("rust.json");
pub const JS: &str = include_str!("js.json");
pub const PYTHON: &str = include_str!("python.json");

pub fn requests(sdk: &str, scenario: &str) -> Vec<Value> {
    let recordings: Value = serde_json::from_str(sdk).unwrap();
    recordings[scenario].as_array().unwrap().clone()
}

/// The records of every body that a path ends with; a body is one record or an array of them.
pub fn recorded(sdk: &str, scenario: &str, route: &str) -> Vec<Value> {
    let of_route = |request: &Value| request["path"].as_str().unwrap().ends_with(route);
    let bodies = requests(sdk, scenario).into_iter().filter(of_route).map(|mut request| request["body"].take());
    let records: Vec<_> =
        bodies.flat_map(|body| if let Value::Array(records) = body { records } else { vec![body] }).collect();
    assert!(!records.is_empty(), "{scenario} has nothing for {route}");
    records
}

/// An event without what each SDK says of itself, and with generated values replaced.
pub fn normal(mut event: Value) -> Value {
    let fields = event.as_object_mut().unwrap();
    let at = |text: &Value| OffsetDateTime::parse(text.as_str().unwrap(), &Rfc3339).unwrap();
    let is_given = fields.get("timestamp").is_some_and(|text| at(text) == moment());
    fields.insert("timestamp".into(), json!(if is_given { "given" } else { "generated" }));
    if Uuid::parse_str(fields["event_id"].as_str().unwrap()).is_ok() {
        fields.insert("event_id".into(), json!("generated"));
    }
    fields["properties"].as_object_mut().unwrap().remove("$context");
    // Python says null for no attachments.
    if fields["attachments"].is_null() {
        fields["attachments"] = json!([]);
    }
    event
}

/// The official Rust SDK sends complete events as final partials; ours are elements of an `events/track` array.
pub fn complete(partials: Vec<Value>) -> Vec<Value> {
    let complete = |partial: Value| {
        let mut event = normal(partial);
        assert_eq!(event.as_object_mut().unwrap().remove("is_pending"), Some(json!(false)));
        event
    };
    partials.into_iter().map(complete).collect()
}

pub async fn close(server: &IngestServer, client: &Client) -> Received {
    client.close().await.unwrap();
    assert_well_formed(server);
    server.received()
}

pub fn normal_all(events: Vec<Value>) -> Vec<Value> {
    events.into_iter().map(normal).collect()
}

pub fn sent_traces(server: &IngestServer) -> Vec<Value> {
    server.requests_to("traces").iter().map(|request| request.json()).collect()
}

/// What can be compared of spans: by name, their parent's name, status and attributes. Ids and times are random.
pub fn spans(bodies: Vec<Value>) -> BTreeMap<String, Value> {
    let spans: Vec<Value> = bodies
        .into_iter()
        .flat_map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone())
        .collect();
    let name_of = |id: &Value| spans.iter().find(|span| &span["spanId"] == id).map(|span| span["name"].clone());
    // Keys that other readers want too, which the official Rust SDK does not send.
    let ours =
        ["traceloop.association.properties.event_name", "raindrop.span.kind", "gen_ai.provider.name"].map(Value::from);
    let attributes = |span: &Value| -> BTreeMap<String, Value> {
        let all = span["attributes"].as_array().unwrap().iter().filter(|attribute| !ours.contains(&attribute["key"]));
        all.map(|attribute| (attribute["key"].as_str().unwrap().to_owned(), attribute["value"].clone())).collect()
    };
    let named = spans.iter().map(|span| {
        let parent = span.get("parentSpanId").and_then(name_of);
        let content = json!({"parent": parent, "status": span["status"], "attributes": attributes(span)});
        (span["name"].as_str().unwrap().to_owned(), content)
    });
    named.collect()
}
