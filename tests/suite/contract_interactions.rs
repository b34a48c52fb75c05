//! The life of an interaction on `events/track_partial`: what ships when, and what never does.

use std::time::Duration;

use crate::support::{assert_well_formed, builder, context, map, moment, start};
use raindrop::{Attachment, BeginOptions, Client, DropReason, FinishOptions, PatchOptions, RecordKind};
use raindrop_ingest::{Fault, IngestServer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

fn beginning() -> BeginOptions {
    BeginOptions { event_id: "evt_1".into(), user_id: "user_1".into(), event: "chat".into(), ..BeginOptions::default() }
}

fn answer(output: &str) -> FinishOptions {
    FinishOptions { output: output.into(), ..FinishOptions::default() }
}

fn note(value: &str) -> Attachment {
    Attachment { kind: "text".into(), role: "input".into(), value: value.into(), ..Attachment::default() }
}

/// The partials that one flush brings.
async fn flushed(server: &IngestServer, client: &Client) -> Vec<Value> {
    let before = server.received().partials.len();
    client.flush().await.unwrap();
    assert_well_formed(server);
    server.received().partials.split_off(before)
}

#[tokio::test]
async fn an_interaction_arrives_field_for_field() {
    let (server, client) = start().await;
    let interaction = client
        .begin(BeginOptions {
            timestamp: Some(moment()),
            input: "question".into(),
            model: "gpt-4o".into(),
            convo_id: "convo_1".into(),
            properties: map([("stage", json!("begun"))]),
            attachments: vec![note("context")],
            feature_flags: map([("new-prompt", "b".to_owned())]),
            ..beginning()
        })
        .await;
    interaction.finish(answer("answer")).await.unwrap();
    let expected = json!({
        "event_id": "evt_1",
        "user_id": "user_1",
        "event": "chat",
        "timestamp": "2025-01-02T03:04:05.678Z",
        "ai_data": {"input": "question", "output": "answer", "model": "gpt-4o", "convo_id": "convo_1"},
        "properties": {"stage": "begun", "$context": context()},
        "attachments": [{"type": "text", "role": "input", "value": "context"}],
        "feature_flags": {"new-prompt": "b"},
        "is_pending": false,
    });
    assert_eq!(flushed(&server, &client).await, [expected]);
}

#[tokio::test]
async fn an_interaction_has_an_id_and_a_name_without_being_given_any() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { user_id: "user_1".into(), ..BeginOptions::default() }).await;
    let id = interaction.event_id().to_owned();
    assert_eq!(interaction.get_event_id(), id);
    assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    let partials = flushed(&server, &client).await;
    assert_eq!(partials[0]["event_id"], id.as_str());
    assert_eq!(partials[0]["event"], "ai_generation");
}

#[tokio::test]
async fn every_partial_repeats_the_identity_and_carries_only_what_is_new() {
    let (server, client) = start().await;
    let identity = BeginOptions { model: "gpt-4o".into(), convo_id: "convo_1".into(), ..beginning() };
    let interaction = client
        .begin(BeginOptions {
            input: "question".into(),
            properties: map([("first", json!(1))]),
            attachments: vec![note("one")],
            ..identity
        })
        .await;
    let begun = flushed(&server, &client).await;
    interaction.set_property("second", 2).await.unwrap();
    interaction.add_attachments(vec![note("two")]).await.unwrap();
    let patched = flushed(&server, &client).await;
    interaction.finish(answer("answer")).await.unwrap();
    let finished = flushed(&server, &client).await;

    let partials = [begun, patched, finished].concat();
    assert_eq!(partials.len(), 3);
    for partial in &partials {
        assert_eq!([&partial["user_id"], &partial["event"]], ["user_1", "chat"]);
        assert_eq!([&partial["ai_data"]["model"], &partial["ai_data"]["convo_id"]], ["gpt-4o", "convo_1"]);
        assert!(partial["properties"]["$context"].is_object());
    }
    let carried = |partial: &Value| {
        let mut carried = partial.clone();
        for key in ["event_id", "user_id", "event", "timestamp"] {
            carried.as_object_mut().unwrap().remove(key).unwrap();
        }
        carried["properties"].as_object_mut().unwrap().remove("$context").unwrap();
        let ai_data = carried["ai_data"].as_object_mut().unwrap();
        ai_data.retain(|key, _| !matches!(key.as_str(), "model" | "convo_id"));
        carried
    };
    let attachment = |value: &str| json!([{"type": "text", "role": "input", "value": value}]);
    assert_eq!(
        carried(&partials[0]),
        json!({
            "ai_data": {"input": "question"}, "properties": {"first": 1},
            "attachments": attachment("one"), "is_pending": true,
        })
    );
    assert_eq!(
        carried(&partials[1]),
        json!({"ai_data": {}, "properties": {"second": 2}, "attachments": attachment("two"), "is_pending": true})
    );
    assert_eq!(
        carried(&partials[2]),
        json!({"ai_data": {"output": "answer"}, "properties": {}, "attachments": [], "is_pending": false})
    );
}

#[tokio::test]
async fn a_patched_identity_is_the_one_that_is_repeated() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    flushed(&server, &client).await;
    let patch = PatchOptions {
        user_id: "user_2".into(),
        event: "support".into(),
        model: "gpt-5".into(),
        convo_id: "convo_2".into(),
        ..PatchOptions::default()
    };
    interaction.patch(patch).await.unwrap();
    let patched = flushed(&server, &client).await;
    interaction.finish(answer("a")).await.unwrap();
    let finished = flushed(&server, &client).await;
    for partial in [&patched[0], &finished[0]] {
        assert_eq!([&partial["user_id"], &partial["event"]], ["user_2", "support"]);
        assert_eq!([&partial["ai_data"]["model"], &partial["ai_data"]["convo_id"]], ["gpt-5", "convo_2"]);
    }
}

#[tokio::test]
async fn an_open_interaction_ships_as_pending_whenever_it_has_news() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    assert_eq!(flushed(&server, &client).await[0]["is_pending"], true);
    interaction.set_input("q, more precisely").await.unwrap();
    let news = flushed(&server, &client).await;
    assert_eq!(news.len(), 1);
    assert_eq!([&news[0]["is_pending"], &news[0]["ai_data"]["input"]], [&json!(true), &json!("q, more precisely")]);
}

#[tokio::test]
async fn an_interaction_without_news_is_not_sent() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    flushed(&server, &client).await;
    interaction.patch(PatchOptions::default()).await.unwrap();
    interaction.set_properties(map::<Value, 0>([])).await.unwrap();
    interaction.add_attachments(Vec::new()).await.unwrap();
    interaction.set_input("").await.unwrap();
    assert_eq!(client.flush().await.unwrap().requests(), 0);
    assert_eq!(client.close().await.unwrap().requests(), 0);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn begin_then_close_ships_the_interaction_as_pending() {
    let (server, client) = start().await;
    client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    let report = client.close().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(report.delivered_of(RecordKind::Partial), 1);
    let partials = server.received().partials;
    assert_eq!(partials.len(), 1);
    assert_eq!([&partials[0]["is_pending"], &partials[0]["ai_data"]], [&json!(true), &json!({"input": "q"})]);
}

#[tokio::test]
async fn the_timestamp_is_the_moment_of_the_call_and_not_of_the_flush() {
    let (server, client) = start().await;
    let before = OffsetDateTime::now_utc();
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    interaction.finish(answer("a")).await.unwrap();
    let after = OffsetDateTime::now_utc();
    let partials = flushed(&server, &client).await;
    let sent = OffsetDateTime::parse(partials[0]["timestamp"].as_str().unwrap(), &Rfc3339).unwrap();
    assert!((before..=after).contains(&sent), "{sent} is not between {before} and {after}");
}

#[tokio::test]
async fn an_interaction_that_ends_empty_is_dropped_and_counted() {
    let (server, client) = start().await;
    let only_facts = BeginOptions {
        model: "m".into(),
        convo_id: "c".into(),
        properties: map([("k", json!("v"))]),
        ..BeginOptions { event_id: "evt_2".into(), ..beginning() }
    };
    client.begin(beginning()).await.finish(FinishOptions::default()).await.unwrap();
    client.begin(only_facts).await.finish(FinishOptions::default()).await.unwrap();
    let report = client.flush().await.unwrap();
    assert_eq!(report.requests(), 0);
    assert!(server.requests().is_empty());
    assert_eq!(client.stats().dropped_by(DropReason::EmptyInteraction), 2);
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test]
async fn an_interaction_that_ends_with_an_attachment_only_ships() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    interaction.finish(FinishOptions { attachments: vec![note("n")], ..FinishOptions::default() }).await.unwrap();
    assert_eq!(flushed(&server, &client).await[0]["is_pending"], false);
}

#[tokio::test]
async fn an_interaction_that_ends_with_an_input_only_ships() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    interaction.finish(FinishOptions::default()).await.unwrap();
    let partials = flushed(&server, &client).await;
    assert_eq!([&partials[0]["is_pending"], &partials[0]["ai_data"]], [&json!(false), &json!({"input": "q"})]);
}

#[tokio::test]
async fn an_empty_finish_ships_after_content_was_delivered() {
    let content = [
        BeginOptions { input: "q".into(), ..beginning() },
        BeginOptions { attachments: vec![note("n")], ..beginning() },
    ];
    for begun in content {
        let (server, client) = start().await;
        let interaction = client.begin(BeginOptions { model: "m".into(), ..begun }).await;
        flushed(&server, &client).await;
        interaction.finish(FinishOptions::default()).await.unwrap();
        let partials = flushed(&server, &client).await;
        assert_eq!(partials.len(), 1);
        assert_eq!([&partials[0]["is_pending"], &partials[0]["ai_data"]], [&json!(false), &json!({"model": "m"})]);
        assert_eq!(client.stats().dropped(), 0);
    }
}

#[tokio::test]
async fn an_interaction_of_an_unknown_user_is_held_until_the_user_is_known() {
    let (server, client) = start().await;
    let open = client.begin(BeginOptions { input: "q".into(), user_id: String::new(), ..beginning() }).await;
    let finished = client.begin(BeginOptions { event_id: "evt_2".into(), ..BeginOptions::default() }).await;
    finished.finish(answer("a")).await.unwrap();
    let report = client.flush().await.unwrap();
    assert_eq!((report.requests(), report.dropped(), client.stats().pending()), (0, 0, 2));
    assert!(server.requests().is_empty());

    for interaction in [&open, &finished] {
        interaction.patch(PatchOptions { user_id: "user_1".into(), ..PatchOptions::default() }).await.unwrap();
    }
    let mut partials = flushed(&server, &client).await;
    partials.sort_by_key(|partial| partial["event_id"].to_string());
    assert_eq!(partials.len(), 2);
    assert_eq!([&partials[0]["is_pending"], &partials[0]["ai_data"]], [&json!(true), &json!({"input": "q"})]);
    assert_eq!([&partials[1]["is_pending"], &partials[1]["ai_data"]], [&json!(false), &json!({"output": "a"})]);
    assert_eq!(client.close().await.unwrap().requests(), 0);
}

#[tokio::test]
async fn an_interaction_whose_user_stays_unknown_is_dropped_and_counted_at_close() {
    let (server, client) = start().await;
    client.begin(BeginOptions { input: "q".into(), user_id: String::new(), ..beginning() }).await;
    let report = client.close().await.unwrap();
    assert_eq!(report.dropped_by(DropReason::UnknownUser), 1);
    let stats = client.stats();
    assert_eq!((stats.dropped_by(DropReason::UnknownUser), stats.pending()), (1, 0));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_second_finish_is_ignored() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    interaction.finish(answer("first")).await.unwrap();
    interaction.finish(answer("second")).await.unwrap();
    let partials = flushed(&server, &client).await;
    assert_eq!(partials.len(), 1);
    assert_eq!(partials[0]["ai_data"]["output"], "first");

    interaction.finish(answer("third")).await.unwrap();
    client.finish("evt_1", answer("fourth")).await.unwrap();
    client.resume_interaction("evt_1").finish(answer("fifth")).await.unwrap();
    assert!(flushed(&server, &client).await.is_empty());
}

#[tokio::test]
async fn an_undelivered_partial_still_arrives_before_what_was_set_after_it() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).base_delay(Duration::from_millis(1)).build().unwrap();
    server.fail("events/track_partial", 3, Fault::status(500));
    let interaction = client.begin(BeginOptions { input: "q".into(), ..beginning() }).await;
    client.flush().await.unwrap_err();
    interaction.finish(answer("a")).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let received = server.received();
    assert_eq!(received.interactions["evt_1"]["ai_data"], json!({"input": "q", "output": "a"}));
    assert_eq!(received.partials.last().unwrap()["is_pending"], false);
    assert_eq!(received.interactions["evt_1"]["is_pending"], false);
}
