//! A request is at most 1 MiB: batches are packed by bytes, and what is too large alone is shortened.

use crate::support::{ai_event, assert_well_formed, event_ids, map, span, span_named, start};
use raindrop::{
    AiEvent, Attachment, BeginOptions, Client, DropReason, Event, FlushReport, LlmMessage, LlmOptions, Signal,
    ToolOptions, User,
};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

const MAX_BODY: usize = 1_048_576;
const MARKER: &str = "...[truncated by raindrop]";

async fn flush(server: &IngestServer, client: &Client) -> FlushReport {
    let report = client.flush().await.unwrap();
    assert_well_formed(server);
    for request in server.requests() {
        assert!(request.body.len() <= MAX_BODY, "{}: {} bytes", request.route, request.body.len());
        assert_eq!(request.status, Some(200));
    }
    report
}

fn heavy_tool(client: &Client, name: &str, bytes: usize) {
    let options = ToolOptions { input: Some(json!("x".repeat(bytes))), ..ToolOptions::default() };
    client.start_tool_span(name, options, "evt_1").end();
}

/// Whether a text was shortened, by no more than needed to make the body fit.
fn is_shortened(text: &Value) -> bool {
    text.as_str().unwrap().ends_with(MARKER)
}

#[tokio::test]
async fn fifty_heavy_spans_all_land() {
    let (server, client) = start().await;
    for index in 0..50 {
        heavy_tool(&client, &format!("tool {index}"), 100_000);
    }
    let report = flush(&server, &client).await;
    assert_eq!((report.delivered(), report.requests()), (50, 5));
    for index in 0..50 {
        let span = span_named(&server, &format!("tool {index}"));
        assert_eq!(span.attributes["traceloop.entity.input"].as_str().unwrap().len(), 100_000);
    }
}

#[tokio::test]
async fn a_heavy_span_does_not_take_its_neighbours_down() {
    let (server, client) = start().await;
    span(&client, "before");
    heavy_tool(&client, "heavy", 1_000_000);
    heavy_tool(&client, "heavier", 1_000_000);
    span(&client, "after");
    assert_eq!(flush(&server, &client).await.delivered(), 4);
    for name in ["before", "heavy", "heavier", "after"] {
        span_named(&server, name);
    }
    assert_eq!(client.stats().dropped(), 0);
}

#[tokio::test]
async fn events_signals_and_users_are_packed_by_bytes_too() {
    let (server, client) = start().await;
    let text = "x".repeat(100_000);
    for index in 0..30 {
        let id = format!("id_{index}");
        client.track_ai(AiEvent { input: text.clone(), ..ai_event(id.as_str()) }).await.unwrap();
        let comment = text.clone();
        let signal = Signal { event_id: id.clone(), name: "feedback".into(), comment, ..Signal::default() };
        client.track_signal(signal).await.unwrap();
        client.identify(User { user_id: id, traits: map([("bio", json!(text))]) }).await.unwrap();
    }
    assert_eq!(flush(&server, &client).await.delivered(), 90);
    for route in ["events/track", "signals/track", "users/identify"] {
        assert_eq!(server.requests_to(route).len(), 3, "{route}");
    }
}

#[tokio::test]
async fn an_event_that_is_too_large_has_its_largest_texts_shortened_until_it_fits() {
    let (server, client) = start().await;
    let small = "s".repeat(50_000);
    let event = AiEvent {
        input: "i".repeat(900_000),
        output: "o".repeat(900_000),
        properties: map([("small", json!(small))]),
        ..ai_event("evt_1")
    };
    client.track_ai(event).await.unwrap();
    client.track_ai(ai_event("evt_2")).await.unwrap();
    flush(&server, &client).await;
    let events = server.received().events;
    assert_eq!(event_ids(&events), ["evt_1", "evt_2"]);
    assert_eq!(events[0]["properties"]["small"], small.as_str());
    assert!(is_shortened(&events[0]["ai_data"]["input"]) && is_shortened(&events[0]["ai_data"]["output"]));
    let body = server.requests_to("events/track")[0].body.len();
    assert!(body > MAX_BODY * 9 / 10, "much more was cut off than had to be: {body} bytes are left");
}

#[tokio::test]
async fn only_the_text_that_is_too_large_is_shortened() {
    let (server, client) = start().await;
    let attachment = |value: String| Attachment {
        kind: "text".into(),
        role: "input".into(),
        name: "notes".into(),
        value,
        ..Attachment::default()
    };
    let attachments = vec![attachment("\u{1F600}".repeat(500_000)), attachment("short".into())];
    client.track_ai(AiEvent { attachments, ..ai_event("evt_1") }).await.unwrap();
    flush(&server, &client).await;
    let event = &server.received().events[0];
    let large = &event["attachments"][0];
    assert!(is_shortened(&large["value"]));
    assert!(large["value"].as_str().unwrap().trim_end_matches(MARKER).chars().all(|c| c == '\u{1F600}'));
    assert_eq!(large["name"], "notes");
    assert_eq!(event["attachments"][1]["value"], "short");
    assert_eq!(event["ai_data"]["output"], "Paris.");
}

#[tokio::test]
async fn a_text_that_grows_by_its_escapes_still_fits() {
    let (server, client) = start().await;
    client.track_ai(AiEvent { input: "\u{1}".repeat(400_000), ..ai_event("evt_1") }).await.unwrap();
    client.track_ai(AiEvent { input: "\"\\\n".repeat(333_333), ..ai_event("evt_2") }).await.unwrap();
    assert_eq!(flush(&server, &client).await.delivered(), 2);
    for event in server.received().events {
        assert!(is_shortened(&event["ai_data"]["input"]));
    }
}

#[tokio::test]
async fn many_texts_that_are_too_large_together_are_all_shortened() {
    let (server, client) = start().await;
    let properties = (0..3_000).map(|index| (format!("key {index}"), json!("x".repeat(1_000)))).collect();
    client.track_event(Event { user_id: "user_1".into(), properties, ..Event::default() }).await.unwrap();
    flush(&server, &client).await;
    let properties = server.received().events[0]["properties"].as_object().unwrap().clone();
    assert_eq!(properties.len(), 3_001);
    let lengths: Vec<_> = properties.values().filter_map(|value| Some(value.as_str()?.len())).collect();
    assert!(lengths.iter().all(|length| (200..1_000).contains(length)));
}

#[tokio::test]
async fn interactions_signals_and_users_that_are_too_large_are_shortened() {
    let (server, client) = start().await;
    let huge = || "x".repeat(900_000);
    let properties = map([("one", json!(huge())), ("two", json!(huge()))]);
    let begun = BeginOptions { user_id: "user_1".into(), properties: properties.clone(), ..BeginOptions::default() };
    client.begin(begun).await.set_input(huge()).await.unwrap();
    let signal =
        Signal { event_id: "evt_1".into(), name: "edit".into(), comment: huge(), after: huge(), ..Signal::default() };
    client.track_signal(signal).await.unwrap();
    client.identify(User { user_id: "user_1".into(), traits: properties }).await.unwrap();
    // An update that would make an interaction too large goes by itself.
    assert_eq!(flush(&server, &client).await.delivered(), 4);
    let received = server.received();
    assert!(is_shortened(&received.partials[0]["properties"]["two"]));
    assert_eq!(received.partials[1]["ai_data"]["input"], huge());
    assert!(is_shortened(&received.signals[0]["properties"]["after"]));
    assert!(is_shortened(&received.users[0]["traits"]["one"]));
}

#[tokio::test]
async fn a_span_that_is_too_large_is_shortened_and_stays_what_it_was() {
    let (server, client) = start().await;
    let messages = (0..10).map(|index| LlmMessage::user(format!("{index}").repeat(300_000))).collect();
    let options = LlmOptions { model: "gpt-4o".into(), messages, input_tokens: 7, ..LlmOptions::default() };
    client.start_llm_span("llm", options, "evt_1").end();
    flush(&server, &client).await;
    let attributes = span_named(&server, "llm").attributes;
    assert_eq!([&attributes["ai.model.id"], &attributes["ai.operationId"]], ["gpt-4o", "ai.generateText"]);
    assert_eq!(attributes["gen_ai.usage.input_tokens"], 7);
    for index in 0..10 {
        assert!(is_shortened(&attributes[&format!("gen_ai.prompt.{index}.content")]), "{index}");
    }
    let messages: Value = serde_json::from_str(attributes["ai.prompt.messages"].as_str().unwrap()).unwrap();
    assert_eq!(messages.as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn a_span_of_very_many_texts_stays_what_it_was() {
    let (server, client) = start().await;
    let properties = (0..12_000).map(|index| (format!("{index}"), json!("x".repeat(60)))).collect();
    client.start_tool_span("tool", ToolOptions { properties, ..ToolOptions::default() }, "evt_of_the_tool").end();
    flush(&server, &client).await;
    let attributes = span_named(&server, "tool").attributes;
    assert!(attributes["traceloop.association.properties.0"].as_str().unwrap().len() < 60);
    assert_eq!([&attributes["traceloop.span.kind"], &attributes["raindrop.span.kind"]], ["tool", "tool_call"]);
    assert_eq!([&attributes["ai.operationId"], &attributes["traceloop.entity.name"]], ["ai.toolCall", "tool"]);
    assert_eq!(attributes["ai.telemetry.metadata.raindrop.eventId"], "evt_of_the_tool");
}

#[tokio::test]
async fn what_has_nothing_left_to_shorten_is_dropped_and_counted() {
    let (server, client) = start().await;
    let unshortenable = || (0..200_000).map(|index| (format!("{index}"), json!(1))).collect();
    let event =
        Event { event_id: "evt_1".into(), user_id: "user_1".into(), properties: unshortenable(), ..Event::default() };
    assert_eq!(client.track_event(event).await.unwrap(), "evt_1");
    let traits = unshortenable();
    client.identify(User { user_id: "user_1".into(), traits }).await.unwrap();
    let options = ToolOptions { properties: unshortenable(), ..ToolOptions::default() };
    client.start_tool_span("tool", options, "evt_1").end();
    let begun = BeginOptions { user_id: "user_1".into(), properties: unshortenable(), ..BeginOptions::default() };
    client.begin(begun).await;
    client.track_ai(ai_event("evt_2")).await.unwrap();

    let report = flush(&server, &client).await;
    assert_eq!((report.requests(), report.delivered()), (1, 1));
    assert_eq!(event_ids(&server.received().events), ["evt_2"]);
    let stats = client.stats();
    assert_eq!((stats.dropped_by(DropReason::TooLarge), stats.pending()), (4, 0));
}
