//! What the server refuses before it looks at the items: paths, headers, sizes, broken JSON.

mod support;

use raindrop_ingest::IngestServer;
use serde_json::json;
use support::{PLAIN, exchange, post, send, text, user};

#[tokio::test(start_paused = true)]
async fn headers_are_read_strictly() {
    let server = IngestServer::start().await.unwrap();
    let body = json!([user()]).to_string();
    let json = ("Content-Type", "application/json");
    let key = ("Authorization", "Bearer key");
    let cases: [(&[(&str, &str)], u16); 10] = [
        (&[key, json], 200),
        (&[json], 401),
        (&[("Authorization", "Bearer "), json], 401),
        (&[("Authorization", "key"), json], 401),
        (&[key], 400),
        (&[key, ("Content-Type", "application/json; charset=utf-8")], 400),
        (&[key, json, ("X-Raindrop-Project-Id", "my-project-1")], 200),
        (&[key, json, ("X-Raindrop-Project-Id", "-my-project")], 400),
        (&[key, json, ("X-Raindrop-Project-Id", "My Project")], 400),
        (&[key, json, ("X-Raindrop-Sdk", "raindrop")], 200),
    ];
    for (headers, status) in cases {
        let answer = exchange(&server, &post("/v1/users/identify", headers, &body)).await.unwrap();
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
    }
    assert_eq!(server.requests().len(), 10);
    assert_eq!(server.received().users.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_workshop_needs_no_key_and_shows_whether_one_came() {
    let server = IngestServer::workshop().await.unwrap();
    let body = json!([user()]).to_string();
    let without = post("/v1/users/identify", &PLAIN[1..], &body);
    assert_eq!(exchange(&server, &without).await.unwrap().status, 200);
    assert_eq!(send(&server, "users/identify", &json!([user()])).await.unwrap().status, 200);
    let keys: Vec<_> = server.requests().iter().map(|it| it.header("authorization").map(str::to_owned)).collect();
    assert_eq!(keys, [None, Some("Bearer key".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_json_without_repeated_keys_and_at_most_a_mebibyte() {
    let server = IngestServer::start().await.unwrap();
    for body in ["", "{", "[1,]", r#"[{"user_id":"u","traits":{"a":1,"a":2}}]"#] {
        let answer = exchange(&server, &post("/v1/users/identify", &PLAIN, body)).await.unwrap();
        assert_eq!(answer.status, 400, "{body}");
    }
    let padded = |length: usize| {
        let body = json!([user()]).to_string();
        let padding = " ".repeat(length - body.len());
        post("/v1/users/identify", &PLAIN, &(body + &padding))
    };
    assert_eq!(exchange(&server, &padded(1_048_576)).await.unwrap().status, 200);
    assert_eq!(exchange(&server, &padded(1_048_577)).await.unwrap().status, 413);
    assert_eq!(server.requests().pop().unwrap().body.len(), 1_048_577);
}

#[tokio::test(start_paused = true)]
async fn other_paths_and_methods_are_not_ingestion() {
    let server = IngestServer::start().await.unwrap();
    for (method, path, status) in [
        ("POST", "/v1/event/track", 404),
        ("POST", "/", 404),
        ("GET", "/v1/traces", 405),
        ("PUT", "/v1/events/track", 405),
    ] {
        let answer = exchange(&server, &text(method, path, &PLAIN, "[]")).await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
    }
    assert!(server.requests().is_empty());
}
