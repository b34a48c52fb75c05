//! A flush delivers what was recorded before it, and loses nothing when it is dropped.

use std::time::Duration;

use crate::support::{WRITE_KEY, ai_event, assert_well_formed, at_once, builder, event_ids, span, start};
use raindrop::{BeginOptions, Client, Error, FinishOptions, RecordKind, Signal, User};
use raindrop_ingest::{Fault, IngestServer};
use tokio::time::{Instant, timeout};

/// Records one of each kind.
async fn one_of_each(client: &Client) {
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let begin = BeginOptions {
        event_id: "chat_1".into(),
        user_id: "user_1".into(),
        input: "hi".into(),
        ..BeginOptions::default()
    };
    client.begin(begin).await.finish(FinishOptions { output: "ho".into(), ..FinishOptions::default() }).await.unwrap();
    let signal = Signal { event_id: "evt_1".into(), name: "thumbs_up".into(), ..Signal::default() };
    client.track_signal(signal).await.unwrap();
    span(client, "work");
}

fn assert_one_of_each_received(server: &IngestServer) {
    let received = server.received();
    let counts = [&received.users, &received.events, &received.partials, &received.signals].map(Vec::len);
    assert_eq!((counts, received.spans.len()), ([1; 4], 1));
    assert_well_formed(server);
}

async fn track(client: &Client, events: std::ops::Range<usize>) {
    for n in events {
        client.track_ai(ai_event(format!("evt_{n:03}"))).await.unwrap();
    }
}

fn assert_each_once(server: &IngestServer, events: std::ops::Range<usize>) {
    let mut received = event_ids(&server.received().events);
    received.sort_unstable();
    assert_eq!(received, events.map(|n| format!("evt_{n:03}")).collect::<Vec<_>>());
    assert_well_formed(server);
}

#[tokio::test(start_paused = true)]
async fn one_flush_delivers_every_kind_that_was_recorded_before_it() {
    let (server, client) = start().await;
    one_of_each(&client).await;
    let report = client.flush().await.unwrap();
    assert_one_of_each_received(&server);
    assert_eq!((report.delivered(), report.requests()), (5, 5));
    assert_eq!((report.requeued(), report.dropped()), (0, 0));
    for &kind in RecordKind::ALL {
        assert_eq!(report.delivered_of(kind), 1, "{kind:?}");
    }
    assert_eq!(report.to_string(), "5 delivered in 5 requests, 0 left, 0 dropped");
    assert_eq!((client.stats().delivered(), client.stats().pending()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_flush_with_nothing_to_deliver_sends_nothing() {
    let (server, client) = start().await;
    let report = client.flush().await.unwrap();
    assert_eq!((report.delivered(), report.requests()), (0, 0));
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_a_flush_is_awaited() {
    let (server, client) = start().await;
    one_of_each(&client).await;
    drop(client.flush());
    drop(client.auto_flush());
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(server.connections(), 0);
    client.flush().await.unwrap();
    assert_one_of_each_received(&server);
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_during_a_flush_waits_for_the_next() {
    let (server, client) = start().await;
    track(&client, 0..1).await;
    server.fail("events/track", 1, Fault::Delay(5_000));
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    server.wait_for(1).await;
    track(&client, 1..3).await;
    assert_eq!(flush.await.unwrap().unwrap().delivered(), 1);
    assert_each_once(&server, 0..1);
    assert_eq!(client.flush().await.unwrap().delivered(), 2);
    assert_each_once(&server, 0..3);
}

#[tokio::test(start_paused = true)]
async fn a_flush_dropped_before_the_first_answer_loses_nothing() {
    for route in ["users/identify", "events/track", "events/track_partial", "signals/track", "traces", "*"] {
        let (server, client) = start().await;
        one_of_each(&client).await;
        server.fail(route, usize::MAX, Fault::Hang);
        assert!(timeout(Duration::from_secs(1), client.flush()).await.is_err());
        server.clear_faults();
        client.flush().await.unwrap();
        assert_one_of_each_received(&server);
        assert_eq!((client.stats().pending(), client.stats().dropped()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_dropped_between_two_attempts_loses_nothing() {
    let (server, client) = start().await;
    one_of_each(&client).await;
    server.fail("*", usize::MAX, Fault::status(503));
    // The second attempt at the user comes after 0.8 s at the earliest.
    for _ in 0..2 {
        assert!(timeout(Duration::from_millis(500), client.flush()).await.is_err());
    }
    assert_eq!(server.requests().len(), 2);
    server.clear_faults();
    client.flush().await.unwrap();
    assert_one_of_each_received(&server);
}

#[tokio::test(start_paused = true)]
async fn a_flush_dropped_with_several_batches_in_flight_sends_only_the_unanswered_again() {
    let (server, client) = start().await;
    track(&client, 0..300).await;
    server.fail("events/track", 3, Fault::Delay(100));
    server.fail("events/track", 3, Fault::Hang);
    assert!(timeout(Duration::from_secs(1), client.flush()).await.is_err());
    assert_eq!(server.received().events.len(), 150);
    assert_eq!(client.stats().pending(), 150);
    let report = client.flush().await.unwrap();
    assert_eq!((report.delivered(), report.requests()), (150, 3));
    assert_each_once(&server, 0..300);
}

#[tokio::test(start_paused = true)]
async fn a_flush_dropped_over_and_over_at_any_moment_loses_nothing() {
    let (server, client) = start().await;
    track(&client, 0..120).await;
    for step in 0..40 {
        server.clear_faults();
        server.fail("events/track", 1, Fault::status(500));
        server.fail("events/track", usize::MAX, Fault::Hang);
        let _ = timeout(Duration::from_millis(step * 70), client.flush()).await;
        assert_eq!(client.stats().pending(), 120);
    }
    server.clear_faults();
    client.flush().await.unwrap();
    assert_each_once(&server, 0..120);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_flush_gives_back_its_batches_in_their_order() {
    let (server, client) = start().await;
    track(&client, 0..120).await;
    server.fail("events/track", usize::MAX, Fault::Hang);
    assert!(timeout(Duration::from_secs(1), client.flush()).await.is_err());
    track(&client, 120..130).await;
    server.clear();
    client.flush().await.unwrap();
    let mut batches: Vec<_> =
        server.requests().iter().map(|request| event_ids(request.json().as_array().unwrap())).collect();
    batches.sort();
    assert_eq!(batches.concat(), (0..130).map(|n| format!("evt_{n:03}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn two_flushes_at_once_deliver_each_record_once() {
    let (server, client) = start().await;
    one_of_each(&client).await;
    server.fail("*", 5, Fault::Delay(1_000));
    let (one, other) = tokio::join!(client.flush(), client.flush());
    assert_eq!(one.unwrap().delivered() + other.unwrap().delivered(), 5);
    assert_one_of_each_received(&server);
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_the_request_of_another() {
    let (server, client) = start().await;
    track(&client, 0..1).await;
    server.fail("events/track", 1, Fault::Hang);
    let before = Instant::now();
    let hung = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    server.wait_for(1).await;
    track(&client, 1..2).await;
    assert_eq!(client.flush().await.unwrap().delivered(), 1);
    assert!(before.elapsed() < Duration::from_secs(30), "{:?}", before.elapsed());
    assert!(!hung.is_finished());
    assert_eq!(event_ids(&server.received().events), ["evt_001"]);
    assert_eq!(hung.await.unwrap().unwrap().delivered(), 1);
    assert_each_once(&server, 0..2);
}

#[tokio::test(start_paused = true)]
async fn what_a_flush_waits_to_try_again_is_left_alone_by_another() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).request_timeout(Duration::from_secs(1)).build().unwrap();
    track(&client, 0..1).await;
    client.track_signal(Signal { event_id: "e".into(), name: "s".into(), ..Signal::default() }).await.unwrap();
    server.fail("events/track", 1, Fault::retry_after(429, "30"));
    // While the event waits, the same flush tries something else again.
    server.fail("signals/track", 1, Fault::status(500));
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(client.flush().await.unwrap().requests(), 0, "Retry-After asked for 30 s");
    assert_eq!(waiting.await.unwrap().unwrap().delivered(), 2);
    assert_each_once(&server, 0..1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_was_never_dropped_nor_finished_gives_its_records_up_in_the_end() {
    let (server, client) = start().await;
    track(&client, 0..1).await;
    server.fail("events/track", 1, Fault::Hang);
    let mut frozen = Box::pin(client.flush());
    assert!(timeout(Duration::from_secs(1), &mut frozen).await.is_err());
    assert_eq!(client.flush().await.unwrap().delivered(), 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(client.flush().await.unwrap().delivered(), 1);
    assert_each_once(&server, 0..1);

    // It comes back to life, and has nothing left to send.
    let report = frozen.await.unwrap();
    assert_eq!(report.delivered(), 0);
    assert_each_once(&server, 0..1);
}

#[test]
fn building_and_recording_need_no_runtime_and_a_flush_without_one_fails_and_loses_nothing() {
    let client = Client::builder().write_key(WRITE_KEY).disable_local_workshop().build().unwrap();
    at_once(one_of_each(&client));
    assert!(matches!(at_once(client.flush()), Err(Error::Http(_))));
    assert_eq!(client.stats().pending(), 5);
    assert!(at_once(client.close()).is_err());
    assert_eq!((client.stats().pending(), client.stats().dropped()), (0, 5));
}
