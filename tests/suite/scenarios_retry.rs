//! The scenarios of Raindrop's conformance suite, by their names there: answers that are retried, and those that are not.

use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, at_once, event_ids, start};
use raindrop::{BeginOptions, Client, DropReason, Error, FinishOptions};
use raindrop_ingest::{Fault, IngestServer};
use tokio::time::Instant;

/// Makes one event meet a fault, and asserts that two requests brought it, with the same body.
async fn assert_retried_identically(fault: Fault) {
    let (server, client) = start().await;
    server.fail("events/track", 1, fault);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let report = client.flush().await.unwrap();
    assert_eq!((report.requests(), report.delivered()), (2, 1));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    assert_well_formed(&server);
}

/// Makes one event meet a status, and asserts that this was its only request, whatever comes after.
async fn assert_tried_once(status: u16, reason: DropReason) {
    let (server, client) = start().await;
    server.fail("events/track", 1, Fault::status(status));
    client.track_ai(ai_event("refused")).await.unwrap();
    let error = client.flush().await.unwrap_err();
    assert!(matches!(error, Error::HttpStatus { status: answered, .. } if answered == status), "{error}");
    client.flush().await.unwrap();

    client.track_ai(ai_event("later")).await.unwrap();
    client.close().await.unwrap();
    let sent: Vec<_> = server.requests().iter().map(|it| event_ids(it.json().as_array().unwrap())).collect();
    assert_eq!(sent, [["refused"], ["later"]]);
    assert_eq!(event_ids(&server.received().events), ["later"]);
    assert_eq!((client.stats().dropped_by(reason), client.stats().dropped()), (1, 1));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn reconnect_identical_body() {
    assert_retried_identically(Fault::ResetAfterBody).await;
}

#[tokio::test(start_paused = true)]
async fn retry_500_then_200() {
    assert_retried_identically(Fault::status(500)).await;
}

#[tokio::test(start_paused = true)]
async fn retry_429_hot_path() {
    let (server, client) = start().await;
    server.fail("events/track", 1, Fault::retry_after(429, "5"));
    at_once(client.track_ai(ai_event("evt_1"))).unwrap();
    assert!(server.requests().is_empty());

    let before = Instant::now();
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    server.wait_for(1).await;
    at_once(client.track_ai(ai_event("evt_2"))).unwrap();
    flush.await.unwrap().unwrap();
    assert!(before.elapsed() >= Duration::from_secs(5));
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), ["evt_1", "evt_2"]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn wrap_retry_429_partial_hot_path() {
    let (server, client) = start().await;
    server.fail("events/track_partial", 1, Fault::retry_after(429, "5"));
    let begin = BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..BeginOptions::default() };
    let interaction = at_once(client.begin(begin));
    at_once(interaction.finish(FinishOptions { output: "ho".into(), ..FinishOptions::default() })).unwrap();
    assert!(server.requests().is_empty());

    let before = Instant::now();
    client.flush().await.unwrap();
    assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&before.elapsed()), "{:?}", before.elapsed());
    let requests = server.requests();
    assert_eq!((requests.len(), &requests[0].body), (2, &requests[1].body));
    assert_eq!(server.received().interactions[interaction.event_id()]["ai_data"]["output"], "ho");
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn retry_after_cap() {
    let (server, client) = start().await;
    server.fail("events/track", 1, Fault::retry_after(429, "86400"));
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let before = Instant::now();
    client.flush().await.unwrap();
    assert!((Duration::from_secs(30)..Duration::from_secs(31)).contains(&before.elapsed()), "{:?}", before.elapsed());
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);

    server.fail("events/track", usize::MAX, Fault::retry_after(503, "86400"));
    client.track_ai(ai_event("evt_2")).await.unwrap();
    let before = Instant::now();
    client.close().await.unwrap();
    assert!(before.elapsed() <= Duration::from_secs(10), "{:?}", before.elapsed());
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn retry_401_no_retry() {
    assert_tried_once(401, DropReason::Rejected).await;
}

#[tokio::test(start_paused = true)]
async fn negative_path_400_no_retry() {
    assert_tried_once(400, DropReason::Rejected).await;
}

#[tokio::test(start_paused = true)]
async fn negative_path_403_no_retry() {
    assert_tried_once(403, DropReason::Rejected).await;
}

#[tokio::test(start_paused = true)]
async fn negative_path_413_no_retry() {
    assert_tried_once(413, DropReason::TooLarge).await;
}

#[tokio::test(start_paused = true)]
async fn negative_path_malformed_track_response() {
    let (server, client) = start().await;
    server.fail("events/track", 1, Fault::Garbage);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    assert_eq!(client.flush().await.unwrap().delivered(), 1);
    client.close().await.unwrap();
    assert_eq!(server.requests().len(), 1);
    assert_well_formed(&server);
}

async fn hung(route: &str) -> (IngestServer, Client) {
    let (server, client) = start().await;
    server.fail(route, usize::MAX, Fault::Hang);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    (server, client)
}

#[tokio::test(start_paused = true)]
async fn hang_request_deadline() {
    let (server, client) = hung("events/track").await;
    let before = Instant::now();
    let error = client.flush().await.unwrap_err();
    assert!(matches!(error, Error::Timeout), "{error}");
    // Three attempts of 30 s, and waits of about 1 s and 2 s between them.
    let elapsed = before.elapsed();
    assert!((Duration::from_secs(92)..Duration::from_secs(94)).contains(&elapsed), "{elapsed:?}");
    assert_eq!((server.requests().len(), client.stats().pending()), (3, 1));

    server.clear_faults();
    client.flush().await.unwrap();
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn shutdown_drain_hang_deadline() {
    let (server, client) = hung("*").await;
    let before = Instant::now();
    let report = client.close().await.unwrap();
    let elapsed = before.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(11)).contains(&elapsed), "{elapsed:?}");
    assert_eq!((report.requests(), report.requeued()), (1, 1));
    assert_eq!(client.stats().dropped_by(DropReason::Undelivered), 1);
    assert_well_formed(&server);
}
