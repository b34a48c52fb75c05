//! How many records may wait, and which one goes when there is one too many.

use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, span};
use raindrop::{
    BeginOptions, Client, ClientBuilder, DropReason, FinishOptions, PatchOptions, RecordKind, Signal, User,
};
use raindrop_ingest::{Fault, IngestServer};
use tokio::task::JoinHandle;
use tokio::time::timeout;

async fn start_with(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = configure(builder(&server)).build().unwrap();
    (server, client)
}

/// A client whose queues hold so many events and so many spans.
async fn bounded(events: usize, spans: usize) -> (IngestServer, Client) {
    start_with(|builder| builder.event_max_queue_size(events).trace_max_queue_size(spans)).await
}

async fn track(client: &Client, numbers: std::ops::Range<usize>) {
    for n in numbers {
        client.track_ai(ai_event(n.to_string())).await.unwrap();
    }
}

fn spans(client: &Client, numbers: std::ops::Range<usize>) {
    numbers.for_each(|n| span(client, n.to_string()));
}

fn span_names(server: &IngestServer) -> Vec<String> {
    server.received().spans.into_iter().map(|span| span.name).collect()
}

async fn begin(client: &Client, event_id: &str) -> raindrop::Interaction {
    let options =
        BeginOptions { event_id: event_id.into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
    client.begin(options).await
}

/// A flush whose requests hang until the first attempts time out after 30 s.
async fn hung_flush(server: &IngestServer, client: &Client, requests: usize) -> JoinHandle<()> {
    server.fail("*", requests, Fault::Hang);
    let flush = tokio::spawn({
        let client = client.clone();
        async move { drop(timeout(Duration::from_secs(5), client.flush()).await) }
    });
    server.wait_for(requests).await;
    flush
}

fn full(client: &Client, kind: RecordKind) -> u64 {
    let stats = client.stats();
    assert_eq!(stats.dropped(), stats.dropped_by(DropReason::QueueFull));
    stats.dropped_of(kind)
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_a_new_event_is_dropped() {
    let (server, client) = bounded(3, 3).await;
    track(&client, 0..3).await;
    assert_eq!(full(&client, RecordKind::Event), 0);
    track(&client, 3..8).await;
    assert_eq!((full(&client, RecordKind::Event), client.stats().pending()), (5, 3));
    client.flush().await.unwrap();
    track(&client, 8..10).await;
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), ["0", "1", "2", "8", "9"]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_the_oldest_span_is_dropped() {
    let (server, client) = bounded(3, 3).await;
    spans(&client, 0..3);
    assert_eq!(full(&client, RecordKind::Span), 0);
    spans(&client, 3..8);
    assert_eq!((full(&client, RecordKind::Span), client.stats().pending()), (5, 3));
    client.flush().await.unwrap();
    assert_eq!(span_names(&server), ["5", "6", "7"]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn signals_users_and_interactions_have_the_events_limit_each() {
    let (server, client) = bounded(2, 3).await;
    for n in 0..5 {
        let user_id = n.to_string();
        client.identify(User { user_id: user_id.clone(), ..User::default() }).await.unwrap();
        client
            .track_signal(Signal { event_id: user_id.clone(), name: "up".into(), ..Signal::default() })
            .await
            .unwrap();
        begin(&client, &user_id).await;
    }
    for kind in [RecordKind::User, RecordKind::Signal, RecordKind::Partial] {
        assert_eq!((full(&client, kind), client.stats().pending_of(kind)), (3, 2), "{kind:?}");
    }
    client.flush().await.unwrap();
    let received = server.received();
    assert_eq!(event_ids(&received.signals), ["0", "1"]);
    assert_eq!(received.interactions.keys().collect::<Vec<_>>(), ["0", "1"]);
    assert_eq!(received.users.iter().map(|user| user["user_id"].as_str().unwrap()).collect::<Vec<_>>(), ["0", "1"]);
}

#[tokio::test(start_paused = true)]
async fn what_joins_an_interaction_that_waits_needs_no_room() {
    let (server, client) = bounded(1, 3).await;
    let interaction = begin(&client, "chat_1").await;
    for n in 0..10 {
        interaction.set_property("n", n).await.unwrap();
    }
    interaction.finish(FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
    assert_eq!((full(&client, RecordKind::Partial), client.stats().pending()), (0, 1));
    client.flush().await.unwrap();
    assert_eq!(server.received().interactions["chat_1"]["properties"]["n"], 9);
}

#[tokio::test(start_paused = true)]
async fn an_interaction_that_found_no_room_for_an_update_can_still_be_finished() {
    let (server, client) = bounded(1, 3).await;
    let interaction = begin(&client, "chat_1").await;
    client.flush().await.unwrap();
    begin(&client, "chat_2").await;
    interaction.patch(PatchOptions { output: "lost".into(), ..Default::default() }).await.unwrap();
    interaction.finish(FinishOptions { output: "lost".into(), ..Default::default() }).await.unwrap();
    assert_eq!(full(&client, RecordKind::Partial), 2);
    client.flush().await.unwrap();
    interaction.finish(FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
    client.flush().await.unwrap();
    let chat = &server.received().interactions["chat_1"];
    assert_eq!((&chat["ai_data"]["output"], &chat["is_pending"]), (&"ho".into(), &false.into()));
}

#[tokio::test(start_paused = true)]
async fn events_in_a_flush_count_until_they_are_delivered() {
    let (server, client) = bounded(3, 3).await;
    track(&client, 0..2).await;
    let flush = hung_flush(&server, &client, 1).await;
    track(&client, 2..5).await;
    assert_eq!((full(&client, RecordKind::Event), client.stats().pending()), (2, 3));
    flush.await.unwrap();
    track(&client, 5..6).await;
    assert_eq!((full(&client, RecordKind::Event), client.stats().pending()), (3, 3));
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), ["0", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn spans_in_a_flush_count_until_they_are_delivered() {
    let (server, client) = bounded(3, 3).await;
    spans(&client, 0..2);
    let flush = hung_flush(&server, &client, 1).await;
    spans(&client, 2..6);
    assert_eq!((full(&client, RecordKind::Span), client.stats().pending()), (3, 3));
    flush.await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(span_names(&server), ["0", "1", "5"]);
}

#[tokio::test(start_paused = true)]
async fn when_a_flush_has_all_that_is_allowed_a_new_span_is_dropped() {
    let (server, client) = bounded(3, 3).await;
    spans(&client, 0..3);
    let flush = hung_flush(&server, &client, 1).await;
    spans(&client, 3..5);
    assert_eq!((full(&client, RecordKind::Span), client.stats().pending()), (2, 3));
    flush.await.unwrap();
    spans(&client, 5..6);
    client.flush().await.unwrap();
    assert_eq!(span_names(&server), ["1", "2", "5"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_flush_does_not_push_the_queue_over_its_limit() {
    let (server, client) = start_with(|builder| {
        builder.event_max_queue_size(4).trace_max_queue_size(4).trace_max_batch_size(2).max_attempts(1)
    })
    .await;
    for round in 0..6 {
        server.fail("*", 3, Fault::status(500));
        track(&client, round * 3..round * 3 + 3).await;
        spans(&client, round * 3..round * 3 + 3);
        client.flush().await.unwrap_err();
        assert!(client.stats().pending_of(RecordKind::Event) <= 4 && client.stats().pending_of(RecordKind::Span) <= 4);
    }
    server.clear();
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), ["0", "1", "2", "3"]);
    let mut names = span_names(&server);
    names.sort_unstable();
    assert_eq!(names, ["14", "15", "16", "17"]);
    assert_eq!(client.stats().dropped_by(DropReason::QueueFull), 28);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_of_one_kind_leaves_the_others_alone() {
    let (server, client) = bounded(1, 1).await;
    track(&client, 0..5).await;
    begin(&client, "chat_1").await;
    span(&client, "work");
    client.identify(User { user_id: "u".into(), ..User::default() }).await.unwrap();
    assert_eq!(client.flush().await.unwrap().delivered(), 4);
    assert_eq!(server.received().partials.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn by_default_five_thousand_of_each_wait() {
    let (_server, client) = start_with(|builder| builder).await;
    track(&client, 0..5_001).await;
    spans(&client, 0..5_001);
    let stats = client.stats();
    assert_eq!((stats.pending_of(RecordKind::Event), stats.pending_of(RecordKind::Span)), (5_000, 5_000));
    assert_eq!(stats.dropped_by(DropReason::QueueFull), 2);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_keeps_nothing() {
    let (server, client) = bounded(0, 0).await;
    track(&client, 0..2).await;
    spans(&client, 0..2);
    begin(&client, "chat_1").await;
    assert_eq!(client.close().await.unwrap().requests(), 0);
    assert_eq!((client.stats().dropped_by(DropReason::QueueFull), client.stats().pending()), (5, 0));
    assert!(server.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn interactions_without_a_user_make_room_for_those_that_have_one() {
    let (server, client) = bounded(3, 3).await;
    for index in 0..3 {
        let options = BeginOptions { event_id: format!("stray {index}"), input: "hi".into(), ..Default::default() };
        client.begin(options).await;
    }
    begin(&client, "known").await;
    client.flush().await.unwrap();
    assert_eq!(server.received().interactions.keys().collect::<Vec<_>>(), ["known"]);
    assert_eq!(client.stats().dropped_by(DropReason::UnknownUser), 3);
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_interaction_that_is_held_may_still_get_its_user_when_the_buffer_is_full() {
    let (server, client) = bounded(2, 3).await;
    for event_id in ["one", "two"] {
        let options = BeginOptions { event_id: event_id.into(), input: "hi".into(), ..Default::default() };
        client.begin(options).await.finish(FinishOptions::default()).await.unwrap();
    }
    client.patch("one", PatchOptions { user_id: "user_1".into(), ..Default::default() }).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(server.received().interactions["one"]["ai_data"]["input"], "hi");
    assert_eq!(client.stats().dropped(), 0);
}

#[tokio::test]
async fn an_interaction_that_ended_a_moment_ago_is_remembered_however_long_ago_it_began() {
    let (client, _capture) = Client::capture().unwrap();
    let begin = async |event_id: String| {
        client.begin(BeginOptions { event_id, user_id: "u".into(), input: "hi".into(), ..Default::default() }).await
    };
    let finish = || FinishOptions { output: "ho".into(), ..FinishOptions::default() };
    let long = begin("long".into()).await;
    for n in 0..2_100 {
        begin(format!("chat_{n}")).await.finish(finish()).await.unwrap();
        if n == 1_500 {
            long.finish(finish()).await.unwrap();
        }
    }
    let accepted = client.stats().accepted();
    long.finish(finish()).await.unwrap();
    assert_eq!((client.stats().accepted(), client.stats().dropped()), (accepted, 0), "it ended twice");
}

#[tokio::test]
async fn an_interaction_that_is_open_is_remembered_however_many_come_and_end_meanwhile() {
    const AT_ONCE: usize = 2_000;
    let (client, capture) = Client::capture().unwrap();
    let begin = async |event_id: String| {
        client.begin(BeginOptions { event_id, user_id: "u".into(), input: "hi".into(), ..Default::default() }).await
    };
    let finish = || FinishOptions { output: "ho".into(), ..FinishOptions::default() };
    begin("waiting".into()).await;
    client.flush().await.unwrap();
    for round in 0..20 {
        for n in 0..AT_ONCE {
            begin(format!("{round} {n}")).await;
        }
        client.flush().await.unwrap();
        for n in 0..AT_ONCE {
            client.finish(&format!("{round} {n}"), finish()).await.unwrap();
        }
        client.flush().await.unwrap();
        capture.clear();
    }
    client.finish("waiting", finish()).await.unwrap();
    assert_eq!(capture.recorded().interactions[0]["user_id"], "u");
    assert_eq!(client.stats().dropped(), 0);
}
