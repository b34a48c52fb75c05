//! What every span looks like on the wire: envelope, ids, times, status, attributes.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Log, assert_well_formed, builder, map, moment, span_named, start};
use raindrop::{Attribute, BeginOptions, Client, LlmOptions, PatchOptions, Span, SpanOptions, ToolOptions, VERSION};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

const ASSOCIATION: &str = "traceloop.association.properties.";

fn named(name: &str) -> SpanOptions {
    SpanOptions { name: name.into(), event_id: "evt_1".into(), ..SpanOptions::default() }
}

fn part_of(parent: &Span, name: &str) -> SpanOptions {
    SpanOptions { parent: Some(parent.clone()), ..named(name) }
}

async fn flush(server: &IngestServer, client: &Client) {
    client.flush().await.unwrap();
    assert_well_formed(server);
}

#[tokio::test]
async fn a_trace_request_is_otlp_json_with_every_field_in_its_type() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).service_name("billing").build().unwrap();
    let start_time = Some(moment());
    let root = client.start_span(SpanOptions { start_time, ..named("root") });
    let child = client.start_span(SpanOptions { start_time, ..part_of(&root, "child") });
    child.set_error("boom");
    child.end_at(Some(moment() + Duration::from_nanos(1)));
    root.end_at(Some(moment() + Duration::from_millis(5)));
    flush(&server, &client).await;

    let mut body = server.requests_to("traces")[0].json();
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array_mut().unwrap();
    let ids: Vec<[Value; 2]> = spans.iter_mut().map(|span| [span["traceId"].take(), span["spanId"].take()]).collect();
    let parent = spans[0]["parentSpanId"].take();
    assert_eq!(parent, ids[1][1]);
    assert_eq!(ids[0][0], ids[1][0]);
    assert_ne!(ids[0][1], ids[1][1]);
    for ([trace, span], (trace_length, span_length)) in ids.iter().zip([(24, 12), (24, 12)]) {
        assert!(trace.as_str().unwrap().len() == trace_length && trace.as_str().unwrap().ends_with("=="));
        assert!(span.as_str().unwrap().len() == span_length && span.as_str().unwrap().ends_with('='));
    }
    let attributes = json!([
        {"key": "ai.telemetry.metadata.raindrop.eventId", "value": {"stringValue": "evt_1"}},
        {"key": "traceloop.association.properties.event_id", "value": {"stringValue": "evt_1"}},
    ]);
    let expected = json!({"resourceSpans": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "billing"}},
            {"key": "service.version", "value": {"stringValue": VERSION}},
        ]},
        "scopeSpans": [{"scope": {"name": "billing", "version": VERSION}, "spans": [
            {
                "traceId": null, "spanId": null, "parentSpanId": null, "name": "child",
                "startTimeUnixNano": "1735787045678000000", "endTimeUnixNano": "1735787045678000001",
                "attributes": attributes, "status": {"code": 2, "message": "boom"},
            },
            {
                "traceId": null, "spanId": null, "name": "root",
                "startTimeUnixNano": "1735787045678000000", "endTimeUnixNano": "1735787045683000000",
                "attributes": attributes, "status": {"code": 1},
            },
        ]}],
    }]});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn the_service_is_named_after_the_sdk_by_default() {
    let (server, client) = start().await;
    client.start_span(named("work")).end();
    flush(&server, &client).await;
    assert_eq!(span_named(&server, "work").service_name, "raindrop.rust-sdk");
}

#[tokio::test]
async fn descendants_share_their_roots_trace_and_unrelated_roots_do_not() {
    let (server, client) = start().await;
    let root = client.start_span(named("root"));
    let child = client.start_llm_span("child", LlmOptions { parent: Some(root.clone()), ..Default::default() }, "");
    let options = ToolOptions { parent: Some(child.span()), ..ToolOptions::default() };
    client.start_tool_span("grandchild", options, "").end();
    child.end();
    root.end();
    client.start_span(named("stranger")).end();
    flush(&server, &client).await;
    let [root, child, grandchild, stranger] =
        ["root", "child", "grandchild", "stranger"].map(|name| span_named(&server, name));
    assert_eq!(root.parent_span_id, None);
    assert_eq!(child.parent_span_id, Some(root.span_id.clone()));
    assert_eq!(grandchild.parent_span_id, Some(child.span_id.clone()));
    assert_eq!([&child.trace_id, &grandchild.trace_id], [&root.trace_id; 2]);
    assert_ne!(stranger.trace_id, root.trace_id);
    let span_ids = BTreeSet::from([root.span_id, child.span_id, grandchild.span_id, stranger.span_id]);
    assert_eq!(span_ids.len(), 4);
}

#[tokio::test]
async fn a_child_belongs_to_the_event_of_its_parent() {
    let (server, client) = start().await;
    let root = client.start_span(SpanOptions { properties: map([("k", json!("root's own"))]), ..named("root") });
    let child = SpanOptions { event_id: String::new(), ..part_of(&root, "child") };
    client.start_span(child).end();
    client.start_tool_span("tool", ToolOptions { parent: Some(root), ..ToolOptions::default() }, "").end();
    flush(&server, &client).await;
    for name in ["child", "tool"] {
        let attributes = span_named(&server, name).attributes;
        assert_eq!(attributes["ai.telemetry.metadata.raindrop.eventId"], "evt_1", "{name}");
        assert_eq!(attributes[&format!("{ASSOCIATION}event_id")], "evt_1", "{name}");
        assert!(!attributes.contains_key(&format!("{ASSOCIATION}k")), "{name}");
    }
}

#[tokio::test]
async fn a_span_of_an_interaction_says_whose_it_is_and_shares_its_trace() {
    let (server, client) = start().await;
    let interaction = client
        .begin(BeginOptions {
            event_id: "evt_1".into(),
            user_id: "user_1".into(),
            event: "chat".into(),
            convo_id: "convo_1".into(),
            input: "q".into(),
            ..BeginOptions::default()
        })
        .await;
    interaction.start_span(SpanOptions { name: "plain".into(), ..SpanOptions::default() }).end();
    interaction.clone().start_llm_span("llm", LlmOptions::default()).end();
    interaction.start_tool_span("tool", ToolOptions::default()).end();
    flush(&server, &client).await;
    let expected = json!({
        "ai.telemetry.metadata.raindrop.eventId": "evt_1",
        "traceloop.association.properties.user_id": "user_1",
        "traceloop.association.properties.convo_id": "convo_1",
        "traceloop.association.properties.event": "chat",
        "traceloop.association.properties.event_name": "chat",
        "traceloop.association.properties.event_id": "evt_1",
    });
    assert_eq!(json!(span_named(&server, "plain").attributes), expected);
    let trace_id = span_named(&server, "plain").trace_id;
    for name in ["llm", "tool"] {
        let span = span_named(&server, name);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&span.attributes[key], value, "{name}: {key}");
        }
        assert_eq!(span.parent_span_id, None);
        assert_eq!(span.trace_id, trace_id, "{name}");
    }
}

#[tokio::test]
async fn a_span_inherits_what_its_interaction_knows_when_it_starts() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { event_id: "evt_1".into(), ..BeginOptions::default() }).await;
    let start = |name: &str| interaction.start_span(SpanOptions { name: name.into(), ..SpanOptions::default() });
    start("early").end();
    let patch = PatchOptions { user_id: "user_1".into(), convo_id: "convo_1".into(), ..PatchOptions::default() };
    client.patch("evt_1", patch).await.unwrap();
    start("late").end();
    client.resume_interaction("evt_1").start_tool_span("resumed", ToolOptions::default()).end();
    flush(&server, &client).await;
    let [user_id, convo_id] = ["user_id", "convo_id"].map(|name| format!("{ASSOCIATION}{name}"));
    let early = span_named(&server, "early").attributes;
    assert!(!early.contains_key(&user_id) && !early.contains_key(&convo_id));
    for name in ["late", "resumed"] {
        let attributes = span_named(&server, name).attributes;
        assert_eq!([&attributes[&user_id], &attributes[&convo_id]], ["user_1", "convo_1"], "{name}");
    }
}

#[tokio::test]
async fn the_spans_of_a_resumed_interaction_join_its_trace() {
    let (server, client) = start().await;
    let begun = BeginOptions { event_id: "evt_1".into(), user_id: "user_1".into(), ..BeginOptions::default() };
    client.begin(begun).await.start_tool_span("before", ToolOptions::default()).end();
    client.resume_interaction("evt_1").start_tool_span("after", ToolOptions::default()).end();
    flush(&server, &client).await;
    assert_eq!(span_named(&server, "before").trace_id, span_named(&server, "after").trace_id);
}

#[tokio::test]
async fn a_child_that_names_its_parents_event_still_says_whose_it_is() {
    let (server, client) = start().await;
    let begun = BeginOptions { event_id: "evt_1".into(), user_id: "user_1".into(), ..BeginOptions::default() };
    let parent = client.begin(begun).await.start_span(SpanOptions { name: "parent".into(), ..SpanOptions::default() });
    client.start_tool_span("tool", ToolOptions { parent: Some(parent.clone()), ..Default::default() }, "evt_1").end();
    client.start_span(part_of(&parent, "plain")).end();
    parent.end();
    flush(&server, &client).await;
    for name in ["tool", "plain"] {
        assert_eq!(span_named(&server, name).attributes.get(&format!("{ASSOCIATION}user_id")), Some(&json!("user_1")));
    }
}

#[tokio::test]
async fn what_a_caller_says_about_a_span_wins_over_what_it_inherits() {
    let (server, client) = start().await;
    let begun = BeginOptions {
        event_id: "evt_1".into(),
        user_id: "user_1".into(),
        event: "chat".into(),
        convo_id: "convo_1".into(),
        ..BeginOptions::default()
    };
    let interaction = client.begin(begun).await;
    let properties = map([("user_id", json!("own_user"))]);
    let attributes = vec![Attribute::string(format!("{ASSOCIATION}convo_id"), "own_convo")];
    interaction.start_span(SpanOptions { properties, attributes, event_id: "own_id".into(), ..named("work") }).end();
    flush(&server, &client).await;
    let expected = json!({
        "ai.telemetry.metadata.raindrop.eventId": "own_id",
        "traceloop.association.properties.user_id": "own_user",
        "traceloop.association.properties.convo_id": "own_convo",
        "traceloop.association.properties.event": "chat",
        "traceloop.association.properties.event_name": "chat",
        "traceloop.association.properties.event_id": "own_id",
    });
    assert_eq!(json!(span_named(&server, "work").attributes), expected);
}

#[tokio::test]
async fn a_span_whose_event_id_is_a_property_says_it_under_both_names() {
    let (server, client) = start().await;
    let properties = map([("event_id", json!("evt_2"))]);
    client.tracer(properties.clone()).start_span(SpanOptions { event_id: String::new(), ..named("sticky") }).end();
    client.start_span(SpanOptions { event_id: String::new(), properties, ..named("own") }).end();
    flush(&server, &client).await;
    let expected = json!({
        "ai.telemetry.metadata.raindrop.eventId": "evt_2",
        "traceloop.association.properties.event_id": "evt_2",
    });
    for name in ["sticky", "own"] {
        assert_eq!(json!(span_named(&server, name).attributes), expected, "{name}");
    }
}

#[tokio::test]
async fn association_properties_keep_their_type() {
    let (server, client) = start().await;
    let properties = map([
        ("string", json!("text")),
        ("int", json!(-7)),
        ("double", json!(0.5)),
        ("whole", json!(1.0)),
        ("bool", json!(true)),
        ("strings", json!(["a", "b"])),
        ("object", json!({"z": 1, "a": [null]})),
        ("mixed", json!(["a", 1])),
        ("null", Value::Null),
    ]);
    client.start_span(SpanOptions { properties, ..named("work") }).end();
    flush(&server, &client).await;
    let body = server.requests_to("traces")[0].json();
    let attributes = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"].as_array().unwrap().clone();
    let typed = |name: &str| {
        let key = format!("{ASSOCIATION}{name}");
        attributes.iter().find(|attribute| attribute["key"] == key.as_str()).map(|attribute| attribute["value"].clone())
    };
    assert_eq!(typed("string"), Some(json!({"stringValue": "text"})));
    assert_eq!(typed("int"), Some(json!({"intValue": "-7"})));
    assert_eq!(typed("double"), Some(json!({"doubleValue": 0.5})));
    assert_eq!(typed("whole"), Some(json!({"doubleValue": 1.0})));
    assert_eq!(typed("bool"), Some(json!({"boolValue": true})));
    let strings = json!({"arrayValue": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}});
    assert_eq!(typed("strings"), Some(strings));
    assert_eq!(typed("mixed"), Some(json!({"stringValue": r#"["a",1]"#})));
    assert_eq!(typed("null"), None);
    let object = typed("object").unwrap()["stringValue"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&object).unwrap(), json!({"z": 1, "a": [null]}));
    assert!(!object.contains(' '), "{object}");
}

#[tokio::test]
async fn a_null_property_leaves_what_is_inherited() {
    let (server, client) = start().await;
    let begin =
        BeginOptions { event_id: "evt_1".into(), user_id: "u".into(), convo_id: "c".into(), ..Default::default() };
    let interaction = client.begin(begin).await;
    let nulls = map([("user_id", Value::Null), ("convo_id", Value::Null), ("event_id", Value::Null)]);
    interaction.start_span(SpanOptions { properties: nulls.clone(), ..named("interaction") }).end();
    let sticky = map([("user_id", json!("u")), ("convo_id", json!("c")), ("event_id", json!("evt_1"))]);
    client.tracer(sticky).start_span(SpanOptions { properties: nulls, ..named("tracer") }).end();
    flush(&server, &client).await;
    for name in ["interaction", "tracer"] {
        let attributes = span_named(&server, name).attributes;
        for (key, value) in [("user_id", "u"), ("convo_id", "c"), ("event_id", "evt_1")] {
            assert_eq!(attributes[&format!("{ASSOCIATION}{key}")], value, "{name}: {key}");
        }
        assert_eq!(attributes["ai.telemetry.metadata.raindrop.eventId"], "evt_1", "{name}");
    }
}

#[tokio::test]
async fn attributes_keep_their_type() {
    let (server, client) = start().await;
    let attributes = vec![
        Attribute::string("string", "text"),
        Attribute::int("int", i64::MIN),
        Attribute::float("float", 1.5),
        Attribute::bool("bool", false),
        Attribute::string_array("strings", ["a", "b"]),
        Attribute::from_json("json int", json!(3)),
        Attribute::from_json("json object", json!({"a": 1})),
    ];
    client.start_span(SpanOptions { attributes, ..named("work") }).end();
    flush(&server, &client).await;
    let mut attributes = span_named(&server, "work").attributes;
    attributes.retain(|key, _| !key.contains('.'));
    let expected = json!({
        "string": "text", "int": i64::MIN, "float": 1.5, "bool": false, "strings": ["a", "b"],
        "json int": 3, "json object": r#"{"a":1}"#,
    });
    assert_eq!(json!(attributes), expected);
}

#[tokio::test]
async fn a_number_that_json_lacks_does_not_spoil_the_batch() {
    let (server, client) = start().await;
    let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let attributes = numbers.into_iter().enumerate().map(|(index, number)| Attribute::float(index.to_string(), number));
    client.start_span(SpanOptions { attributes: attributes.collect(), ..named("odd") }).end();
    client.start_span(named("neighbour")).end();
    flush(&server, &client).await;
    assert_eq!(server.received().spans.len(), 2);
}

#[tokio::test]
async fn a_span_that_the_backend_would_drop_is_warned_of() {
    let useless = || SpanOptions { name: "useless".into(), ..SpanOptions::default() };
    for options in [
        useless(),
        SpanOptions { properties: map([("k", json!("v"))]), ..useless() },
        SpanOptions { attributes: vec![Attribute::string("gen.ai", "v")], ..useless() },
    ] {
        let (server, client) = start().await;
        let (log, _guard) = Log::capture();
        let described = format!("{options:?}");
        client.start_span(options).end();
        flush(&server, &client).await;
        assert_eq!(server.received().filtered_spans.len(), 1, "{described}");
        assert_eq!(log.warnings("useless"), 1, "{described}");
    }
}

#[tokio::test]
async fn a_null_property_that_is_not_sent_does_not_silence_the_warning() {
    let (server, client) = start().await;
    let (log, _guard) = Log::capture();
    let properties = map([("user_id", Value::Null)]);
    client.start_span(SpanOptions { name: "useless".into(), properties, ..SpanOptions::default() }).end();
    flush(&server, &client).await;
    assert_eq!(server.received().filtered_spans.len(), 1);
    assert_eq!(log.warnings("useless"), 1);
}

#[tokio::test]
async fn a_span_that_the_backend_keeps_is_not_warned_of() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    let useful = || SpanOptions { name: "useful".into(), ..SpanOptions::default() };
    let kept = [
        SpanOptions { event_id: "evt_1".into(), ..useful() },
        SpanOptions { operation_id: "ai.workflow".into(), ..useful() },
        SpanOptions { properties: map([("user_id", json!("u"))]), ..useful() },
        SpanOptions { properties: map([("convo_id", json!("c"))]), ..useful() },
        SpanOptions { properties: map([("event_id", json!("e"))]), ..useful() },
        SpanOptions { attributes: vec![Attribute::string("traceloop.span.kind", "task")], ..useful() },
        SpanOptions { attributes: vec![Attribute::string("traceloop.workflow.name", "w")], ..useful() },
        SpanOptions { attributes: vec![Attribute::string("gen_ai.system", "openai")], ..useful() },
    ];
    let count = kept.len();
    for options in kept {
        client.start_span(options).end();
    }
    client.start_llm_span("useful", LlmOptions::default(), "").end();
    client.start_tool_span("useful", ToolOptions::default(), "").end();
    flush(&server, &client).await;
    assert_eq!(server.received().spans.len(), count + 2);
    assert_eq!(log.warnings("useful"), 0, "{}", log.text());
}
