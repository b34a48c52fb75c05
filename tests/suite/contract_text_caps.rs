//! How long a text may be, where the limit applies, and where it does not.

use crate::support::{ai_event, assert_well_formed, builder, map, span_named};
use raindrop::{
    AiEvent, Attachment, Attribute, Client, Event, LlmMessage, LlmOptions, Signal, SpanOptions, ToolOptions,
    TrackToolOptions,
};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

const MARKER: &str = "...[truncated by raindrop]";

async fn capped(cap: usize) -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_text_field_chars(cap).build().unwrap();
    (server, client)
}

async fn flush(server: &IngestServer, client: &Client) {
    client.flush().await.unwrap();
    assert_well_formed(server);
}

/// The input that arrives at this cap.
async fn cut(input: &str, cap: usize) -> String {
    let (server, client) = capped(cap).await;
    client.track_ai(AiEvent { input: input.into(), ..ai_event("evt_1") }).await.unwrap();
    flush(&server, &client).await;
    server.received().events[0]["ai_data"]["input"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_text_as_long_as_the_cap_is_untouched() {
    for text in ["x".repeat(100), "\u{1F600}".repeat(100), "é".repeat(100)] {
        assert_eq!(cut(&text, 100).await, text);
    }
}

#[tokio::test]
async fn a_longer_text_ends_with_the_marker_which_counts_towards_the_cap() {
    assert_eq!(cut(&"x".repeat(101), 100).await, format!("{}{MARKER}", "x".repeat(74)));
    assert_eq!(cut(&"\u{1F600}".repeat(300), 100).await, format!("{}{MARKER}", "\u{1F600}".repeat(74)));
    assert_eq!(cut(&"é".repeat(300), 27).await, format!("é{MARKER}"));
}

#[tokio::test]
async fn a_cap_of_26_or_less_cuts_without_a_marker() {
    assert_eq!(cut(&"\u{1F600}".repeat(300), 26).await, "\u{1F600}".repeat(26));
    assert_eq!(cut(&"é".repeat(300), 10).await, "é".repeat(10));
    assert_eq!(cut("abc", 1).await, "a");
}

#[tokio::test]
async fn a_combined_character_may_be_cut_but_a_code_point_never() {
    let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}";
    assert_eq!(cut(family, 4).await, "\u{1F468}\u{200D}\u{1F469}\u{200D}");
}

#[tokio::test]
async fn the_default_cap_is_a_million_code_points() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    for length in [1_000_000, 1_000_001] {
        client.track_ai(AiEvent { input: "x".repeat(length), ..ai_event("evt_1") }).await.unwrap();
    }
    flush(&server, &client).await;
    let mut inputs: Vec<_> =
        server.received().events.iter().map(|event| event["ai_data"]["input"].as_str().unwrap().to_owned()).collect();
    inputs.sort_unstable();
    assert!(inputs.iter().all(|input| input.len() == 1_000_000));
    let marked: Vec<_> = inputs.iter().map(|input| input.ends_with(MARKER)).collect();
    assert_eq!(marked.iter().filter(|marked| **marked).count(), 1);
}

#[tokio::test]
async fn the_cap_applies_to_every_free_text_of_an_event() {
    let (server, client) = capped(30).await;
    let long = || "x".repeat(31);
    let short = format!("xxxx{MARKER}");
    let attachment = Attachment { kind: "text".into(), role: "input".into(), value: long(), ..Attachment::default() };
    let event = AiEvent {
        input: long(),
        output: long(),
        properties: map([("nested", json!({"list": [long(), 1, "kept"]}))]),
        attachments: vec![attachment],
        ..ai_event("evt_1")
    };
    client.track_ai(event).await.unwrap();
    flush(&server, &client).await;
    let event = &server.received().events[0];
    assert_eq!(event["ai_data"], json!({"input": short, "output": short}));
    assert_eq!(event["properties"]["nested"], json!({"list": [short, 1, "kept"]}));
    assert_eq!(event["attachments"][0]["value"], short.as_str());
}

#[tokio::test]
async fn the_cap_applies_to_interactions_and_signals_too() {
    let (server, client) = capped(30).await;
    let long = || "x".repeat(31);
    let short = format!("xxxx{MARKER}");
    let begun = raindrop::BeginOptions { user_id: "user_1".into(), input: long(), ..Default::default() };
    client.begin(begun).await.set_property("k", long()).await.unwrap();
    let signal = Signal { event_id: "evt_1".into(), name: "edit".into(), after: long(), ..Signal::default() };
    client.track_signal(signal).await.unwrap();
    flush(&server, &client).await;
    let received = server.received();
    assert_eq!(received.partials[0]["ai_data"]["input"], short.as_str());
    assert_eq!(received.partials[0]["properties"]["k"], short.as_str());
    assert_eq!(received.signals[0]["properties"]["after"], short.as_str());
}

#[tokio::test]
async fn the_cap_applies_to_every_free_text_of_a_span() {
    let (server, client) = capped(30).await;
    let long = || "x".repeat(31);
    let short = format!("xxxx{MARKER}");
    let properties = map([("k", json!(long())), ("list", json!([long()]))]);
    let options = LlmOptions { input: Some(long()), output: Some(long()), properties, ..LlmOptions::default() };
    client.start_llm_span("llm", options, "evt_1").end();
    let options = ToolOptions { input: Some(json!(long())), ..ToolOptions::default() };
    let tool = client.start_tool_span("tool", options, "evt_1");
    tool.set_output(&json!({"k": long()}));
    tool.end();
    flush(&server, &client).await;
    let llm = span_named(&server, "llm").attributes;
    for key in [
        "ai.prompt",
        "gen_ai.prompt.0.content",
        "ai.response.text",
        "gen_ai.completion.0.content",
        "traceloop.association.properties.k",
    ] {
        assert_eq!(llm[key], short.as_str(), "{key}");
    }
    assert_eq!(llm["traceloop.association.properties.list"], json!([short]));
    let tool = span_named(&server, "tool").attributes;
    assert_eq!(tool["traceloop.entity.input"], short.as_str());
    let output = tool["traceloop.entity.output"].as_str().unwrap();
    assert_eq!((output.chars().count(), output), (30, format!(r#"{{"k"{MARKER}"#).as_str()));
}

#[tokio::test]
async fn the_cap_applies_to_attributes_of_the_caller() {
    let (server, client) = capped(30).await;
    let cases = [
        ("as many", "x".repeat(30), "x".repeat(30)),
        ("as many, of two bytes", "é".repeat(30), "é".repeat(30)),
        ("one more", "x".repeat(31), format!("xxxx{MARKER}")),
        ("one more, of two bytes", "é".repeat(31), format!("éééé{MARKER}")),
    ];
    let mut attributes: Vec<Attribute> = cases.iter().map(|(key, set, _)| Attribute::string(*key, set)).collect();
    attributes.push(Attribute::string_array("list", ["x".repeat(31)]));
    client.start_span(SpanOptions { name: "own".into(), attributes, ..SpanOptions::default() }).end();
    flush(&server, &client).await;
    let attributes = span_named(&server, "own").attributes;
    for (key, _, sent) in &cases {
        assert_eq!(attributes[*key], sent.as_str(), "{key}");
    }
    assert_eq!(attributes["list"], json!([format!("xxxx{MARKER}")]));
}

#[tokio::test]
async fn a_long_chat_stays_readable_json_within_the_cap() {
    let (server, client) = capped(200).await;
    let messages = vec![LlmMessage::system("be kind"), LlmMessage::user("é\"\u{1F600}".repeat(300))];
    client.start_llm_span("llm", LlmOptions { messages, ..LlmOptions::default() }, "evt_1").end();
    flush(&server, &client).await;
    let attributes = span_named(&server, "llm").attributes;
    let text = attributes["ai.prompt.messages"].as_str().unwrap();
    assert!(text.chars().count() <= 200, "{}", text.chars().count());
    let messages: Value = serde_json::from_str(text).unwrap();
    assert_eq!(messages[0], json!({"role": "system", "content": "be kind"}));
    assert!(messages[1]["content"].as_str().unwrap().ends_with(MARKER));
    assert_eq!(attributes["gen_ai.prompt.1.content"].as_str().unwrap().chars().count(), 200);
}

#[tokio::test]
async fn the_cap_leaves_names_and_ids_alone() {
    let (server, client) = capped(5).await;
    let event_id = "550e8400-e29b-41d4-a716-446655440000";
    let event = Event {
        event_id: event_id.into(),
        user_id: "a long user id".into(),
        event: "a long event name".into(),
        properties: map([("a long key", json!(1))]),
        feature_flags: map([("a long flag", "a long variant".to_owned())]),
        ..Event::default()
    };
    client.track_event(event).await.unwrap();
    flush(&server, &client).await;
    let event = &server.received().events[0];
    assert_eq!(event["event_id"], event_id);
    assert_eq!([&event["user_id"], &event["event"]], ["a long user id", "a long event name"]);
    assert_eq!(event["properties"]["a long key"], 1);
    assert_eq!(event["properties"]["$context"]["library"]["name"], "raindrop-rust");
    assert_eq!(event["feature_flags"], json!({"a long flag": "a long variant"}));
}

#[tokio::test]
async fn the_cap_leaves_alone_what_tells_readers_what_a_span_is() {
    let (server, client) = capped(5).await;
    let event_id = "550e8400-e29b-41d4-a716-446655440000";
    let options =
        LlmOptions { model: "gpt-4o-2024-08-06".into(), provider: "anthropic".into(), ..LlmOptions::default() };
    client.start_llm_span("answer the question", options, event_id).end();
    client.start_tool_span("search the web", ToolOptions::default(), event_id).end();
    flush(&server, &client).await;
    let llm = span_named(&server, "answer the question").attributes;
    let tool = span_named(&server, "search the web").attributes;
    assert_eq!([&llm["ai.operationId"], &tool["ai.operationId"]], ["ai.generateText", "ai.toolCall"]);
    assert_eq!([&llm["raindrop.span.kind"], &tool["raindrop.span.kind"]], ["llm_call", "tool_call"]);
    assert_eq!(llm["gen_ai.response.model"], "gpt-4o-2024-08-06");
    assert_eq!(llm["gen_ai.system"], "anthropic");
    assert_eq!(tool["traceloop.entity.name"], "search the web");
    assert_eq!(llm["ai.telemetry.metadata.raindrop.eventId"], event_id);
}

#[tokio::test]
async fn a_tiny_cap_still_makes_well_formed_requests() {
    for cap in [0, 1] {
        let (server, client) = capped(cap).await;
        client.track_event(Event { user_id: "user_1".into(), ..Event::default() }).await.unwrap();
        let signal = Signal { event_id: "evt_1".into(), name: "n".into(), comment: "c".into(), ..Signal::default() };
        client.track_signal(signal).await.unwrap();
        let options = SpanOptions { name: "plain".into(), event_id: "evt_1".into(), ..SpanOptions::default() };
        client.start_span(options).end();
        let interaction = client.resume_interaction("evt_1");
        interaction.track_tool(TrackToolOptions { name: "tool".into(), ..TrackToolOptions::default() });
        flush(&server, &client).await;
        assert_eq!(server.received().spans.len(), 2, "{cap}");
    }
}
