//! What signals and users look like on the wire, field by field.

use crate::support::{ai_event, assert_well_formed, builder, map, moment, start};
use raindrop::{Client, Signal, SignalKind, User};
use raindrop_ingest::{Fault, IngestServer};
use serde_json::{Value, json};

fn thumbs_up() -> Signal {
    Signal { event_id: "evt_1".into(), name: "thumbs_up".into(), ..Signal::default() }
}

async fn delivered(server: &IngestServer, client: &Client) -> Vec<Value> {
    client.flush().await.unwrap();
    assert_well_formed(server);
    server.received().signals
}

#[tokio::test]
async fn a_signal_says_no_more_than_what_is_set() {
    let (server, client) = start().await;
    client.track_signal(thumbs_up()).await.unwrap();
    let expected = json!({"event_id": "evt_1", "signal_name": "thumbs_up", "signal_type": "default", "properties": {}});
    assert_eq!(delivered(&server, &client).await, [expected]);
}

#[tokio::test]
async fn a_signal_arrives_field_for_field() {
    let (server, client) = start().await;
    let signal = Signal {
        kind: SignalKind::FEEDBACK.into(),
        sentiment: "POSITIVE".into(),
        timestamp: Some(moment()),
        properties: map([("page", json!({"n": [1, null]}))]),
        attachment_id: "att_1".into(),
        comment: "nice".into(),
        after: "edited".into(),
        ..thumbs_up()
    };
    client.track_signal(signal).await.unwrap();
    let expected = json!({
        "event_id": "evt_1",
        "signal_name": "thumbs_up",
        "signal_type": "feedback",
        "timestamp": "2025-01-02T03:04:05.678Z",
        "sentiment": "POSITIVE",
        "attachment_id": "att_1",
        "properties": {"page": {"n": [1, null]}, "comment": "nice", "after": "edited"},
    });
    assert_eq!(delivered(&server, &client).await, [expected]);
}

#[tokio::test]
async fn every_kind_of_signal_has_its_type() {
    let (server, client) = start().await;
    let kinds = [
        ("", "default"),
        (SignalKind::DEFAULT, "default"),
        (SignalKind::STANDARD, "standard"),
        (SignalKind::FEEDBACK, "feedback"),
        (SignalKind::EDIT, "edit"),
        (SignalKind::AGENT, "agent"),
        (SignalKind::AGENT_INTERNAL, "agent_internal"),
    ];
    for (kind, _) in kinds {
        client.track_signal(Signal { kind: kind.into(), ..thumbs_up() }).await.unwrap();
    }
    let signals = delivered(&server, &client).await;
    let types: Vec<_> = signals.iter().map(|signal| signal["signal_type"].as_str().unwrap()).collect();
    assert_eq!(types, kinds.map(|(_, expected)| expected));
}

#[tokio::test]
async fn comment_and_after_live_inside_the_properties_of_any_kind_and_win() {
    let (server, client) = start().await;
    for kind in [SignalKind::DEFAULT, SignalKind::EDIT] {
        let properties = map([("comment", json!("old")), ("after", json!("old"))]);
        let signal = Signal { kind: kind.into(), properties, comment: "c".into(), after: "a".into(), ..thumbs_up() };
        client.track_signal(signal).await.unwrap();
    }
    let properties = map([("comment", json!("own"))]);
    client.track_signal(Signal { properties, ..thumbs_up() }).await.unwrap();
    let signals = delivered(&server, &client).await;
    assert_eq!(signals[0]["properties"], json!({"comment": "c", "after": "a"}));
    assert_eq!(signals[1]["properties"], json!({"comment": "c", "after": "a"}));
    assert_eq!(signals[2]["properties"], json!({"comment": "own"}));
}

#[tokio::test]
async fn both_sentiments_are_sent_as_they_are() {
    let (server, client) = start().await;
    for sentiment in ["POSITIVE", "NEGATIVE"] {
        client.track_signal(Signal { sentiment: sentiment.into(), ..thumbs_up() }).await.unwrap();
    }
    let signals = delivered(&server, &client).await;
    assert_eq!([&signals[0]["sentiment"], &signals[1]["sentiment"]], ["POSITIVE", "NEGATIVE"]);
}

#[tokio::test]
async fn a_user_is_an_id_and_traits_and_nothing_else() {
    let (server, client) = start().await;
    let traits = map([("name", json!("Ada")), ("seats", json!(3)), ("plan", json!({"tier": "pro"}))]);
    client.identify(User { user_id: "user_1".into(), traits }).await.unwrap();
    client.identify(User { user_id: "user_2".into(), ..User::default() }).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let expected = [
        json!({"user_id": "user_1", "traits": {"name": "Ada", "seats": 3, "plan": {"tier": "pro"}}}),
        json!({"user_id": "user_2", "traits": {}}),
    ];
    assert_eq!(server.received().users, expected);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn users_arrive_before_the_events_that_were_recorded_before_them() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).build().unwrap();
    server.fail("users/identify", 1, Fault::Delay(3_000));
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.track_signal(thumbs_up()).await.unwrap();
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].route, "users/identify");
    assert_eq!(requests[1].concurrent, 1);
}
