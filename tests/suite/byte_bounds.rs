//! A buffer is bounded in bytes too; what is needed least goes first, and each loss is counted.

use crate::support::{assert_well_formed, builder, map};
use raindrop::{
    AiEvent, Attachment, BeginOptions, Client, DropReason, FinishOptions, RecordKind, Signal, SpanOptions, User,
};
use raindrop_ingest::{Fault, IngestServer};

const KB: usize = 1024;

async fn bounded(bytes: usize) -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_buffer_bytes(bytes).build().unwrap();
    (server, client)
}

/// A bit more than 10 KiB.
fn heavy() -> String {
    "x".repeat(10 * KB)
}

async fn track(client: &Client, event_ids: impl IntoIterator<Item = usize>) {
    for id in event_ids {
        let event = AiEvent { event_id: id.to_string(), user_id: "u".into(), input: heavy(), ..AiEvent::default() };
        client.track_ai(event).await.unwrap();
    }
}

fn spans(client: &Client, names: impl IntoIterator<Item = usize>) {
    for name in names {
        let properties = map([("weight", heavy().into())]);
        let options =
            SpanOptions { name: name.to_string(), event_id: "e".into(), properties, ..SpanOptions::default() };
        client.start_span(options).end();
    }
}

async fn begin(client: &Client, event_id: &str) -> raindrop::Interaction {
    let options = BeginOptions { event_id: event_id.into(), user_id: "u".into(), input: heavy(), ..Default::default() };
    client.begin(options).await
}

async fn finish(client: &Client, event_id: &str) {
    let options = BeginOptions { event_id: event_id.into(), user_id: "u".into(), ..Default::default() };
    let interaction = client.begin(options).await;
    interaction.finish(FinishOptions { output: heavy(), ..Default::default() }).await.unwrap();
}

/// What arrives: the ids of events, interactions and spans, in the order of their arrival.
async fn arrived(server: &IngestServer, client: &Client) -> (Vec<String>, Vec<String>, Vec<String>) {
    client.flush().await.unwrap();
    assert_well_formed(server);
    let received = server.received();
    let ids = |records: &[serde_json::Value]| {
        records.iter().map(|record| record["event_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let spans = received.spans.iter().map(|span| span.name.clone()).collect();
    (ids(&received.events), ids(&received.partials), spans)
}

fn full(client: &Client) -> (u64, u64) {
    (client.stats().dropped_by(DropReason::QueueFull), client.stats().dropped())
}

#[tokio::test(start_paused = true)]
async fn a_new_span_does_not_displace_older_ones() {
    let (server, client) = bounded(50 * KB).await;
    spans(&client, 0..6);
    let (_, _, spans) = arrived(&server, &client).await;
    assert_eq!(spans, ["0", "1", "2", "3"]);
    assert_eq!(full(&client), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn the_newest_spans_make_room_for_events() {
    let (server, client) = bounded(60 * KB).await;
    spans(&client, 0..3);
    track(&client, 0..4).await;
    let (events, _, spans) = arrived(&server, &client).await;
    assert_eq!((events.len(), spans), (4, vec!["0".to_owned()]));
    assert_eq!((client.stats().dropped_of(RecordKind::Span), full(&client)), (2, (2, 2)));
}

#[tokio::test(start_paused = true)]
async fn without_spans_the_oldest_record_of_any_kind_goes() {
    let (server, client) = bounded(50 * KB).await;
    let traits = map([("weight", heavy().into())]);
    client.identify(User { user_id: "u".into(), traits }).await.unwrap();
    let signal = Signal { event_id: "e".into(), name: "up".into(), comment: heavy(), ..Signal::default() };
    client.track_signal(signal).await.unwrap();
    track(&client, 0..4).await;
    let (events, ..) = arrived(&server, &client).await;
    assert_eq!(events, ["0", "1", "2", "3"]);
    let stats = client.stats();
    assert_eq!((stats.dropped_of(RecordKind::User), stats.dropped_of(RecordKind::Signal)), (1, 1));
    assert_eq!(server.received().signals.len() + server.received().users.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn how_an_interaction_ended_is_the_last_to_be_dropped() {
    let (server, client) = bounded(50 * KB).await;
    finish(&client, "first").await;
    begin(&client, "open").await;
    spans(&client, 0..2);
    track(&client, 0..9).await;
    for id in ["second", "third", "fourth"] {
        finish(&client, id).await;
    }
    let (events, interactions, spans) = arrived(&server, &client).await;
    assert_eq!(interactions, ["first", "second", "third", "fourth"]);
    assert_eq!((events.len(), spans.len()), (0, 0));
    assert_eq!(full(&client), (12, 12));
}

#[tokio::test(start_paused = true)]
async fn when_only_ends_of_interactions_are_left_the_oldest_goes() {
    let (server, client) = bounded(50 * KB).await;
    for id in ["a", "b", "c", "d", "e"] {
        finish(&client, id).await;
    }
    track(&client, 0..1).await;
    let (events, interactions, _) = arrived(&server, &client).await;
    assert_eq!((events.len(), interactions), (0, ["b", "c", "d", "e"].map(str::to_owned).to_vec()));
}

#[tokio::test(start_paused = true)]
async fn what_open_interactions_hold_counts_and_goes_on_without_it() {
    let (server, client) = bounded(45 * KB).await;
    let oldest = begin(&client, "oldest").await;
    for index in 0..4 {
        begin(&client, &index.to_string()).await;
    }
    assert_eq!(full(&client), (1, 1));
    oldest.finish(FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
    arrived(&server, &client).await;
    let received = server.received();
    assert_eq!(received.interactions["oldest"]["ai_data"]["output"], "ho");
    assert_eq!(received.interactions["oldest"]["ai_data"].get("input"), None);
    assert_eq!(received.interactions.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn attachments_that_add_up_are_bounded() {
    let (_server, client) = bounded(100 * KB).await;
    let interaction = begin(&client, "open").await;
    for _ in 0..50 {
        let attachment =
            Attachment { kind: "text".into(), role: "input".into(), value: heavy(), ..Attachment::default() };
        interaction.add_attachments(vec![attachment]).await.unwrap();
    }
    let stats = client.stats();
    assert!(stats.dropped_by(DropReason::QueueFull) >= 4, "{stats:?}");
    assert_eq!(stats.accepted(), stats.pending() + stats.dropped());
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_the_whole_buffer_is_dropped() {
    let (_server, client) = bounded(5 * KB).await;
    track(&client, 0..1).await;
    assert_eq!((full(&client), client.stats().pending()), ((1, 1), 0));
}

#[tokio::test(start_paused = true)]
async fn what_a_flush_is_sending_counts_and_is_not_dropped() {
    let (server, client) = bounded(50 * KB).await;
    track(&client, 0..4).await;
    server.fail("*", 1, Fault::Delay(5_000));
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await.unwrap().delivered() }
    });
    server.wait_for(1).await;
    track(&client, 4..6).await;
    assert_eq!(full(&client), (2, 2));
    assert_eq!(flush.await.unwrap(), 4);
    track(&client, 6..8).await;
    let (events, ..) = arrived(&server, &client).await;
    assert_eq!(events, ["0", "1", "2", "3", "6", "7"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_scope_leaves_behind_counts_in_the_buffer_of_its_client() {
    let (server, client) = bounded(50 * KB).await;
    server.fail("*", usize::MAX, Fault::status(500));
    for round in 0..4 {
        let scope = client.scope();
        spans(&scope, [round]);
        track(&scope, round * 2..round * 2 + 2).await;
        scope.close().await.unwrap_err();
    }
    server.clear();
    let (events, _, spans) = arrived(&server, &client).await;
    assert_eq!((events, spans.len()), (["4", "5", "6", "7"].map(str::to_owned).to_vec(), 0));
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test]
async fn large_properties_of_one_interaction_arrive_whole() {
    let (server, client) = bounded(8 << 20).await;
    let interaction = begin(&client, "chat").await;
    let sizes = [300_000, 300_000, 300_000, 300_000, 500_000, 700_000, 900_000, 20];
    for (n, size) in sizes.into_iter().enumerate() {
        interaction.set_property(format!("p{n}"), "x".repeat(size)).await.unwrap();
    }
    finish(&client, "chat").await;
    client.flush().await.unwrap();
    let properties = &server.received().interactions["chat"]["properties"];
    for (n, size) in sizes.into_iter().enumerate() {
        assert_eq!(properties[format!("p{n}")].as_str().unwrap().len(), size, "p{n}");
    }
}
