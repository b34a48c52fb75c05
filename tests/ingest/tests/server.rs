//! What the server keeps, its CORS rules, its control routes, its program and its end.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use support::{Answer, PLAIN, connect, exchange, partial, send, text, user};
use tokio::io::AsyncReadExt;

async fn control(server: &IngestServer, method: &str, path: &str, body: &str) -> Answer {
    exchange(server, &text(method, path, &[], body)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn partials_arrive_one_by_one_and_merged() {
    let server = IngestServer::start().await.unwrap();
    let mut last = partial();
    last["is_pending"] = false.into();
    last["ai_data"] = json!({"output": "ho"});
    for body in [&partial(), &last] {
        assert_eq!(send(&server, "events/track_partial", body).await.unwrap().status, 200);
    }
    let received = server.received();
    assert_eq!(received.partials, [partial(), last]);
    let merged = &received.interactions["e"];
    assert_eq!(merged["ai_data"], json!({"input": "hi", "output": "ho", "model": "m", "convo_id": "c"}));
    assert_eq!(merged["is_pending"], json!(false));
    assert_eq!(merged["attachments"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_recorded_as_it_came() {
    let server = IngestServer::start().await.unwrap();
    let headers = [PLAIN[0], PLAIN[1], ("X-Raindrop-Sdk", "a"), ("x-raindrop-sdk", "b")];
    let body = format!(" {}", json!([user()]));
    exchange(&server, &text("POST", "/ws/users/identify", &headers, &body)).await.unwrap();
    let request = &server.requests_to("users/identify")[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/ws/users/identify"));
    assert_eq!((request.body.as_str(), request.status, &request.error), (body.as_str(), Some(200), &None));
    assert_eq!((request.header("x-raindrop-sdk"), request.concurrent), (Some("a, b"), 1));
    assert!(server.requests_to("traces").is_empty());
    server.clear();
    assert!(server.requests().is_empty() && server.received().users.is_empty());
}

#[tokio::test(start_paused = true)]
async fn preflights_list_what_each_receiver_allows() {
    let cloud = IngestServer::start().await.unwrap();
    let workshop = IngestServer::workshop().await.unwrap();
    for (server, headers) in [
        (&cloud, "Content-Type, Authorization, X-Raindrop-Project-Id, X-Raindrop-Sdk"),
        (&workshop, "Content-Type, Authorization"),
    ] {
        let answer = control(server, "OPTIONS", "/any/path", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(answer.headers["access-control-allow-headers"], headers);
        assert!(answer.headers["access-control-allow-methods"].contains("POST"));
        assert!(server.requests().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_may_be_read_by_a_browser() {
    let server = IngestServer::start().await.unwrap();
    for (method, path) in [("POST", "/v1/traces"), ("POST", "/nowhere"), ("GET", "/v1/traces"), ("GET", "/_/health")] {
        let answer = control(&server, method, path, "").await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_control_routes_do_what_the_library_does() {
    let server = IngestServer::start().await.unwrap();
    let order = json!({"route": "users/identify", "fault": {"Status": {"status": 503}}}).to_string();
    assert_eq!(control(&server, "POST", "/_/faults", &order).await.status, 200);
    let statuses = [
        send(&server, "users/identify", &json!([user()])).await.unwrap().status,
        send(&server, "users/identify", &json!([user()])).await.unwrap().status,
    ];
    assert_eq!(statuses, [503, 200]);

    let requests = control(&server, "GET", "/_/requests?wait_for=2", "").await.json();
    assert_eq!((requests[0]["status"].clone(), requests[1]["status"].clone()), (json!(503), json!(200)));
    assert_eq!(control(&server, "GET", "/_/received", "").await.json()["users"], json!([user()]));
    let health = control(&server, "GET", "/_/health", "").await.json();
    assert_eq!((&health["ok"], &health["service"], &health["requests"]), (&json!(true), &json!("ingest"), &json!(2)));

    let order = json!({"route": "*", "times": "forever", "fault": {"EndlessBodyWithStatus": 500}}).to_string();
    assert_eq!(control(&server, "POST", "/_/faults", &order).await.status, 200);
    assert_eq!(control(&server, "DELETE", "/_/state", "").await.status, 200);
    assert_eq!(control(&server, "GET", "/_/requests", "").await.json(), json!([]));
    assert_eq!(send(&server, "users/identify", &json!([user()])).await.unwrap().status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_control_routes_refuse_what_they_do_not_understand() {
    let server = IngestServer::start().await.unwrap();
    for body in [
        "",
        r#"{"route":"*","fault":"Explode"}"#,
        r#"{"route":"trace","fault":"Hang"}"#,
        r#"{"route":"*","fault":{"Status":{"status":42}}}"#,
        r#"{"route":"*","time":2,"fault":"Hang"}"#,
    ] {
        assert_eq!(control(&server, "POST", "/_/faults", body).await.status, 400, "{body}");
    }
    assert_eq!(control(&server, "GET", "/_/requests?count=2", "").await.status, 400);
    assert_eq!(control(&server, "GET", "/_/nothing", "").await.status, 404);
}

#[tokio::test]
async fn the_server_ends_with_its_last_handle() {
    let server = IngestServer::start().await.unwrap();
    let other = server.clone();
    drop(server);
    assert_eq!(send(&other, "users/identify", &json!([user()])).await.unwrap().status, 200);
    let mut open = connect(&other).await.unwrap();
    let addr = other.origin().replace("http://", "");
    drop(other);
    assert!(matches!(open.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn the_program_says_where_it_is_and_ends_with_its_input() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_raindrop-ingest"))
        .arg("--workshop")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let addr = ready["origin"].as_str().unwrap().strip_prefix("http://").unwrap();
    let health = support::exchange_at(addr, &text("GET", "/_/health", &[], "")).await.unwrap().json();
    assert_eq!(health["service"], json!("workshop"));
    drop(program.stdin.take());
    assert!(program.wait().unwrap().success());
}
