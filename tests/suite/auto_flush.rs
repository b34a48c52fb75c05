//! The periodic flush: at its intervals, through failures, until the client is closed or gone.

use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, span, start};
use raindrop::{Client, ClientBuilder};
use raindrop_ingest::{Fault, IngestServer};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// A client with these intervals in milliseconds, and its running `auto_flush`.
async fn running(partial: u64, trace: u64) -> (IngestServer, Client, JoinHandle<()>) {
    running_with(|builder| {
        builder
            .partial_flush_interval(Duration::from_millis(partial))
            .trace_flush_interval(Duration::from_millis(trace))
    })
    .await
}

async fn running_with(
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (IngestServer, Client, JoinHandle<()>) {
    let server = IngestServer::start().await.unwrap();
    let client = configure(builder(&server)).build().unwrap();
    let flushing = tokio::spawn(client.auto_flush());
    tokio::task::yield_now().await;
    (server, client, flushing)
}

async fn record(client: &Client, event_id: &str) {
    client.track_ai(ai_event(event_id)).await.unwrap();
    span(client, event_id);
}

/// How many events and spans have arrived.
fn arrived(server: &IngestServer) -> (usize, usize) {
    (server.received().events.len(), server.received().spans.len())
}

#[tokio::test(start_paused = true)]
async fn it_flushes_every_second_unless_told_otherwise() {
    let (server, client, _flushing) = running_with(|builder| builder).await;
    record(&client, "evt_1").await;
    sleep(Duration::from_millis(900)).await;
    assert_eq!(arrived(&server), (0, 0));
    sleep(Duration::from_millis(200)).await;
    assert_eq!(arrived(&server), (1, 1));
    record(&client, "evt_2").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(arrived(&server), (2, 2));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn it_honours_both_intervals() {
    let (server, client, _flushing) = running(2_000, 5_000).await;
    record(&client, "evt_1").await;
    sleep(Duration::from_millis(1_900)).await;
    assert_eq!(arrived(&server), (0, 0));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(arrived(&server), (1, 0));
    sleep(Duration::from_millis(2_700)).await;
    assert_eq!(arrived(&server), (1, 0));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(arrived(&server), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn zero_turns_one_off() {
    let (server, client, _flushing) = running(0, 1_000).await;
    record(&client, "evt_1").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(arrived(&server), (0, 1));

    let (server, client, _flushing) = running(1_000, 0).await;
    record(&client, "evt_1").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(arrived(&server), (1, 0));
    client.flush().await.unwrap();
    assert_eq!(arrived(&server), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn with_both_at_zero_it_ends_at_once() {
    let (server, _client, flushing) = running(0, 0).await;
    timeout(Duration::from_millis(1), flushing).await.unwrap().unwrap();
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_sends_nothing_when_there_is_nothing_to_send() {
    let (server, _client, flushing) = running(1_000, 1_000).await;
    sleep(Duration::from_secs(3_600)).await;
    assert!(!flushing.is_finished());
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_close() {
    let (server, client, flushing) = running(3_600_000, 0).await;
    record(&client, "evt_1").await;
    sleep(Duration::from_secs(2)).await;
    client.close().await.unwrap();
    timeout(Duration::from_secs(2), flushing).await.unwrap().unwrap();
    assert_eq!(arrived(&server), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_client_is_gone() {
    let (_server, client, flushing) = running(3_600_000, 3_600_000).await;
    sleep(Duration::from_secs(2)).await;
    assert!(!flushing.is_finished());
    drop(client);
    timeout(Duration::from_secs(2), flushing).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_failures() {
    let (server, client, flushing) = running(1_000, 1_000).await;
    server.fail("*", usize::MAX, Fault::status(500));
    record(&client, "evt_1").await;
    sleep(Duration::from_secs(120)).await;
    assert!(!flushing.is_finished());
    assert_eq!(client.stats().pending(), 2);
    server.clear_faults();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(arrived(&server), (1, 1));

    server.fail("*", 2, Fault::status(401));
    record(&client, "refused").await;
    sleep(Duration::from_secs(5)).await;
    record(&client, "evt_2").await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(event_ids(&server.received().events), ["evt_1", "evt_2"]);
    assert_eq!((client.stats().dropped(), client.stats().pending()), (2, 0));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_get_in_the_way_of_a_flush() {
    let (server, client, _flushing) = running(1_000, 1_000).await;
    server.fail("events/track", 1, Fault::Hang);
    record(&client, "hung").await;
    sleep(Duration::from_secs(2)).await;
    record(&client, "evt_1").await;
    timeout(Duration::from_secs(1), client.flush()).await.unwrap().unwrap();
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(arrived(&server), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn spans_keep_their_interval_while_events_hang() {
    let (server, client, _flushing) = running(1_000, 1_000).await;
    server.fail("events/track", usize::MAX, Fault::Hang);
    record(&client, "evt_1").await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(arrived(&server), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn several_at_once_deliver_each_record_once() {
    let (server, client, _flushing) = running(1_000, 1_000).await;
    for _ in 0..4 {
        tokio::spawn(client.auto_flush());
    }
    for n in 0..50 {
        record(&client, &format!("evt_{n}")).await;
        sleep(Duration::from_millis(130)).await;
    }
    client.close().await.unwrap();
    assert_eq!(arrived(&server), (50, 50));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_keep_the_client_alive() {
    let (server, client) = start().await;
    let flushing = tokio::spawn(client.auto_flush());
    record(&client, "evt_1").await;
    drop(client);
    timeout(Duration::from_secs(3), flushing).await.unwrap().unwrap();
    assert_eq!(server.connections(), 0);
}
