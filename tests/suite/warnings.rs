//! The log warns of what is lost, and not too often.

use std::time::Duration;

use crate::support::{Log, ai_event, builder, span, start};
use raindrop::{Client, SpanOptions};
use raindrop_ingest::Fault;
use tokio::time::sleep;

const REJECTED: &str = "are lost (Rejected)";
const FAILED: &str = "wait for the next flush";
const USELESS: &str = "the backend drops such spans";

async fn flush_event(client: &Client) {
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let _ = client.flush().await;
}

fn useless_span(client: &Client) {
    client.start_span(SpanOptions { name: "useless".into(), ..SpanOptions::default() }).end();
}

#[tokio::test(start_paused = true)]
async fn a_warning_of_one_kind_comes_once_in_30_seconds() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    server.fail("*", usize::MAX, Fault::status(400));
    for _ in 0..29 {
        flush_event(&client).await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(log.warnings(REJECTED), 1, "{}", log.text());
    sleep(Duration::from_secs(2)).await;
    flush_event(&client).await;
    flush_event(&client).await;
    assert_eq!(log.warnings(REJECTED), 2, "{}", log.text());
    sleep(Duration::from_secs(300)).await;
    flush_event(&client).await;
    assert_eq!(log.warnings(REJECTED), 3);
}

#[tokio::test(start_paused = true)]
async fn a_warning_does_not_silence_another_kind() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    useless_span(&client);
    useless_span(&client);
    server.fail("*", 2, Fault::status(400));
    flush_event(&client).await;
    server.fail("*", usize::MAX, Fault::status(500));
    flush_event(&client).await;
    flush_event(&client).await;
    assert_eq!([USELESS, REJECTED, FAILED].map(|text| log.warnings(text)), [1, 1, 1], "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn what_a_close_could_not_deliver_is_not_said_to_wait() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    server.fail("*", usize::MAX, Fault::status(503));
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.close().await.unwrap_err();
    let told = [log.warnings("1 record(s) could not be delivered: the server answered 503"), log.warnings(FAILED)];
    assert_eq!(told, [1, 0], "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn a_warning_does_not_silence_another_client_but_its_own_scopes() {
    let (log, _guard) = Log::capture();
    let (_server, one) = start().await;
    let (_server, other) = start().await;
    for client in [one.scope(), one.scope(), one.clone(), one, other] {
        useless_span(&client);
    }
    assert_eq!(log.warnings(USELESS), 2, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_logged_when_all_is_well() {
    let (log, _guard) = Log::capture();
    let (_server, client) = start().await;
    span(&client, "work");
    flush_event(&client).await;
    client.close().await.unwrap();
    assert_eq!(log.text().matches("raindrop:").count(), 0, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn with_debug_on_each_flush_says_what_it_did() {
    let (log, _guard) = Log::capture();
    let (server, _) = start().await;
    let client = builder(&server).debug(true).build().unwrap();
    flush_event(&client).await;
    assert!(log.text().contains("flush: 1 delivered in 1 request, 0 left, 0 dropped"), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn a_warning_says_what_happened_to_how_many_and_why() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    server.fail("*", 1, Fault::Status { status: 403, headers: Vec::new(), body: "archived project".into() });
    client.track_ai(ai_event("evt_0")).await.unwrap();
    flush_event(&client).await;
    let expected = "2 record(s) for events/track are lost (Rejected): the server answered 403: archived project";
    assert_eq!(log.warnings(expected), 1, "{}", log.text());
}
