//! A bare HTTP/1.1 client, so that nothing between the test and the socket retries or hides an
//! error, and well-formed bodies to start from.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod mistakes;

use std::collections::BTreeMap;
use std::io;

use raindrop_ingest::IngestServer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub const PLAIN: [(&str, &str); 2] = [("Authorization", "Bearer key"), ("Content-Type", "application/json")];

pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> String {
    text("POST", path, headers, body)
}

pub fn text(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    text += &format!("Content-Length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text + "\r\n" + body
}

pub async fn connect(server: &IngestServer) -> io::Result<TcpStream> {
    let origin = server.origin();
    TcpStream::connect(origin.strip_prefix("http://").unwrap()).await
}

/// Sends one request and reads until the server closes the connection.
pub async fn exchange(server: &IngestServer, request: &str) -> io::Result<Answer> {
    let origin = server.origin();
    exchange_at(origin.strip_prefix("http://").unwrap(), request).await
}

/// The same with a server that is only known by its address.
pub async fn exchange_at(addr: &str, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or_else(broken)?;
    Ok(Answer {
        status: status.parse().unwrap(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    })
}

/// Posts JSON to a route, with the headers of a proper client.
pub async fn send(server: &IngestServer, route: &str, body: &Value) -> io::Result<Answer> {
    exchange(server, &post(&format!("/v1/{route}"), &PLAIN, &body.to_string())).await
}

pub fn event() -> Value {
    json!({
        "event_id": "e", "event": "chat", "user_id": "u", "timestamp": "2025-01-02T03:04:05.678Z",
        "properties": {"any": {"thing": [1, null]}, "$context": {
            "library": {"name": "lib", "version": "1"},
            "metadata": {"language": "rust", "runtime": "native"},
        }},
        "attachments": [{
            "type": "code", "role": "input", "value": "x",
            "name": "n", "language": "rust", "attachment_id": "a",
        }],
        "ai_data": {"input": "hi", "output": "", "model": "m", "convo_id": "c"},
        "feature_flags": {"flag": "on"},
    })
}

pub fn partial() -> Value {
    let mut partial = event();
    partial["is_pending"] = true.into();
    partial
}

pub fn signal() -> Value {
    json!({
        "event_id": "e", "signal_name": "thumbs_up", "signal_type": "feedback",
        "properties": {"comment": "good"}, "timestamp": "2025-01-02T03:04:05Z",
        "sentiment": "POSITIVE", "attachment_id": "a",
    })
}

pub fn user() -> Value {
    json!({"user_id": "u", "traits": {"plan": "pro"}})
}

pub fn live() -> Value {
    json!({
        "traceId": "t", "spanId": "s", "type": "tool_start",
        "content": "x", "timestamp": 1, "metadata": {},
    })
}

pub fn span() -> Value {
    json!({
        "traceId": "AAECAwQFBgcICQoLDA0ODw==", "spanId": "AAECAwQFBgc=",
        "parentSpanId": "CAkKCwwNDg8=", "name": "call",
        "startTimeUnixNano": "1000", "endTimeUnixNano": "1000",
        "status": {"code": 2, "message": "bad"},
        "attributes": [
            {"key": "ai.operationId", "value": {"stringValue": "ai.toolCall"}},
            {"key": "int", "value": {"intValue": "-7"}},
            {"key": "double", "value": {"doubleValue": 0.5}},
            {"key": "bool", "value": {"boolValue": true}},
            {"key": "list", "value": {"arrayValue": {"values": [
                {"stringValue": "a"}, {"intValue": "1"},
            ]}}},
        ],
    })
}

pub fn traces(spans: Vec<Value>) -> Value {
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "app"}},
            {"key": "service.version", "value": {"stringValue": "1"}}]},
        "scopeSpans": [{"scope": {"name": "lib", "version": "1"}, "spans": spans}],
    }]})
}
