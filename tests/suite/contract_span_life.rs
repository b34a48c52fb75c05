//! From a span's start to its end: what still changes it, what no longer does, and what ends it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{assert_well_formed, map, moment, span_named, start};
use raindrop::{Attribute, Client, LlmOptions, Span, SpanOptions, ToolOptions, TrackToolOptions};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use time::OffsetDateTime;

const MOMENT: u64 = 1_735_787_045_678_000_000;
const MILLI: u64 = 1_000_000;

fn named(name: &str) -> SpanOptions {
    SpanOptions { name: name.into(), event_id: "evt_1".into(), ..SpanOptions::default() }
}

async fn flush(server: &IngestServer, client: &Client) {
    client.flush().await.unwrap();
    assert_well_formed(server);
}

fn times(server: &IngestServer, name: &str) -> (u64, u64) {
    let span = span_named(server, name);
    (span.start_unix_nano, span.end_unix_nano)
}

fn own_attributes(server: &IngestServer, name: &str) -> BTreeMap<String, Value> {
    let mut attributes = span_named(server, name).attributes;
    attributes.retain(|key, _| !key.contains('.'));
    attributes
}

#[tokio::test]
async fn a_span_lasts_from_its_start_to_its_end() {
    let (server, client) = start().await;
    let now = || u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos()).unwrap();
    let before = now();
    let span = client.start_span(named("now"));
    let between = now();
    span.end();
    let after = now();
    let span = client.start_span(SpanOptions { start_time: Some(moment()), ..named("given") });
    span.end_at(Some(moment() + Duration::from_millis(250)));
    flush(&server, &client).await;
    let (start, end) = times(&server, "now");
    // Where the system's clock counts microseconds, spans do not.
    const MICRO: u64 = 1_000;
    assert!((before - MICRO..=between + MICRO).contains(&start) && (between - MICRO..=after + MICRO).contains(&end));
    assert_eq!(times(&server, "given"), (MOMENT, MOMENT + 250 * MILLI));
}

#[tokio::test]
async fn the_end_is_never_before_the_start() {
    let (server, client) = start().await;
    let early = Some(moment() - Duration::from_secs(1));
    let start_time = Some(moment());
    client.start_span(SpanOptions { start_time, ..named("plain") }).end_at(early);
    client.start_llm_span("llm", LlmOptions { start_time, ..LlmOptions::default() }, "evt_1").end_at(early);
    client.start_tool_span("tool", ToolOptions { start_time, ..ToolOptions::default() }, "evt_1").end_at(early);
    flush(&server, &client).await;
    for name in ["plain", "llm", "tool"] {
        assert_eq!(times(&server, name), (MOMENT, MOMENT), "{name}");
    }
    assert_eq!(span_named(&server, "tool").attributes["traceloop.entity.duration_ms"], 0);
}

#[tokio::test]
async fn a_later_set_of_an_attribute_replaces_the_earlier() {
    let (server, client) = start().await;
    let attributes = vec![Attribute::int("a", 1), Attribute::int("b", 1), Attribute::int("a", 2)];
    let span = client.start_span(SpanOptions { attributes, ..named("work") });
    span.set_attributes([Attribute::string("b", "two"), Attribute::bool("c", true)]);
    span.set_attributes([Attribute::string_array("c", ["three"])]);
    span.end();
    flush(&server, &client).await;
    assert_eq!(json!(own_attributes(&server, "work")), json!({"a": 2, "b": "two", "c": ["three"]}));
}

#[tokio::test]
async fn keys_of_any_length_are_sent_whole_and_replace_only_themselves() {
    let (server, client) = start().await;
    let keys: Vec<String> = (1..64).map(|length| "ké\"y".chars().cycle().take(length).collect()).collect();
    let numbered =
        |numbers: std::ops::Range<i64>| keys.iter().zip(numbers).map(|(key, number)| Attribute::int(key, number));
    let span = client.start_span(SpanOptions { attributes: numbered(0..63).collect(), ..named("work") });
    span.set_attributes(numbered(100..163));
    span.end();
    flush(&server, &client).await;
    let sent: BTreeMap<String, Value> = keys.iter().cloned().zip((100..163).map(Value::from)).collect();
    assert_eq!(own_attributes(&server, "work"), sent);
}

#[tokio::test]
async fn an_attribute_with_the_key_of_another_field_replaces_it() {
    let (server, client) = start().await;
    let properties = map([("k", json!("property"))]);
    let span = client.start_span(SpanOptions { operation_id: "ai.workflow".into(), properties, ..named("work") });
    span.set_attributes([
        Attribute::string("ai.operationId", "ai.retrieval"),
        Attribute::string("traceloop.association.properties.k", "attribute"),
        Attribute::string("traceloop.association.properties.event_id", "evt_2"),
    ]);
    span.end();
    flush(&server, &client).await;
    let attributes = span_named(&server, "work").attributes;
    assert_eq!(attributes["ai.operationId"], "ai.retrieval");
    assert_eq!(attributes["traceloop.association.properties.k"], "attribute");
    assert_eq!(attributes["traceloop.association.properties.event_id"], "evt_2");
}

#[tokio::test]
async fn a_second_end_and_whatever_is_set_after_the_end_do_nothing() {
    let (server, client) = start().await;
    let start_time = Some(moment());
    let end_time = Some(moment() + Duration::from_millis(1));
    let span = client.start_span(SpanOptions { start_time, ..named("plain") });
    let llm = client.start_llm_span("llm", LlmOptions { start_time, ..LlmOptions::default() }, "evt_1");
    let tool = client.start_tool_span("tool", ToolOptions { start_time, ..ToolOptions::default() }, "evt_1");
    span.end_at(end_time);
    llm.end_at(end_time);
    tool.end_at(end_time);

    span.set_attributes([Attribute::int("late", 1)]);
    span.set_token_usage("late", 1, 1);
    span.set_error("late");
    llm.set_model("late");
    llm.set_provider("late");
    llm.set_io("late", "late");
    llm.set_token_usage("late", 1, 1);
    llm.set_error("late");
    tool.set_input(&json!("late"));
    tool.set_output(&json!("late"));
    tool.set_token_usage("late", 1, 1);
    tool.set_error("late");
    span.end();
    llm.end();
    tool.clone().end();
    drop((span, llm, tool));

    flush(&server, &client).await;
    assert_eq!(server.received().spans.len(), 3);
    for name in ["plain", "llm", "tool"] {
        assert_eq!(times(&server, name), (MOMENT, MOMENT + MILLI), "{name}");
        let span = span_named(&server, name);
        assert_eq!(span.status_code, 1);
        assert!(!json!(span.attributes).to_string().contains("late"), "{name}: {:?}", span.attributes);
        assert!(!span.attributes.contains_key("gen_ai.usage.input_tokens"), "{name}");
    }
}

#[tokio::test]
async fn the_handles_of_a_span_are_one_span() {
    let (server, client) = start().await;
    let span = client.start_span(named("work"));
    let clone = span.clone();
    assert_eq!(clone.name(), "work");
    clone.set_attributes([Attribute::int("a", 1)]);
    span.set_attributes([Attribute::int("b", 2)]);
    drop(span);
    assert_eq!(client.stats().accepted(), 0);
    clone.end();
    flush(&server, &client).await;
    assert_eq!(json!(own_attributes(&server, "work")), json!({"a": 1, "b": 2}));
}

#[tokio::test]
async fn a_span_that_is_dropped_without_an_end_is_recorded() {
    let (server, client) = start().await;
    let root = client.start_span(named("plain"));
    drop(client.start_llm_span("llm", LlmOptions { parent: Some(root.clone()), ..LlmOptions::default() }, ""));
    drop(client.start_tool_span("tool", ToolOptions { parent: Some(root.clone()), ..ToolOptions::default() }, ""));
    drop(root);
    flush(&server, &client).await;
    for name in ["plain", "llm", "tool"] {
        let span = span_named(&server, name);
        assert_eq!(span.status_code, 1, "{name}");
        assert!(span.end_unix_nano >= span.start_unix_nano);
    }
}

#[tokio::test]
async fn a_failed_span_has_status_2_and_says_why() {
    let (server, client) = start().await;
    let span = client.start_span(named("plain"));
    span.set_error("first");
    span.set_error(format_args!("{} \"quoted\"", "second"));
    span.end();
    let tool = client.start_tool_span("tool", ToolOptions::default(), "evt_1");
    tool.set_error(std::io::Error::other("disk full"));
    tool.end();
    flush(&server, &client).await;
    let status = |name| {
        let span = span_named(&server, name);
        (span.status_code, span.status_message)
    };
    assert_eq!(status("plain"), (2, Some("second \"quoted\"".into())));
    assert_eq!(status("tool"), (2, Some("disk full".into())));
}

#[tokio::test]
async fn a_noop_span_records_nothing_and_is_no_parent() {
    let (server, client) = start().await;
    let noop = Span::noop();
    assert!(noop.is_noop() && noop.name().is_empty());
    noop.set_attributes([Attribute::int("a", 1)]);
    noop.set_error("e");
    noop.end();
    client.start_span(SpanOptions { parent: Some(noop), ..named("root") }).end();
    flush(&server, &client).await;
    assert_eq!(server.received().spans.len(), 1);
    assert_eq!(span_named(&server, "root").parent_span_id, None);
}

#[tokio::test]
async fn every_span_of_a_tracer_carries_its_properties() {
    let (server, client) = start().await;
    let tracer = client.tracer(map([("job_id", json!("nightly")), ("user_id", json!("robot"))]));
    let own = map([("user_id", json!("own")), ("step", json!(2))]);
    let root = tracer.start_span(SpanOptions { name: "plain".into(), ..SpanOptions::default() });
    let options = LlmOptions { properties: own, parent: Some(root.clone()), ..LlmOptions::default() };
    tracer.start_llm_span("llm", options).end();
    tracer.track_tool(TrackToolOptions { name: "tool".into(), ..TrackToolOptions::default() });
    client.start_tool_span("child", ToolOptions { parent: Some(root), ..ToolOptions::default() }, "").end();
    let with = SpanOptions { name: "with".into(), ..SpanOptions::default() };
    tracer.with_span(with, |_| async { Ok::<_, String>(()) }).await.unwrap();
    flush(&server, &client).await;
    let association = |name: &str| {
        let attributes = span_named(&server, name).attributes.into_iter();
        let own = attributes.filter_map(|(key, value)| {
            Some((key.strip_prefix("traceloop.association.properties.")?.to_owned(), value))
        });
        Value::Object(own.collect())
    };
    for name in ["plain", "tool", "child", "with"] {
        assert_eq!(association(name), json!({"job_id": "nightly", "user_id": "robot"}), "{name}");
    }
    assert_eq!(association("llm"), json!({"job_id": "nightly", "user_id": "own", "step": 2}));
    assert_ne!(span_named(&server, "tool").trace_id, span_named(&server, "plain").trace_id);
}
