//! What a complete event looks like on `events/track`, field by field.

use crate::support::{ai_event, assert_well_formed, builder, context, map, moment, start};
use raindrop::{AiEvent, Attachment, Client, DropReason, Event};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

/// Delivers what was recorded, which is one event.
async fn delivered(server: &IngestServer, client: &Client) -> Value {
    client.flush().await.unwrap();
    assert_well_formed(server);
    let mut events = server.received().events;
    assert_eq!(events.len(), 1);
    assert!(server.requests_to("events/track_partial").is_empty());
    events.remove(0)
}

fn page_view() -> Event {
    Event { user_id: "user_1".into(), event: "page_view".into(), ..Event::default() }
}

#[tokio::test]
async fn an_ai_event_arrives_field_for_field() {
    let (server, client) = start().await;
    let event = AiEvent {
        event_id: "evt_1".into(),
        user_id: "user_1".into(),
        event: "chat".into(),
        timestamp: Some(moment()),
        input: "hello".into(),
        output: "world".into(),
        model: "gpt-4o".into(),
        convo_id: "convo_1".into(),
        properties: map([("plan", json!("pro"))]),
        attachments: vec![Attachment {
            kind: "text".into(),
            role: "input".into(),
            value: "note".into(),
            ..Attachment::default()
        }],
        feature_flags: map([("new-prompt", "b".to_owned())]),
    };
    assert_eq!(client.track_ai(event).await.unwrap(), "evt_1");
    let expected = json!({
        "event_id": "evt_1",
        "user_id": "user_1",
        "event": "chat",
        "timestamp": "2025-01-02T03:04:05.678Z",
        "ai_data": {"input": "hello", "output": "world", "model": "gpt-4o", "convo_id": "convo_1"},
        "properties": {"plan": "pro", "$context": context()},
        "attachments": [{"type": "text", "role": "input", "value": "note"}],
        "feature_flags": {"new-prompt": "b"},
    });
    assert_eq!(delivered(&server, &client).await, expected);
}

#[tokio::test]
async fn a_plain_event_has_no_ai_data() {
    let (server, client) = start().await;
    client.track_event(Event { event_id: "evt_1".into(), timestamp: Some(moment()), ..page_view() }).await.unwrap();
    let mut event = delivered(&server, &client).await;
    event["properties"].as_object_mut().unwrap().remove("$context").unwrap();
    let expected = json!({
        "event_id": "evt_1",
        "user_id": "user_1",
        "event": "page_view",
        "timestamp": "2025-01-02T03:04:05.678Z",
        "properties": {},
        "attachments": [],
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn an_event_without_an_id_gets_a_uuid_v4_which_the_caller_learns() {
    let (server, client) = start().await;
    let ai = client.track_ai(ai_event("")).await.unwrap();
    let plain = client.track_event(page_view()).await.unwrap();
    assert_ne!(ai, plain);
    for id in [&ai, &plain] {
        let uuid = Uuid::parse_str(id).unwrap();
        assert_eq!(uuid.get_version_num(), 4);
        assert_eq!(uuid.hyphenated().to_string(), *id);
    }
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(crate::support::event_ids(&server.received().events), [ai, plain]);
}

#[tokio::test]
async fn an_event_without_a_name_is_an_ai_generation() {
    let (server, client) = start().await;
    client.track_ai(AiEvent { event: String::new(), ..ai_event("evt_1") }).await.unwrap();
    client.track_event(Event { event: String::new(), ..page_view() }).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    for event in server.received().events {
        assert_eq!(event["event"], "ai_generation");
    }
}

#[tokio::test]
async fn a_timestamp_with_any_offset_is_sent_in_utc() {
    for (hours, minutes) in [(0, 0), (5, 30), (-11, 0)] {
        let (server, client) = start().await;
        let offset = UtcOffset::from_hms(hours, minutes, 0).unwrap();
        let timestamp = Some(moment().to_offset(offset));
        client.track_ai(AiEvent { timestamp, ..ai_event("evt_1") }).await.unwrap();
        assert_eq!(delivered(&server, &client).await["timestamp"], "2025-01-02T03:04:05.678Z");
    }
}

#[tokio::test]
async fn the_default_timestamp_is_the_moment_of_the_call_and_not_of_the_flush() {
    let (server, client) = start().await;
    let before = OffsetDateTime::now_utc();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.track_event(page_view()).await.unwrap();
    let after = OffsetDateTime::now_utc();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    for event in server.received().events {
        let sent = OffsetDateTime::parse(event["timestamp"].as_str().unwrap(), &Rfc3339).unwrap();
        assert!((before..=after).contains(&sent), "{sent} is not between {before} and {after}");
    }
}

#[tokio::test]
async fn any_json_travels_in_properties_unchanged() {
    let (server, client) = start().await;
    let properties = map([
        ("null", Value::Null),
        ("numbers", json!([0, -1, 2.5, u64::MAX, i64::MIN])),
        ("nested", json!({"a": {"b": [{"c": [true, {}]}, []]}})),
        ("", json!("empty key")),
        ("text", json!("line\nbreak \u{1F600} \u{202E}rtl \u{0} \"quoted\" \\")),
    ]);
    client.track_event(Event { properties: properties.clone(), ..page_view() }).await.unwrap();
    let sent = delivered(&server, &client).await;
    for (key, value) in properties {
        assert_eq!(sent["properties"][&key], value, "{key:?}");
    }
}

#[tokio::test]
async fn the_context_wins_over_a_property_of_its_name() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).library_name("my-wrapper").library_version("9.9").build().unwrap();
    let properties = map([("$context", json!({"library": {"name": "forged"}})), ("kept", json!(1))]);
    client.track_ai(AiEvent { properties, ..ai_event("evt_1") }).await.unwrap();
    let context = json!({
        "library": {"name": "my-wrapper", "version": "9.9"},
        "metadata": {"language": "rust", "runtime": "native"},
    });
    assert_eq!(delivered(&server, &client).await["properties"], json!({"kept": 1, "$context": context}));
}

#[tokio::test]
async fn attachments_arrive_in_order_with_the_optional_fields_that_are_set() {
    let (server, client) = start().await;
    let attachment = |kind: &str, role: &str, value: &str| Attachment {
        kind: kind.into(),
        role: role.into(),
        value: value.into(),
        ..Attachment::default()
    };
    let attachments = vec![
        Attachment {
            attachment_id: "550e8400-e29b-41d4-a716-446655440000".into(),
            name: "snippet".into(),
            language: "python".into(),
            ..attachment("code", "input", "print(1)")
        },
        attachment("text", "output", "text"),
        attachment("image", "output", "https://example.com/a.png"),
        attachment("iframe", "input", "https://example.com/"),
    ];
    client.track_ai(AiEvent { attachments, ..ai_event("evt_1") }).await.unwrap();
    let expected = json!([
        {
            "type": "code",
            "role": "input",
            "value": "print(1)",
            "name": "snippet",
            "language": "python",
            "attachment_id": "550e8400-e29b-41d4-a716-446655440000",
        },
        {"type": "text", "role": "output", "value": "text"},
        {"type": "image", "role": "output", "value": "https://example.com/a.png"},
        {"type": "iframe", "role": "input", "value": "https://example.com/"},
    ]);
    assert_eq!(delivered(&server, &client).await["attachments"], expected);
}

#[tokio::test]
async fn ai_data_leaves_out_what_is_not_set() {
    let filled = |fields: [&str; 4]| {
        let [input, output, model, convo_id] = fields.map(str::to_owned);
        AiEvent { user_id: "user_1".into(), input, output, model, convo_id, ..AiEvent::default() }
    };
    for (fields, expected) in [
        (["q", "", "", ""], json!({"input": "q"})),
        (["", "a", "", ""], json!({"output": "a"})),
        (["q", "", "m", ""], json!({"input": "q", "model": "m"})),
        (["", "a", "", "c"], json!({"output": "a", "convo_id": "c"})),
    ] {
        let (server, client) = start().await;
        client.track_ai(filled(fields)).await.unwrap();
        assert_eq!(delivered(&server, &client).await["ai_data"], expected);
    }
}

#[tokio::test]
async fn the_ai_fields_are_nowhere_but_in_ai_data() {
    let (server, client) = start().await;
    client.track_ai(AiEvent { model: "m".into(), convo_id: "c".into(), ..ai_event("evt_1") }).await.unwrap();
    let event = delivered(&server, &client).await;
    for key in ["input", "output", "model", "convo_id", "is_pending", "feature_flags"] {
        assert_eq!(event.get(key), None, "{key}");
    }
}

#[tokio::test]
async fn a_plain_event_is_never_dropped_for_being_empty() {
    let (server, client) = start().await;
    client.track_event(Event { user_id: "user_1".into(), ..Event::default() }).await.unwrap();
    delivered(&server, &client).await;
    assert_eq!(client.stats().dropped(), 0);
}

#[tokio::test]
async fn an_ai_event_with_neither_input_nor_output_is_dropped_and_counted() {
    let (server, client) = start().await;
    let empty = AiEvent { input: String::new(), output: String::new(), model: "m".into(), ..ai_event("evt_1") };
    assert_eq!(client.track_ai(empty.clone()).await.unwrap(), "evt_1");
    assert_eq!(client.flush().await.unwrap().requests(), 0);
    assert_eq!(client.stats().dropped_by(DropReason::EmptyInteraction), 1);

    let attachment =
        Attachment { kind: "text".into(), role: "input".into(), value: "note".into(), ..Attachment::default() };
    client.track_ai(AiEvent { attachments: vec![attachment], ..empty }).await.unwrap();
    let event = delivered(&server, &client).await;
    assert_eq!((&event["event_id"], event.get("ai_data")), (&json!("evt_1"), None));
}
