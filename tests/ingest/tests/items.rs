//! Every mistake that an item can have, one at a time, in an otherwise proper request.

mod support;

use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use support::mistakes::{Mistake, changed, each_is_refused, gone};
use support::{event, live, partial, send, signal, span, traces, user};

fn event_mistakes() -> Vec<Mistake> {
    vec![
        ("/event_id", json!(""), "event_id"),
        ("/event_id", gone(), "event_id"),
        ("/event", json!(1), "event"),
        ("/user_id", json!(""), "user_id"),
        ("/user_id", Value::Null, "user_id"),
        ("/timestamp", gone(), "timestamp"),
        ("/timestamp", json!("2025-01-02T03:04:05+00:00"), "timestamp"),
        ("/timestamp", json!("2025-01-02 03:04:05Z"), "timestamp"),
        ("/timestamp", json!("2025-13-02T03:04:05Z"), "timestamp"),
        ("/timestamp", json!("Z"), "timestamp"),
        ("/properties", gone(), "properties"),
        ("/properties", json!([]), "properties"),
        ("/properties/$context", gone(), "properties.$context"),
        ("/properties/$context/library/name", gone(), "properties.$context.library.name"),
        ("/properties/$context/library/version", json!(1), "properties.$context.library.version"),
        ("/properties/$context/metadata", json!("x"), "properties.$context.metadata"),
        ("/properties/$context/metadata/language", json!(""), "properties.$context.metadata.language"),
        ("/properties/$context/metadata/runtime", json!("toaster"), "properties.$context.metadata.runtime"),
        ("/attachments", Value::Null, "attachments"),
        ("/attachments/0", json!("x"), "attachments[0]"),
        ("/attachments/0/type", json!("video"), "attachments[0].type"),
        ("/attachments/0/role", json!("context"), "attachments[0].role"),
        ("/attachments/0/value", json!(""), "attachments[0].value"),
        ("/attachments/0/name", Value::Null, "attachments[0].name"),
        ("/attachments/0/size", json!(1), "attachments[0].size"),
        ("/ai_data", json!({}), "ai_data"),
        ("/ai_data/output", Value::Null, "ai_data.output"),
        ("/ai_data/tokens", json!("1"), "ai_data.tokens"),
        ("/feature_flags", json!({}), "feature_flags"),
        ("/feature_flags/flag", json!(true), "feature_flags.flag"),
        ("/convo_id", json!("c"), "convo_id"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_partial_is_read_strictly() {
    let server = IngestServer::start().await.unwrap();
    let mut mistakes = event_mistakes();
    mistakes.push(("/is_pending", gone(), "is_pending"));
    mistakes.push(("/is_pending", json!("true"), "is_pending"));
    each_is_refused(&server, "events/track_partial", partial(), mistakes).await;
    assert_eq!(send(&server, "events/track_partial", &json!([partial()])).await.unwrap().status, 400);
    assert_eq!(server.received().partials, [partial()]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_read_strictly_and_a_bad_one_takes_its_batch_down() {
    let server = IngestServer::start().await.unwrap();
    let mut mistakes = event_mistakes();
    mistakes.push(("/is_pending", json!(false), "is_pending"));
    for (pointer, value, place) in mistakes {
        let batch = json!([event(), changed(event(), pointer, &value)]);
        let answer = send(&server, "events/track", &batch).await.unwrap();
        assert_eq!(answer.status, 400, "{pointer} = {value}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(&format!("[1].{place}:")), "{pointer} = {value}: {error}");
    }
    assert!(server.received().events.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_may_be_left_out_may_be_left_out() {
    let server = IngestServer::start().await.unwrap();
    let mut plain = changed(event(), "/ai_data", &gone());
    plain = changed(plain, "/feature_flags", &gone());
    plain = changed(plain, "/attachments", &json!([]));
    assert_eq!(send(&server, "events/track", &json!([plain])).await.unwrap().status, 200);
    let bare = json!({"event_id": "e", "signal_name": "s", "signal_type": "default", "properties": {}});
    assert_eq!(send(&server, "signals/track", &json!([bare])).await.unwrap().status, 200);
    let mut root = changed(span(), "/parentSpanId", &gone());
    root = changed(root, "/status", &json!({"code": 1}));
    assert_eq!(send(&server, "traces", &traces(vec![root])).await.unwrap().status, 200);
    let span = &server.received().spans[0];
    assert_eq!((&span.parent_span_id, &span.status_message, span.status_code), (&None, &None, 1));
}

#[tokio::test(start_paused = true)]
async fn signals_and_users_are_read_strictly() {
    let server = IngestServer::start().await.unwrap();
    let mistakes = vec![
        ("/0/event_id", gone(), "[0].event_id"),
        ("/0/signal_name", json!(""), "[0].signal_name"),
        ("/0/signal_type", json!("odd"), "[0].signal_type"),
        ("/0/signal_type", gone(), "[0].signal_type"),
        ("/0/sentiment", json!("positive"), "[0].sentiment"),
        ("/0/sentiment", Value::Null, "[0].sentiment"),
        ("/0/timestamp", json!("2025-01-02T03:04:05+01:00"), "[0].timestamp"),
        ("/0/attachment_id", Value::Null, "[0].attachment_id"),
        ("/0/properties", gone(), "[0].properties"),
        ("/0/properties/$context", json!({}), "[0].properties.$context"),
        ("/0/comment", json!("good"), "[0].comment"),
    ];
    each_is_refused(&server, "signals/track", json!([signal()]), mistakes).await;
    let mistakes = vec![
        ("/0/user_id", json!(""), "[0].user_id"),
        ("/0/traits", gone(), "[0].traits"),
        ("/0/traits", Value::Null, "[0].traits"),
        ("/0/timestamp", json!("2025-01-02T03:04:05Z"), "[0].timestamp"),
    ];
    each_is_refused(&server, "users/identify", json!([user()]), mistakes).await;
    let received = server.received();
    assert_eq!((received.signals, received.users), (vec![signal()], vec![user()]));
}

#[tokio::test(start_paused = true)]
async fn batches_hold_one_to_fifty_items() {
    let server = IngestServer::start().await.unwrap();
    for (route, item) in [("events/track", event()), ("signals/track", signal()), ("users/identify", user())] {
        for (count, status) in [(0, 400), (1, 200), (50, 200), (51, 400)] {
            let batch = Value::Array(vec![item.clone(); count]);
            assert_eq!(send(&server, route, &batch).await.unwrap().status, status, "{count} on {route}");
        }
        assert_eq!(send(&server, route, &item).await.unwrap().status, 400, "a bare object on {route}");
    }
    assert_eq!(server.received().events.len(), 51);
}

#[tokio::test(start_paused = true)]
async fn live_messages_are_read_strictly_and_only_by_a_workshop() {
    let server = IngestServer::workshop().await.unwrap();
    let mistakes = vec![
        ("/traceId", gone(), "traceId"),
        ("/type", json!(""), "type"),
        ("/spanId", gone(), "spanId"),
        ("/timestamp", json!("now"), "timestamp"),
        ("/metadata", json!([]), "metadata"),
        ("/extra", json!(1), "extra"),
    ];
    each_is_refused(&server, "live", live(), mistakes).await;
    assert_eq!(server.received().live, [live()]);
    let cloud = IngestServer::start().await.unwrap();
    assert_eq!(send(&cloud, "live", &live()).await.unwrap().status, 404);
    assert_eq!(cloud.requests_to("live").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn properties_may_be_two_hundred_levels_deep() {
    let server = IngestServer::start().await.unwrap();
    let deep = (0..200).fold(json!(1), |inner, _| json!({"in": inner}));
    let event = changed(event(), "/properties/deep", &deep);
    assert_eq!(send(&server, "events/track", &json!([event])).await.unwrap().status, 200);
    assert_eq!(server.received().events, std::slice::from_ref(&event));
    assert_eq!(server.requests()[0].json(), json!([event]));
}
