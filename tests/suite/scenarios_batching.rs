//! The scenarios of Raindrop's conformance suite, by their names there: batches, and many tasks at once.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, start};
use raindrop_ingest::{Fault, IngestServer};

fn received_ids(server: &IngestServer) -> Vec<String> {
    event_ids(&server.received().events)
}

/// Every one of so many events landed, and none twice.
fn assert_each_once(server: &IngestServer, count: usize) {
    let landed = received_ids(server);
    assert_eq!(landed.len(), count);
    let expected: BTreeSet<String> = (0..count).map(|n| format!("evt_{n}")).collect();
    assert_eq!(landed.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_well_formed(server);
}

#[tokio::test(start_paused = true)]
async fn batching_close_drains_without_flush() {
    let (server, client) = start().await;
    client.track_ai(ai_event("evt_0")).await.unwrap();
    client.close().await.unwrap();
    assert_each_once(&server, 1);
}

#[tokio::test(start_paused = true)]
async fn batching_double_flush_no_duplicate() {
    let (server, client) = start().await;
    for n in 0..2 {
        client.track_ai(ai_event(format!("evt_{n}"))).await.unwrap();
        client.flush().await.unwrap();
        client.flush().await.unwrap();
    }
    for n in 2..100 {
        client.track_ai(ai_event(format!("evt_{n}"))).await.unwrap();
    }
    server.fail("events/track", 2, Fault::Delay(500));
    let (one, other) = tokio::join!(client.flush(), client.flush());
    assert_eq!(one.unwrap().delivered() + other.unwrap().delivered(), 98);
    assert_each_once(&server, 100);
}

#[tokio::test(start_paused = true)]
async fn batching_flush_cycle_resets_queue() {
    let (server, client) = start().await;
    for event_id in ["first", "second"] {
        client.track_ai(ai_event(event_id)).await.unwrap();
        client.flush().await.unwrap();
    }
    let bodies: Vec<_> = server.requests().iter().map(|it| event_ids(it.json().as_array().unwrap())).collect();
    assert_eq!(bodies, [["first"], ["second"]]);
    assert_well_formed(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrency_batch_all_land() {
    let (server, client) = start().await;
    let tasks = (0..500).map(|n| {
        let client = client.clone();
        tokio::spawn(async move { client.track_ai(ai_event(format!("evt_{n}"))).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    client.flush().await.unwrap();
    assert_each_once(&server, 500);
    assert_eq!(server.requests().len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrency_retry_preserves_all() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).base_delay(Duration::from_millis(1)).build().unwrap();
    // Each of the ten batches may meet all of these and still has its third attempt.
    server.fail("events/track", 2, Fault::status(500));
    let tasks = (0..500).map(|n| {
        let client = client.clone();
        tokio::spawn(async move { client.track_ai(ai_event(format!("evt_{n}"))).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    client.flush().await.unwrap();
    assert_each_once(&server, 500);
    assert_eq!(server.requests().len(), 12);
}
