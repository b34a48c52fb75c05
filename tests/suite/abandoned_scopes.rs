//! What becomes of a scope whose request context died: its futures are neither polled nor dropped again.

use std::task::{Context, Waker};
use std::time::Duration;

use raindrop::{BeginOptions, Client, Event, FinishOptions};
use raindrop_ingest::{Fault, IngestServer};

async fn track(client: &Client, event_id: &str) {
    let event = Event { event_id: event_id.into(), user_id: "u".into(), event: "click".into(), ..Default::default() };
    client.track_event(event).await.unwrap();
}

fn event_ids(server: &IngestServer) -> Vec<String> {
    server.received().events.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_frozen_close_held_is_delivered_by_a_later_scope() {
    let (server, client) = crate::support::start().await;
    server.fail("events/track", 1, Fault::Hang);

    let scope = client.scope();
    track(&scope, "frozen").await;
    let mut close = Box::pin(async move { scope.close().await });
    assert!(close.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    std::mem::forget(close);

    tokio::time::sleep(Duration::from_secs(120)).await;
    for event_id in ["next", "the one after"] {
        let scope = client.scope();
        track(&scope, event_id).await;
        scope.close().await.unwrap();
        tokio::time::sleep(Duration::from_secs(120)).await;
    }

    let mut delivered = event_ids(&server);
    delivered.sort_unstable();
    assert_eq!(delivered, ["frozen", "next", "the one after"]);
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_scope_recorded_and_never_flushed_is_delivered_by_a_later_scope() {
    let (server, client) = crate::support::start().await;
    let dead = client.scope();
    track(&dead, "dead").await;
    let interaction = dead
        .begin(BeginOptions { event_id: "open".into(), user_id: "u".into(), input: "hi".into(), ..Default::default() })
        .await;

    client.scope().close().await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let next = client.scope();
    track(&next, "next").await;
    next.close().await.unwrap();

    let mut delivered = event_ids(&server);
    delivered.sort_unstable();
    assert_eq!(delivered, ["dead", "next"]);
    assert_eq!(server.received().interactions["open"]["is_pending"], true);

    // It was alive after all.
    interaction.finish(FinishOptions { output: "hello".into(), ..Default::default() }).await.unwrap();
    dead.close().await.unwrap();
    assert_eq!(server.received().interactions["open"]["is_pending"], false);
    assert_eq!(server.received().interactions["open"]["ai_data"]["output"], "hello");
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_busy_keeps_what_it_holds() {
    let (server, client) = crate::support::start().await;
    let busy = client.scope();
    for round in 0..5 {
        track(&busy, &format!("busy {round}")).await;
        client.flush().await.unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    assert!(server.received().events.is_empty());
    busy.close().await.unwrap();
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.received().events.len(), 5);
}
