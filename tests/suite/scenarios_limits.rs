//! The scenarios of Raindrop's conformance suite, by their names there: calls that never wait, large texts, any script.

use crate::support::{ai_event, assert_well_formed, at_once, event_ids, start};
use raindrop::{AiEvent, Attachment};
use raindrop_ingest::Fault;
use serde_json::{Value, json};

const MARKER: &str = "...[truncated by raindrop]";
const MAX_BODY: usize = 1_048_576;

/// What the server got of an event.
async fn round_trip(event: AiEvent) -> Value {
    let (server, client) = start().await;
    client.track_ai(event).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    server.received().events.remove(0)
}

async fn assert_text_round_trips(text: &str) {
    let event = AiEvent {
        input: text.into(),
        output: text.into(),
        properties: [(text.to_owned(), json!(text))].into(),
        ..ai_event("evt_1")
    };
    let event = round_trip(event).await;
    assert_eq!(event["ai_data"]["input"], text);
    assert_eq!(event["ai_data"]["output"], text);
    assert_eq!(event["properties"][text], text);
}

#[tokio::test(start_paused = true)]
async fn hot_path_track_nonblocking() {
    for fault in [Fault::Hang, Fault::Delay(5_000), Fault::Reset] {
        let (server, client) = start().await;
        server.fail("*", usize::MAX, fault);
        at_once(client.track_ai(ai_event("evt_1"))).unwrap();
        let flush = tokio::spawn({
            let client = client.clone();
            async move { client.flush().await }
        });
        while server.connections() == 0 {
            tokio::task::yield_now().await;
        }
        at_once(client.track_ai(ai_event("evt_2"))).unwrap();
        flush.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn hot_path_sustained_track_ai() {
    let (server, client) = start().await;
    server.fail("*", 1, Fault::Hang);
    client.track_ai(ai_event("evt_0")).await.unwrap();
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    server.wait_for(1).await;
    for n in 1..=200 {
        at_once(client.track_ai(ai_event(format!("evt_{n}")))).unwrap();
    }
    assert_eq!(client.stats().pending(), 201);
    flush.abort();
    assert!(flush.await.unwrap_err().is_cancelled());
    client.close().await.unwrap();
    let mut delivered = event_ids(&server.received().events);
    delivered.sort_by_key(|event_id| event_id[4..].parse::<u32>().unwrap());
    assert_eq!(delivered, (0..=200).map(|n| format!("evt_{n}")).collect::<Vec<_>>());
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn size_limit_large_text_field() {
    let event = round_trip(AiEvent { input: "x".repeat(3_000_000), ..ai_event("evt_1") }).await;
    let input = event["ai_data"]["input"].as_str().unwrap();
    assert_eq!(input.chars().count(), 1_000_000);
    assert!(input.ends_with(MARKER));
    assert_eq!(event["ai_data"]["output"], "Paris.");
}

#[tokio::test(start_paused = true)]
async fn size_limit_oversized_attachment() {
    let (server, client) = start().await;
    let attachment = |size| Attachment {
        kind: "text".into(),
        role: "input".into(),
        value: "y".repeat(size),
        ..Attachment::default()
    };
    client.track_ai(AiEvent { attachments: vec![attachment(2_000_000)], ..ai_event("one") }).await.unwrap();
    client
        .track_ai(AiEvent { attachments: vec![attachment(900_000), attachment(900_000)], ..ai_event("two") })
        .await
        .unwrap();
    client.track_ai(ai_event("later")).await.unwrap();
    client.flush().await.unwrap();

    let mut events = server.received().events;
    events.sort_by_key(|event| event["event_id"].to_string());
    assert_eq!(event_ids(&events), ["later", "one", "two"]);
    for event in &events[1..] {
        for attachment in event["attachments"].as_array().unwrap() {
            assert!(attachment["value"].as_str().unwrap().ends_with(MARKER));
        }
    }
    assert!(server.requests().iter().all(|request| request.body.len() <= MAX_BODY));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn size_limit_deep_properties() {
    let deep = (0..200).fold(json!("bottom"), |inner, level| match level % 2 {
        0 => json!({"level": inner}),
        _ => json!([inner]),
    });
    let event = AiEvent { properties: [("deep".to_owned(), deep.clone())].into(), ..ai_event("evt_1") };
    assert_eq!(round_trip(event).await["properties"]["deep"], deep);
}

#[tokio::test(start_paused = true)]
async fn size_limit_wide_properties() {
    let wide = (0..2_000).map(|n| (format!("key_{n}"), json!(n))).collect();
    let event = round_trip(AiEvent { properties: wide, ..ai_event("evt_1") }).await;
    for n in 0..2_000 {
        assert_eq!(event["properties"][format!("key_{n}")], json!(n));
    }
}

#[tokio::test(start_paused = true)]
async fn unicode_multibyte_fields() {
    assert_text_round_trips("Grüße, 世界! Здравствуй, κόσμε — नमस्ते, \u{65e5}\u{672c}\u{8a9e} e\u{301}").await;
}

#[tokio::test(start_paused = true)]
async fn unicode_rtl_bidi() {
    assert_text_round_trips("שלום עולם mixed مرحبا \u{202e}override\u{202c} \u{2067}isolate\u{2069} \u{200f}").await;
}

#[tokio::test(start_paused = true)]
async fn unicode_surrogate_pairs() {
    assert_text_round_trips("😀👩‍👩‍👧‍👦🏳️‍🌈 𝕬𝖇𝖈 𠜎 \u{10ffff} \u{2028}\u{2029}\u{0}\u{7f}").await;
}
