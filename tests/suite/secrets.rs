//! The write key goes to the ingestion API and nowhere else.

use std::time::Duration;

use crate::support::{Log, ai_event, builder, span};
use raindrop::{BeginOptions, Client, ClientBuilder, Error, SpanOptions};
use raindrop_ingest::{Fault, IngestServer};

const KEY: &str = "rk_live_7f3c9a_do_not_tell";

async fn start_with(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = configure(builder(&server).write_key(KEY)).build().unwrap();
    (server, client)
}

fn assert_untold(text: &str) {
    assert!(!text.contains(KEY) && !text.contains("Bearer"), "{text}");
}

fn redirect(status: u16, to: &IngestServer) -> Fault {
    let location = format!("{}events/track", to.endpoint());
    Fault::Status { status, headers: vec![("location".into(), location)], body: String::new() }
}

#[tokio::test(start_paused = true)]
async fn no_debug_output_has_the_write_key() {
    let (server, client) = start_with(|builder| builder.debug(true)).await;
    let interaction = client.begin(BeginOptions { user_id: "u".into(), ..BeginOptions::default() }).await;
    let span = client.start_span(SpanOptions { name: "work".into(), event_id: "e".into(), ..SpanOptions::default() });
    client.track_ai(ai_event("evt_1")).await.unwrap();
    assert_untold(&format!("{client:?} {:#?} {interaction:?} {span:?}", client.scope()));
    assert_untold(&format!("{:?}", client.tracer(Default::default())));
    assert_untold(&format!("{:?}", client.start_llm_span("llm", Default::default(), "e")));
    assert_untold(&format!("{:?}", client.start_tool_span("tool", Default::default(), "e")));
    assert_untold(&format!("{:#?}", builder(&server).write_key(KEY)));
    assert_untold(&format!("{:?} {:?}", client.flush().await.unwrap(), client.stats()));
    assert_eq!(server.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
}

#[tokio::test(start_paused = true)]
async fn no_error_has_the_write_key() {
    let faults = [
        Fault::status(401),
        Fault::status(500),
        Fault::Reset,
        Fault::ResetAfterBody,
        Fault::Hang,
        Fault::EndlessBodyWithStatus(403),
    ];
    for fault in faults {
        let (server, client) = start_with(|builder| builder.max_attempts(1)).await;
        server.fail("*", usize::MAX, fault);
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let error = client.flush().await.unwrap_err();
        assert_untold(&format!("{error} {error:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_key_that_the_server_repeats_is_in_no_error_and_no_log() {
    let (log, _guard) = Log::capture();
    let (server, client) = start_with(|builder| builder.debug(true)).await;
    let body = format!(r#"{{"error":"{KEY} is not a write key"}}"#);
    server.fail("*", 1, Fault::Status { status: 401, headers: Vec::new(), body });
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let error = client.flush().await.unwrap_err();
    assert!(matches!(error, Error::HttpStatus { status: 401, .. }));
    assert_untold(&format!("{error} {error:?}"));
    assert_untold(&log.text());
}

#[test]
fn a_configuration_error_does_not_repeat_the_write_key() {
    for key in [format!("{KEY}\n{KEY}"), format!("{KEY} {KEY}"), format!("{KEY}é")] {
        let error = Client::builder().write_key(key).disable_local_workshop().build().unwrap_err();
        assert!(matches!(error, Error::Config(_)));
        assert_untold(&format!("{error} {error:?}"));
    }
    let error = Client::builder().write_key(KEY).endpoint("nowhere").disable_local_workshop().build().unwrap_err();
    assert_untold(&format!("{error} {error:?}"));
}

#[tokio::test(start_paused = true)]
async fn no_log_line_has_the_write_key() {
    let (log, _guard) = Log::capture();
    let (server, client) =
        start_with(|builder| builder.debug(true).project_id("-invalid-").close_timeout(Duration::from_secs(5))).await;
    client.start_span(SpanOptions { name: "useless".into(), ..SpanOptions::default() }).end();
    client.begin(BeginOptions { user_id: "u".into(), input: "hi".into(), ..BeginOptions::default() }).await;
    for fault in [Fault::status(200), Fault::status(401), Fault::status(503), Fault::Reset, Fault::Hang] {
        server.clear_faults();
        server.fail("*", usize::MAX, fault);
        client.track_ai(ai_event("evt_1")).await.unwrap();
        span(&client, "work");
        let _ = client.flush().await;
    }
    client.close().await.unwrap();
    let text = log.text();
    for told in ["delivered in", "project_id", "are lost", "wait for the next flush", "undelivered"] {
        assert!(text.contains(told), "{told} is not in the log: {text}");
    }
    assert_untold(&text);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed_and_its_target_gets_nothing() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = IngestServer::start().await.unwrap();
        let (server, client) = start_with(|builder| builder).await;
        server.fail("*", 1, redirect(status, &elsewhere));
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let error = client.flush().await.unwrap_err();
        assert!(matches!(error, Error::HttpStatus { status: answered, .. } if answered == status), "{error}");
        client.close().await.unwrap();
        assert_eq!((server.requests().len(), elsewhere.connections()), (1, 0), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_write_key_is_in_no_body() {
    let (server, client) = start_with(|builder| builder.debug(true)).await;
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.begin(BeginOptions { user_id: "u".into(), input: "hi".into(), ..BeginOptions::default() }).await;
    span(&client, "work");
    client.close().await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_untold(&request.body);
        let with_key: Vec<_> = request.headers.iter().filter(|(_, value)| value.contains(KEY)).collect();
        assert_eq!(with_key.len(), 1);
        assert_eq!(with_key[0].0, "authorization");
    }
}

/// An app's own HTTP client may follow redirects.
#[tokio::test(start_paused = true)]
async fn the_write_key_does_not_follow_a_redirect_to_another_host() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = IngestServer::start().await.unwrap();
        let (server, client) = start_with(|builder| builder.http_client(reqwest::Client::new())).await;
        server.fail("*", usize::MAX, redirect(status, &elsewhere));
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let error = client.flush().await.unwrap_err();
        assert_untold(&format!("{error} {error:?}"));
        for request in elsewhere.requests() {
            assert!(request.headers.values().all(|value| !value.contains(KEY)), "{status}: {:?}", request.headers);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_key_on_the_edge_of_what_an_error_shows_is_not_told_in_part() {
    for cut in 1..KEY.len() {
        let (server, client) = start_with(|builder| builder).await;
        let body = format!("{}{KEY}", "x".repeat(4_096 - cut));
        server.fail("*", 1, Fault::Status { status: 401, headers: Vec::new(), body });
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let error = client.flush().await.unwrap_err();
        let shown = format!("{error}");
        let told = (4..=KEY.len()).any(|length| shown.ends_with(&KEY[..length]));
        assert!(!told, "{}", &shown[shown.len() - 40..]);
    }
}
