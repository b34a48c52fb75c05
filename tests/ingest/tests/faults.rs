//! Every fault, seen from the client's side of the socket.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use raindrop_ingest::{Fault, IngestServer};
use serde_json::json;
use support::{PLAIN, connect, exchange, post, send, user};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn identify(server: &IngestServer) -> std::io::Result<support::Answer> {
    send(server, "users/identify", &json!([user()])).await
}

#[tokio::test(start_paused = true)]
async fn a_status_is_answered_so_often_and_then_no_more() {
    let server = IngestServer::start().await.unwrap();
    server.fail("users/identify", 2, Fault::status(503));
    server.fail("*", 1, Fault::retry_after(429, "2"));
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = identify(&server).await.unwrap();
        seen.push((answer.status, answer.headers.get("retry-after").cloned()));
    }
    assert_eq!(seen, [(503, None), (503, None), (429, Some("2".into())), (200, None)]);
    let recorded: Vec<_> = server.requests().iter().map(|it| it.status.unwrap()).collect();
    assert_eq!(recorded, [503, 503, 429, 200]);
    assert_eq!(server.received().users.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_status_that_means_success_accepts_what_is_well_formed() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", usize::MAX, Fault::status(204));
    assert_eq!(identify(&server).await.unwrap().status, 204);
    assert_eq!(send(&server, "users/identify", &json!([])).await.unwrap().status, 400);
    assert_eq!(server.received().users.len(), 1);
    server.clear_faults();
    assert_eq!(identify(&server).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_fault_does_not_hide_what_is_wrong_with_a_request() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::status(500));
    assert_eq!(send(&server, "users/identify", &json!([])).await.unwrap().status, 500);
    assert!(server.requests()[0].error.as_ref().unwrap().contains("0 items"));
}

#[tokio::test(start_paused = true)]
async fn a_delay_accepts_only_after_it_is_over() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::Delay(3_600_000));
    let before = tokio::time::Instant::now();
    let task = tokio::spawn({
        let server = server.clone();
        async move { identify(&server).await }
    });
    server.wait_for(1).await;
    assert_eq!(server.requests()[0].status, None);
    assert!(server.received().users.is_empty());
    assert_eq!(task.await.unwrap().unwrap().status, 200);
    assert!(before.elapsed() >= Duration::from_secs(3600));
    assert_eq!(server.requests()[0].status, Some(200));
    assert_eq!(server.received().users.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_outlived_by_a_clear_leaves_no_trace() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::Delay(1000));
    let task = tokio::spawn({
        let server = server.clone();
        async move { identify(&server).await }
    });
    server.wait_for(1).await;
    server.clear();
    assert_eq!(task.await.unwrap().unwrap().status, 200);
    assert!(server.requests().is_empty() && server.received().users.is_empty());
}

#[tokio::test]
async fn a_hang_holds_the_connection_and_counts_as_being_handled_until_the_client_leaves() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::Hang);
    let hanging = tokio::spawn({
        let server = server.clone();
        async move { identify(&server).await }
    });
    server.wait_for(1).await;
    identify(&server).await.unwrap();
    assert!(!hanging.is_finished());
    hanging.abort();
    assert!(hanging.await.is_err_and(|error| error.is_cancelled()));
    let mut requests = server.requests();
    assert_eq!((requests[0].status, requests[1].concurrent), (None, 2));
    while requests.last().is_some_and(|it| it.concurrent > 1) {
        identify(&server).await.unwrap();
        requests = server.requests();
    }
}

#[tokio::test]
async fn a_hanging_body_begins_and_never_goes_on() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::HangBody);
    let mut stream = connect(&server).await.unwrap();
    let request = post("/v1/users/identify", &PLAIN, &json!([user()]).to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    while !seen.ends_with(r#"{"success""#) {
        let mut chunk = [0; 256];
        let read = stream.read(&mut chunk).await.unwrap();
        assert_ne!(read, 0);
        seen += std::str::from_utf8(&chunk[..read]).unwrap();
    }
    assert!(seen.starts_with("HTTP/1.1 200 OK\r\n"), "{seen}");
    assert!(seen.contains("content-length: 1024\r\n"), "{seen}");
    identify(&server).await.unwrap();
    let nothing = stream.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    assert_eq!(server.received().users.len(), 2);
    assert_eq!(server.requests()[1].concurrent, 2);
}

#[tokio::test]
async fn an_endless_body_goes_on_as_long_as_the_client_reads() {
    let server = IngestServer::start().await.unwrap();
    for (fault, line) in [
        (Fault::EndlessBody, "HTTP/1.1 200 OK\r\n"),
        (Fault::EndlessBodyWithStatus(500), "HTTP/1.1 500 Internal Server Error\r\n"),
    ] {
        server.fail("*", 1, fault);
        let mut stream = connect(&server).await.unwrap();
        let request = post("/v1/users/identify", &PLAIN, &json!([user()]).to_string());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut seen = vec![0; 4_000_000];
        stream.read_exact(&mut seen).await.unwrap();
        assert!(seen.starts_with(line.as_bytes()));
    }
    assert_eq!(server.received().users.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_a_connection_error_and_leaves_no_request() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::Reset);
    let error = identify(&server).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!((server.requests().len(), server.connections()), (0, 1));
    assert_eq!(identify(&server).await.unwrap().status, 200);
    assert_eq!(server.connections(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_reset_does_not_wait_for_the_body() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::Reset);
    let mut stream = connect(&server).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let error = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_the_body_records_the_request() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::ResetAfterBody);
    let error = identify(&server).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let request = server.requests().pop().unwrap();
    assert_eq!((request.status, request.json()), (None, json!([user()])));
    assert!(server.received().users.is_empty());
}

#[tokio::test(start_paused = true)]
async fn garbage_is_a_success_that_is_not_json() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::Garbage);
    let answer = identify(&server).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err());
    assert_eq!(server.received().users.len(), 1);
}

#[tokio::test]
async fn a_fault_of_one_route_leaves_the_others_alone() {
    let server = IngestServer::start().await.unwrap();
    server.fail("traces", usize::MAX, Fault::Reset);
    assert_eq!(identify(&server).await.unwrap().status, 200);
    let traces = post("/v1/traces", &PLAIN, "{}");
    assert!(exchange(&server, &traces).await.is_err());
}

#[tokio::test]
#[should_panic(expected = "there is no route \"track\"")]
async fn a_misspelt_route_is_not_taken_for_silence() {
    IngestServer::start().await.unwrap().requests_to("track");
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_accepting_takes_what_the_client_believes_lost() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::ResetAfterAccepting);
    let error = identify(&server).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!((server.requests()[0].status, server.received().users.len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn raw_text_stands_in_place_of_http() {
    let server = IngestServer::start().await.unwrap();
    let promised = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
    server.fail("*", 1, Fault::Raw(promised.into()));
    let answer = identify(&server).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "half"));
    assert!(server.received().users.is_empty());
}

#[tokio::test(start_paused = true)]
async fn endless_headers_hints_and_a_compressed_bomb_go_on_as_long_as_the_client_reads() {
    let server = IngestServer::start().await.unwrap();
    for (fault, line, header) in [
        (Fault::EndlessHeaders, "HTTP/1.1 200 OK\r\n", "x-hostile: "),
        (Fault::EndlessHints, "HTTP/1.1 103 Early Hints\r\n", "\r\n\r\nHTTP/1.1 103 Early Hints\r\n"),
        (Fault::CompressedBomb(500), "HTTP/1.1 500 Internal Server Error\r\n", "content-encoding: gzip\r\n"),
    ] {
        server.fail("*", 1, fault);
        let mut stream = connect(&server).await.unwrap();
        let request = post("/v1/users/identify", &PLAIN, &json!([user()]).to_string());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut seen = vec![0; 1_000_000];
        stream.read_exact(&mut seen).await.unwrap();
        let beginning = String::from_utf8_lossy(&seen[..300]);
        assert!(beginning.starts_with(line) && beginning.contains(header), "{beginning}");
    }
    assert!(server.received().users.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_drip_takes_its_time_and_never_ends() {
    let server = IngestServer::start().await.unwrap();
    server.fail("*", 1, Fault::DripBody(503));
    let mut stream = connect(&server).await.unwrap();
    let request = post("/v1/users/identify", &PLAIN, &json!([user()]).to_string());
    let before = tokio::time::Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(&b"1\r\n.\r\n".repeat(20)) {
        seen.push(stream.read_u8().await.unwrap());
    }
    assert!(seen.starts_with(b"HTTP/1.1 503 "));
    assert!(before.elapsed() >= Duration::from_millis(1_900), "{:?}", before.elapsed());
}
