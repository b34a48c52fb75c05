//! The scenarios of Raindrop's conformance suite, by their names there: what one call puts on the wire.

use crate::support::{ai_event, assert_well_formed, event_ids, start};
use raindrop::{AiEvent, Attachment, Event};
use serde_json::{Value, json};

/// The only event of the only request.
fn only_event(server: &raindrop_ingest::IngestServer) -> Value {
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].route, "events/track");
    assert_well_formed(server);
    match requests[0].json() {
        Value::Array(mut events) if events.len() == 1 => events.remove(0),
        body => panic!("not an array of one: {body}"),
    }
}

#[tokio::test(start_paused = true)]
async fn track_single() {
    let (server, client) = start().await;
    let event_id = client.track_ai(ai_event("")).await.unwrap();
    client.flush().await.unwrap();
    let event = only_event(&server);
    assert_eq!(event["event_id"], json!(event_id));
    assert_eq!(event["ai_data"], json!({"input": "What is the capital of France?", "output": "Paris."}));
}

#[tokio::test(start_paused = true)]
async fn track_ai_custom_event() {
    let (server, client) = start().await;
    client.track_ai(AiEvent { event: "support_reply".into(), ..ai_event("evt_1") }).await.unwrap();
    client.flush().await.unwrap();
    let event = only_event(&server);
    assert_eq!(event["event"], json!("support_reply"));
    assert_eq!(event["ai_data"]["output"], json!("Paris."));
}

#[tokio::test(start_paused = true)]
async fn track_plain_single() {
    let (server, client) = start().await;
    let event = Event { user_id: "user_1".into(), event: "page_view".into(), ..Event::default() };
    let event_id = client.track_event(event).await.unwrap();
    client.flush().await.unwrap();
    let event = only_event(&server);
    assert_eq!((&event["event_id"], &event["event"]), (&json!(event_id), &json!("page_view")));
    assert_eq!(event.get("ai_data"), None);
}

#[tokio::test(start_paused = true)]
async fn track_batch_array() {
    let (server, client) = start().await;
    let expected: Vec<String> = (0..10).map(|n| format!("evt_{n}")).collect();
    for event_id in &expected {
        client.track_ai(ai_event(event_id)).await.unwrap();
    }
    client.flush().await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(event_ids(requests[0].json().as_array().unwrap()), expected);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn track_nested_properties() {
    let (server, client) = start().await;
    let nested = json!({"a": [1, 2.5, -3, {"b": [[], {}, null, true]}], "": "empty key", "text": "line\n\"quoted\"\\"});
    let event = Event {
        user_id: "user_1".into(),
        event: "page_view".into(),
        properties: [("nested".to_owned(), nested.clone()), ("n".to_owned(), json!(7))].into(),
        ..Event::default()
    };
    client.track_event(event).await.unwrap();
    client.flush().await.unwrap();
    let event = only_event(&server);
    assert_eq!(event["properties"]["nested"], nested);
    assert_eq!(event["properties"]["n"], json!(7));
}

#[tokio::test(start_paused = true)]
async fn track_attachments() {
    let (server, client) = start().await;
    let attachments = vec![
        Attachment {
            kind: "code".into(),
            role: "output".into(),
            attachment_id: "3e2d0d0c-6a5f-4a7e-9d0e-0d9c3b1f2a11".into(),
            name: "main.rs".into(),
            value: "fn main() {}".into(),
            language: "rust".into(),
        },
        Attachment {
            kind: "image".into(),
            role: "input".into(),
            value: "https://example.com/cat.png".into(),
            ..Attachment::default()
        },
    ];
    client.track_ai(AiEvent { attachments, ..ai_event("evt_1") }).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(
        only_event(&server)["attachments"],
        json!([
            {
                "type": "code", "role": "output", "attachment_id": "3e2d0d0c-6a5f-4a7e-9d0e-0d9c3b1f2a11",
                "name": "main.rs", "value": "fn main() {}", "language": "rust"
            },
            {"type": "image", "role": "input", "value": "https://example.com/cat.png"}
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn ai_fields_nested_not_toplevel() {
    let (server, client) = start().await;
    client.track_ai(AiEvent { model: "gpt-4o".into(), convo_id: "convo_1".into(), ..ai_event("evt_1") }).await.unwrap();
    client.flush().await.unwrap();
    let event = only_event(&server);
    assert_eq!(
        event["ai_data"],
        json!({
            "input": "What is the capital of France?", "output": "Paris.", "model": "gpt-4o", "convo_id": "convo_1"
        })
    );
    for key in ["input", "output", "model", "convo_id"] {
        assert_eq!(event.get(key), None, "{key}");
    }
}
