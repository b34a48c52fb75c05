//! The write key goes to the ingestion API and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::support::{Log, ai_event, builder, span};
use raindrop::{
    BeginOptions, Client, ClientBuilder, DropReason, Error, LlmOptions, SpanOptions, ToolOptions, TrackToolOptions,
};
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

/// Of each public type.
#[tokio::test(start_paused = true)]
async fn no_debug_output_has_the_write_key() {
    let (server, client) = start_with(|builder| builder.debug(true)).await;
    let (captured, capture) = Client::builder().write_key(KEY).capture().unwrap();
    let interaction = client.begin(BeginOptions { user_id: "u".into(), ..BeginOptions::default() }).await;
    let span = client.start_span(SpanOptions { name: "work".into(), event_id: "e".into(), ..SpanOptions::default() });
    let parent = Some(span.clone());
    client.track_ai(ai_event("evt_1")).await.unwrap();
    self::span(&captured, "work");
    server.fail("events/track", 1, Fault::status(401));
    let error = client.flush().await.unwrap_err();
    client.track_ai(ai_event("evt_1")).await.unwrap();

    let mut shown = BTreeSet::new();
    let mut show = |name: &'static str, text: String| {
        assert_untold(&text);
        shown.insert(name);
    };
    macro_rules! show {
        ($($name:ident: $value:expr),* $(,)?) => { $(show(stringify!($name), format!("{0:?} {0:#?}", $value));)* };
    }
    show! {
        Client: client, Client: client.scope(), Client: captured, Capture: capture, Recorded: capture.recorded(),
        RecordedSpan: capture.recorded().spans[0], ClientBuilder: builder(&server).write_key(KEY),
        Interaction: interaction, Tracer: client.tracer(BTreeMap::new()), Span: span,
        LlmSpan: client.start_llm_span("llm", LlmOptions { parent: parent.clone(), ..LlmOptions::default() }, "e"),
        ToolSpan: client.start_tool_span("tool", ToolOptions { parent: parent.clone(), ..ToolOptions::default() }, "e"),
        SpanOptions: SpanOptions { parent: parent.clone(), ..SpanOptions::default() },
        LlmOptions: LlmOptions { parent: parent.clone(), ..LlmOptions::default() },
        ToolOptions: ToolOptions { parent: parent.clone(), ..ToolOptions::default() },
        TrackToolOptions: TrackToolOptions { parent, ..TrackToolOptions::default() },
        Error: error, FlushReport: client.flush().await.unwrap(), Stats: client.stats(),
    }
    for name in types_with_debug_output() {
        assert!(shown.contains(&*name) || is_plain_data(&name), "the output of {name} was not looked at");
    }
    assert_eq!(server.requests()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
}

fn types_with_debug_output() -> Vec<String> {
    let api = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api.txt")).unwrap();
    let names = api.lines().filter_map(|line| line.strip_prefix("impl raindrop::")?.strip_suffix(": Debug"));
    names.map(str::to_owned).collect()
}

/// Whether values of a type are made of what the app gives alone.
fn is_plain_data(name: &str) -> bool {
    const DATA: [&str; 18] = [
        "AiEvent",
        "Attachment",
        "Attribute",
        "AttributeValue",
        "BeginOptions",
        "DropReason",
        "Event",
        "FinishOptions",
        "Key",
        "LlmMessage",
        "LocalWorkshopUrlConfig",
        "PatchOptions",
        "RecordKind",
        "Signal",
        "SignalKind",
        "SpanStatusCode",
        "User",
        "HttpClient",
    ];
    DATA.contains(&name)
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
    let body = format!(r#"{{"error":"{KEY} is not a write key","authorization":"Bearer {KEY}"}}"#);
    server.fail("*", 1, Fault::Status { status: 401, headers: Vec::new(), body });
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let error = client.flush().await.unwrap_err();
    let Error::HttpStatus { status: 401, body } = &error else { panic!("{error:?}") };
    let stars = "*".repeat(KEY.len());
    assert_eq!(*body, format!(r#"{{"error":"{stars} is not a write key","authorization":"Bearer {stars}"}}"#));
    assert!(!format!("{error} {error:?}").contains(KEY));
    assert!(log.text().contains("is not a write key") && !log.text().contains(KEY), "{}", log.text());
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
    for told in
        ["starting new connection", "delivered in", "project_id", "are lost", "wait for the next flush", "undelivered"]
    {
        assert!(text.contains(told), "{told} is not in the log: {text}");
    }
    assert_untold(&text);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed_and_its_target_gets_nothing() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = IngestServer::start().await.unwrap();
        let (server, client) = start_with(|builder| builder).await;
        server.fail("*", 1, Fault::redirect(status, &format!("{}events/track", elsewhere.endpoint())));
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let error = client.flush().await.unwrap_err();
        assert!(matches!(error, Error::HttpStatus { status: answered, .. } if answered == status), "{error}");
        client.close().await.unwrap();
        assert_eq!((server.requests().len(), elsewhere.connections()), (1, 0), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_within_the_host_is_not_followed_either() {
    for location in ["/v1/users/identify", "users/identify", "?again"] {
        let (server, client) = start_with(|builder| builder).await;
        server.fail("*", 1, Fault::redirect(307, location));
        client.track_ai(ai_event("evt_1")).await.unwrap();
        client.flush().await.unwrap_err();
        client.close().await.unwrap();
        assert_eq!((server.requests().len(), client.stats().dropped_by(DropReason::Rejected)), (1, 1), "{location}");
    }
}

/// From an app's own HTTP client, too, which may follow redirects.
#[tokio::test(start_paused = true)]
async fn a_redirect_between_the_endpoint_and_workshop_takes_the_write_key_nowhere() {
    for http_client in [None, Some(reqwest::Client::new())] {
        let workshop = IngestServer::workshop().await.unwrap();
        let (server, client) = start_with(|builder| {
            let builder = builder.local_workshop_url(workshop.endpoint()).max_attempts(1);
            http_client.into_iter().fold(builder, ClientBuilder::http_client)
        })
        .await;
        server.fail("*", 1, Fault::redirect(307, &format!("{}traces", workshop.endpoint())));
        workshop.fail("*", 1, Fault::redirect(307, &format!("{}traces", server.endpoint())));
        span(&client, "work");
        let _ = client.flush().await;
        assert!(!workshop.requests().is_empty());
        for request in workshop.requests() {
            assert_untold(&format!("{:?} {}", request.headers, request.body));
        }
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
        server.fail("*", usize::MAX, Fault::redirect(status, &format!("{}events/track", elsewhere.endpoint())));
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
