//! How calls on one interaction merge before a flush, and how it is found again by its id.

use crate::support::{assert_well_formed, context, map, moment, start};
use raindrop::{Attachment, BeginOptions, Client, FinishOptions, PatchOptions};
use raindrop_ingest::IngestServer;
use serde_json::{Value, json};

fn beginning() -> BeginOptions {
    BeginOptions {
        event_id: "evt_1".into(),
        user_id: "user_1".into(),
        event: "chat".into(),
        input: "question".into(),
        ..BeginOptions::default()
    }
}

fn note(value: &str) -> Attachment {
    Attachment { kind: "text".into(), role: "input".into(), value: value.into(), ..Attachment::default() }
}

/// The only partial that one flush brings.
async fn flushed(server: &IngestServer, client: &Client) -> Value {
    let before = server.received().partials.len();
    client.flush().await.unwrap();
    assert_well_formed(server);
    let mut partials = server.received().partials.split_off(before);
    assert_eq!(partials.len(), 1, "{partials:#?}");
    partials.remove(0)
}

#[tokio::test]
async fn the_last_write_of_each_scalar_wins() {
    let (server, client) = start().await;
    let begun = BeginOptions { model: "m1".into(), convo_id: "c1".into(), ..beginning() };
    let interaction = client.begin(begun).await;
    let patch = PatchOptions {
        user_id: "user_2".into(),
        event: "support".into(),
        timestamp: Some(moment()),
        input: "second question".into(),
        output: "draft".into(),
        model: "m2".into(),
        convo_id: "c2".into(),
        ..PatchOptions::default()
    };
    interaction.patch(patch).await.unwrap();
    interaction.set_input("last question").await.unwrap();
    let end = FinishOptions { output: "answer".into(), model: "m3".into(), ..FinishOptions::default() };
    interaction.finish(end).await.unwrap();
    let expected = json!({
        "event_id": "evt_1",
        "user_id": "user_2",
        "event": "support",
        "timestamp": "2025-01-02T03:04:05.678Z",
        "ai_data": {"input": "last question", "output": "answer", "model": "m3", "convo_id": "c2"},
        "properties": {"$context": context()},
        "attachments": [],
        "is_pending": false,
    });
    assert_eq!(flushed(&server, &client).await, expected);
}

#[tokio::test]
async fn an_empty_text_changes_nothing() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { model: "m".into(), convo_id: "c".into(), ..beginning() }).await;
    interaction.patch(PatchOptions { output: "answer".into(), ..PatchOptions::default() }).await.unwrap();
    interaction.patch(PatchOptions::default()).await.unwrap();
    interaction.finish(FinishOptions::default()).await.unwrap();
    let partial = flushed(&server, &client).await;
    assert_eq!([&partial["user_id"], &partial["event"]], ["user_1", "chat"]);
    let expected = json!({"input": "question", "output": "answer", "model": "m", "convo_id": "c"});
    assert_eq!(partial["ai_data"], expected);
}

#[tokio::test]
async fn a_finish_sets_the_timestamp_that_it_is_given() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    let end = FinishOptions { timestamp: Some(moment()), output: "a".into(), ..FinishOptions::default() };
    interaction.finish(end).await.unwrap();
    assert_eq!(flushed(&server, &client).await["timestamp"], "2025-01-02T03:04:05.678Z");
}

#[tokio::test]
async fn properties_and_flags_merge_by_key_and_not_deeper() {
    let (server, client) = start().await;
    let interaction = client
        .begin(BeginOptions {
            properties: map([("kept", json!(1)), ("nested", json!({"a": 1})), ("list", json!([1, 2]))]),
            feature_flags: map([("x", "on".to_owned()), ("y", "a".to_owned())]),
            ..beginning()
        })
        .await;
    interaction.set_property("nested", json!({"b": 2})).await.unwrap();
    interaction.set_properties(map([("list", json!([3])), ("$context", json!("forged"))])).await.unwrap();
    let patch = PatchOptions { feature_flags: map([("y", "b".to_owned())]), ..PatchOptions::default() };
    interaction.patch(patch).await.unwrap();
    let end = FinishOptions {
        properties: map([("last", json!(true))]),
        feature_flags: map([("z", "c".to_owned())]),
        ..FinishOptions::default()
    };
    interaction.finish(end).await.unwrap();
    let mut partial = flushed(&server, &client).await;
    let context = partial["properties"].as_object_mut().unwrap().remove("$context").unwrap();
    assert_eq!(context["library"]["name"], "raindrop-rust");
    let expected = json!({"kept": 1, "nested": {"b": 2}, "list": [3], "last": true});
    assert_eq!(partial["properties"], expected);
    assert_eq!(partial["feature_flags"], json!({"x": "on", "y": "b", "z": "c"}));
}

#[tokio::test]
async fn attachments_add_up_in_order() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { attachments: vec![note("1")], ..beginning() }).await;
    interaction.add_attachments(vec![note("2"), note("3")]).await.unwrap();
    interaction.patch(PatchOptions { attachments: vec![note("4")], ..PatchOptions::default() }).await.unwrap();
    interaction.finish(FinishOptions { attachments: vec![note("5")], ..FinishOptions::default() }).await.unwrap();
    let partial = flushed(&server, &client).await;
    let values: Vec<_> =
        partial["attachments"].as_array().unwrap().iter().map(|attachment| &attachment["value"]).collect();
    assert_eq!(values, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn the_last_word_on_pending_wins() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    let pending = |is_pending| PatchOptions { is_pending: Some(is_pending), ..PatchOptions::default() };
    interaction.patch(pending(false)).await.unwrap();
    assert_eq!(flushed(&server, &client).await["is_pending"], false);
    interaction.patch(pending(false)).await.unwrap();
    interaction.patch(pending(true)).await.unwrap();
    assert_eq!(flushed(&server, &client).await["is_pending"], true);
    interaction.set_property("k", "v").await.unwrap();
    assert_eq!(flushed(&server, &client).await["is_pending"], true);
    interaction.finish(FinishOptions::default()).await.unwrap();
    assert_eq!(flushed(&server, &client).await["is_pending"], false);
}

#[tokio::test]
async fn an_interaction_that_is_said_to_be_pending_after_its_end_can_end_again() {
    let (server, client) = start().await;
    let interaction = client.begin(beginning()).await;
    interaction.finish(FinishOptions { output: "first".into(), ..FinishOptions::default() }).await.unwrap();
    client.flush().await.unwrap();
    interaction.patch(PatchOptions { is_pending: Some(true), ..PatchOptions::default() }).await.unwrap();
    assert_eq!(flushed(&server, &client).await["is_pending"], true);
    interaction.finish(FinishOptions { output: "second".into(), ..FinishOptions::default() }).await.unwrap();
    let partial = flushed(&server, &client).await;
    assert_eq!((&partial["is_pending"], &partial["ai_data"]["output"]), (&json!(false), &json!("second")));
}

#[tokio::test]
async fn a_resumed_interaction_is_the_same_one() {
    let (server, client) = start().await;
    let begun = BeginOptions { model: "m".into(), convo_id: "c".into(), ..beginning() };
    client.begin(begun).await;
    let resumed = client.resume_interaction("evt_1");
    assert_eq!(resumed.event_id(), "evt_1");
    resumed.set_property("k", "v").await.unwrap();
    let partial = flushed(&server, &client).await;
    assert_eq!([&partial["ai_data"]["input"], &partial["properties"]["k"]], ["question", "v"]);

    let end = FinishOptions { output: "answer".into(), ..FinishOptions::default() };
    client.resume_interaction("evt_1".to_owned()).finish(end).await.unwrap();
    let partial = flushed(&server, &client).await;
    assert_eq!([&partial["user_id"], &partial["event"]], ["user_1", "chat"]);
    assert_eq!(partial["ai_data"], json!({"output": "answer", "model": "m", "convo_id": "c"}));
}

#[tokio::test]
async fn an_interaction_of_another_process_is_resumed_by_its_id_and_user() {
    let (server, client) = start().await;
    let resumed = client.resume_interaction("evt_elsewhere");
    resumed.set_property("k", "v").await.unwrap();
    assert_eq!(client.flush().await.unwrap().requests(), 0);
    let patch = PatchOptions { user_id: "user_1".into(), event: "chat".into(), ..PatchOptions::default() };
    resumed.patch(patch).await.unwrap();
    resumed.finish(FinishOptions { output: "answer".into(), ..FinishOptions::default() }).await.unwrap();
    let partial = flushed(&server, &client).await;
    assert_eq!([&partial["event_id"], &partial["user_id"], &partial["event"]], ["evt_elsewhere", "user_1", "chat"]);
    assert_eq!(partial["is_pending"], false);
    assert_eq!(partial["properties"]["k"], "v");
}

#[tokio::test]
async fn an_interaction_is_patched_and_finished_by_its_id() {
    let (server, client) = start().await;
    client.begin(beginning()).await;
    let patch = PatchOptions { properties: map([("k", json!("v"))]), model: "m".into(), ..PatchOptions::default() };
    client.patch("evt_1", patch).await.unwrap();
    client.finish("evt_1", FinishOptions { output: "answer".into(), ..FinishOptions::default() }).await.unwrap();
    let partial = flushed(&server, &client).await;
    assert_eq!(partial["ai_data"], json!({"input": "question", "output": "answer", "model": "m"}));
    assert_eq!([&partial["user_id"], &partial["properties"]["k"]], ["user_1", "v"]);
}

#[tokio::test]
async fn interactions_do_not_mix() {
    let (server, client) = start().await;
    let one = client.begin(beginning()).await;
    let other = client.begin(BeginOptions { event_id: "evt_2".into(), user_id: "user_2".into(), ..beginning() }).await;
    one.set_property("of", "one").await.unwrap();
    other.set_property("of", "other").await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    let interactions = server.received().interactions;
    assert_eq!([&interactions["evt_1"]["user_id"], &interactions["evt_1"]["properties"]["of"]], ["user_1", "one"]);
    assert_eq!([&interactions["evt_2"]["user_id"], &interactions["evt_2"]["properties"]["of"]], ["user_2", "other"]);
}
