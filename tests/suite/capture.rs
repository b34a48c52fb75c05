//! An app's tests read what it recorded, without a server.

use std::time::Duration;

use crate::support::{ai_event, at_once, map};
use raindrop::{
    Attribute, BeginOptions, Capture, Client, Event, FinishOptions, PatchOptions, Recorded, Signal, SpanOptions, User,
};

fn capture() -> (Client, Capture) {
    Client::capture().unwrap()
}

async fn record_everything(client: &Client) {
    client.identify(User { user_id: "u".into(), traits: map([("plan", "pro".into())]) }).await.unwrap();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.track_event(Event { user_id: "u".into(), event: "click".into(), ..Event::default() }).await.unwrap();
    client.track_signal(Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() }).await.unwrap();
    let begin = BeginOptions { event_id: "chat".into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
    let interaction = client.begin(begin).await;
    let outer = interaction.start_span(SpanOptions { name: "outer".into(), ..SpanOptions::default() });
    let options = SpanOptions { name: "inner".into(), parent: Some(outer.clone()), ..SpanOptions::default() };
    let inner = interaction.start_span(options);
    inner.set_attributes([Attribute::int("count", 8), Attribute::string_array("tags", ["a", "b"])]);
    inner.set_error("broken");
    inner.end();
    outer.end();
    interaction.finish(FinishOptions { output: "ho".into(), ..FinishOptions::default() }).await.unwrap();
}

fn assert_everything(recorded: &Recorded) {
    assert_eq!(recorded.users[0]["traits"]["plan"], "pro");
    assert_eq!(recorded.events.iter().map(|event| &event["event"]).collect::<Vec<_>>(), ["chat", "click"]);
    assert_eq!(recorded.signals[0]["signal_name"], "up");
    assert_eq!(recorded.interactions.len(), 1);
    assert_eq!(recorded.interactions[0]["ai_data"]["input"], "hi");
    assert_eq!(recorded.interactions[0]["ai_data"]["output"], "ho");
    assert_eq!(recorded.interactions[0]["is_pending"], false);
    let [inner, outer] = recorded.spans.as_slice() else { panic!("{:?}", recorded.spans) };
    assert_eq!((inner.name.as_str(), outer.name.as_str()), ("inner", "outer"));
    assert_eq!((&inner.parent_span_id, outer.parent_span_id.as_str()), (&outer.span_id, ""));
    assert_eq!(inner.trace_id, outer.trace_id);
    assert_eq!((inner.error.as_deref(), outer.error.as_deref()), (Some("broken"), None));
    assert_eq!((&inner.attributes["count"], &inner.attributes["tags"]), (&8.into(), &serde_json::json!(["a", "b"])));
    assert_eq!(inner.attributes["traceloop.association.properties.user_id"], "u");
    assert!(outer.start_nanos <= inner.start_nanos && inner.end_nanos <= outer.end_nanos);
}

#[test]
fn everything_that_was_recorded_can_be_read_without_a_runtime() {
    let (client, capture) = capture();
    at_once(record_everything(&client));
    assert_everything(&capture.recorded());
    assert_everything(&capture.clone().recorded());
}

#[tokio::test(start_paused = true)]
async fn the_app_flushes_and_closes_as_in_production() {
    let (client, capture) = capture();
    tokio::spawn(client.auto_flush());
    record_everything(&client).await;
    assert_eq!(client.flush().await.unwrap().delivered(), 7);
    tokio::time::sleep(Duration::from_secs(5)).await;
    client.close().await.unwrap();
    assert_eq!((client.stats().pending(), client.stats().dropped()), (0, 0));
    assert_everything(&capture.recorded());
}

#[test]
fn an_interaction_is_one_however_often_it_was_looked_at() {
    let (client, capture) = capture();
    for round in 0..3 {
        let properties = map([(if round == 0 { "a" } else { "b" }, round.into())]);
        let patch = PatchOptions { user_id: "u".into(), input: "hi".into(), properties, ..PatchOptions::default() };
        at_once(client.patch("chat", patch)).unwrap();
        assert_eq!(capture.recorded().interactions[0]["is_pending"], true);
    }
    let recorded = capture.recorded();
    assert_eq!(recorded.interactions.len(), 1);
    assert_eq!(
        (&recorded.interactions[0]["properties"]["a"], &recorded.interactions[0]["properties"]["b"]),
        (&0.into(), &2.into())
    );
}

#[test]
fn what_a_scope_holds_is_there_once_it_is_closed() {
    let (client, capture) = capture();
    let scope = client.scope();
    at_once(scope.track_ai(ai_event("evt_1"))).unwrap();
    assert_eq!(capture.recorded().events.len(), 0);
    at_once(scope.close()).unwrap();
    assert_eq!(capture.recorded().events.len(), 1);
}

#[test]
fn what_was_cleared_is_forgotten_and_settings_apply() {
    let (client, capture) = Client::builder().max_text_field_chars(5).capture().unwrap();
    at_once(client.track_ai(ai_event("old"))).unwrap();
    capture.clear();
    assert_eq!(capture.recorded(), Recorded::default());
    at_once(client.track_ai(ai_event("new"))).unwrap();
    assert_eq!(capture.recorded().events[0]["ai_data"]["input"], "What ");
}
