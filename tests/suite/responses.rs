//! Answers that hang, never end, mean nothing or break off: bounded, and taken for what they are.

use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, start};
use raindrop::{Client, Error};
use raindrop_ingest::{Fault, IngestServer};
use tokio::time::Instant;

async fn flush_against(client: &Client, server: &IngestServer, fault: Fault) -> (raindrop::Result<u64>, Duration) {
    server.fail("events/track", 1, fault);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let before = Instant::now();
    let result = client.flush().await.map(|report| report.delivered());
    (result, before.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_2xx_is_success_whatever_its_body_does() {
    for fault in [Fault::HangBody, Fault::EndlessBody, Fault::Garbage, Fault::status(204)] {
        let (server, client) = start().await;
        let (delivered, elapsed) = flush_against(&client, &server, fault.clone()).await;
        assert_eq!(delivered.unwrap(), 1, "{fault:?}");
        assert!(elapsed <= Duration::from_secs(2), "{fault:?}: {elapsed:?}");
        client.close().await.unwrap();
        assert_eq!(event_ids(&server.received().events), ["evt_1"], "{fault:?}");
        assert_well_formed(&server);
    }
}

#[tokio::test(start_paused = true)]
async fn a_2xx_is_success_although_its_body_outlasts_the_request_timeout() {
    for fault in [Fault::HangBody, Fault::EndlessBody] {
        let server = IngestServer::start().await.unwrap();
        let client = builder(&server).request_timeout(Duration::from_millis(500)).build().unwrap();
        let (delivered, _) = flush_against(&client, &server, fault.clone()).await;
        assert_eq!(delivered.unwrap(), 1, "{fault:?}");
        client.close().await.unwrap();
        assert_eq!(event_ids(&server.received().events), ["evt_1"], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_2xx_at_the_end_of_the_close_deadline_counts_although_its_body_hangs() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).close_timeout(Duration::from_millis(500)).build().unwrap();
    server.fail("events/track", 1, Fault::HangBody);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let before = Instant::now();
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    assert_eq!(client.stats().dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_an_error_is_read_no_further_than_it_is_shown() {
    let (server, client) = start().await;
    let (result, elapsed) = flush_against(&client, &server, Fault::EndlessBodyWithStatus(400)).await;
    let Err(Error::HttpStatus { status: 400, body }) = result else { panic!("{result:?}") };
    assert!(!body.is_empty() && body.len() <= 4096, "{}", body.len());
    assert!(elapsed <= Duration::from_secs(2), "{elapsed:?}");
    assert_eq!(client.stats().dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_endless_5xx_is_tried_again_like_any_other() {
    let (server, client) = start().await;
    let (delivered, elapsed) = flush_against(&client, &server, Fault::EndlessBodyWithStatus(500)).await;
    assert_eq!(delivered.unwrap(), 1);
    assert!(elapsed <= Duration::from_secs(4), "{elapsed:?}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_says_what_the_server_said() {
    let (server, client) = start().await;
    let body = r#"{"error":"unknown project é"}"#.to_owned();
    let fault = Fault::Status { status: 403, headers: Vec::new(), body: body.clone() };
    let (result, _) = flush_against(&client, &server, fault).await;
    assert_eq!(result.unwrap_err().to_string(), format!("the server answered 403: {body}"));
}

#[tokio::test(start_paused = true)]
async fn a_reset_before_or_after_the_body_delivers_once_in_the_end() {
    for fault in [Fault::Reset, Fault::ResetAfterBody] {
        let (server, client) = start().await;
        server.fail("events/track", 1, fault.clone());
        let (delivered, _) = flush_against(&client, &server, fault).await;
        assert_eq!(delivered.unwrap(), 1);
        assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_resets_every_connection_is_an_http_error_and_loses_nothing() {
    for fault in [Fault::Reset, Fault::ResetAfterBody] {
        let (server, client) = start().await;
        server.fail("*", usize::MAX, fault.clone());
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let error = client.flush().await.unwrap_err();
        assert!(matches!(error, Error::Http(_)), "{error}");
        assert_eq!(client.stats().pending(), 1);
        server.clear_faults();
        client.flush().await.unwrap();
        assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_an_http_error_and_loses_nothing() {
    let gone = IngestServer::start().await.unwrap();
    let client = builder(&gone).build().unwrap();
    drop(gone);
    // The server's task, and with it the port, ends at the next turn of the runtime.
    tokio::task::yield_now().await;
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let error = client.flush().await.unwrap_err();
    assert!(matches!(error, Error::Http(_)), "{error}");
    assert_eq!(client.stats().pending(), 1);
}

#[tokio::test(start_paused = true)]
async fn connections_are_used_again() {
    let (server, client) = start().await;
    for fault in [Fault::status(200), Fault::status(204), Fault::Garbage, Fault::status(500), Fault::status(400)] {
        let _ = flush_against(&client, &server, fault).await;
    }
    assert_eq!((server.requests().len(), server.connections()), (6, 1));
}

/// What hostile answers come to in a flush, whose attempts are three: an error, or none.
#[tokio::test(start_paused = true)]
async fn hostile_answers_end_within_their_limits() {
    for fault in [
        Fault::DripBody(200),
        Fault::DripBody(400),
        Fault::DripBody(503),
        Fault::EndlessHeaders,
        Fault::CompressedBomb(200),
        Fault::CompressedBomb(400),
        Fault::CompressedBomb(500),
        Fault::EndlessBodyWithStatus(503),
    ] {
        let (server, client) = start().await;
        server.fail("*", usize::MAX, fault.clone());
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let before = Instant::now();
        let result = client.flush().await;
        assert!(before.elapsed() < Duration::from_secs(10), "{fault:?}: {:?}", before.elapsed());
        if let Err(error) = result {
            assert!(error.to_string().len() < 4_200, "{fault:?}: {} bytes", error.to_string().len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hints_without_end_are_no_answer_and_take_no_longer_than_silence() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).request_timeout(Duration::from_secs(5)).build().unwrap();
    server.fail("*", 1, Fault::EndlessHints);
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let before = Instant::now();
    assert_eq!(client.flush().await.unwrap().delivered(), 1);
    assert!(before.elapsed() < Duration::from_secs(7), "{:?}", before.elapsed());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_cut_between_characters() {
    let (server, client) = start().await;
    let body = format!("x{}", "😀".repeat(2_000));
    let fault = Fault::Status { status: 400, headers: Vec::new(), body: body.clone() };
    let (result, _) = flush_against(&client, &server, fault).await;
    let Err(Error::HttpStatus { body: shown, .. }) = result else { panic!("{result:?}") };
    assert!(body.starts_with(&shown) && (4_090..=4_096).contains(&shown.len()), "{}", shown.len());
}
