//! What every request looks like, whatever it carries.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{WRITE_KEY, ai_event, assert_well_formed, builder, span, start};
use raindrop::{AiEvent, BeginOptions, Client, RecordKind, Signal, SpanOptions, User, VERSION};
use raindrop_ingest::{Fault, IngestServer, Request};

const ROUTES: [&str; 5] = ["users/identify", "events/track", "events/track_partial", "signals/track", "traces"];
/// Headers that HTTP itself brings along.
const TRANSPORT_HEADERS: [&str; 3] = ["accept", "content-length", "host"];

async fn record_one_of_each_kind(client: &Client) {
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    let options = BeginOptions { event_id: "evt_2".into(), user_id: "user_1".into(), ..BeginOptions::default() };
    client.begin(options).await;
    let signal = Signal { event_id: "evt_1".into(), name: "thumbs_up".into(), ..Signal::default() };
    client.track_signal(signal).await.unwrap();
    span(client, "work");
}

async fn requests_of_each_kind(server: &IngestServer, client: &Client) -> Vec<Request> {
    record_one_of_each_kind(client).await;
    client.flush().await.unwrap();
    assert_well_formed(server);
    let requests = server.requests();
    assert_eq!(requests.len(), ROUTES.len());
    requests
}

fn own_headers(request: &Request) -> BTreeMap<&str, &str> {
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    headers.filter(|(name, _)| !TRANSPORT_HEADERS.contains(name)).collect()
}

fn bodies(server: &IngestServer, route: &str) -> Vec<String> {
    server.requests_to(route).into_iter().map(|request| request.body).collect()
}

#[tokio::test]
async fn every_kind_of_record_is_posted_to_its_own_route() {
    let (server, client) = start().await;
    for request in requests_of_each_kind(&server, &client).await {
        assert_eq!(request.method, "POST");
        assert_eq!(request.path, format!("/v1/{}", request.route));
        assert_eq!(request.status, Some(200));
    }
    for route in ROUTES {
        assert_eq!(server.requests_to(route).len(), 1, "{route}");
    }
}

#[tokio::test]
async fn a_request_carries_the_key_and_the_content_type_and_no_other_header() {
    let (server, client) = start().await;
    for request in requests_of_each_kind(&server, &client).await {
        let authorization = format!("Bearer {WRITE_KEY}");
        let expected =
            BTreeMap::from([("authorization", authorization.as_str()), ("content-type", "application/json")]);
        assert_eq!(own_headers(&request), expected, "{}", request.route);
    }
}

#[tokio::test]
async fn a_valid_project_is_named_on_every_request() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).project_id(" support-bot ").build().unwrap();
    for request in requests_of_each_kind(&server, &client).await {
        assert_eq!(request.header("x-raindrop-project-id"), Some("support-bot"), "{}", request.route);
    }
}

#[tokio::test]
async fn a_project_id_is_a_slug_of_1_to_63_characters() {
    let server = IngestServer::start().await.unwrap();
    let longest = "x".repeat(63);
    let too_long = "x".repeat(64);
    for (project_id, sent) in [
        ("a", true),
        ("0-9", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("", false),
        ("  ", false),
        ("-a", false),
        ("a-", false),
        ("Upper", false),
        ("under_score", false),
        ("a b", false),
        ("é", false),
    ] {
        server.clear();
        let client = builder(&server).project_id(project_id).build().unwrap();
        client.track_ai(ai_event("evt_1")).await.unwrap();
        client.flush().await.unwrap();
        assert_well_formed(&server);
        assert_eq!(server.received().events.len(), 1, "{project_id:?}");
        let header = server.requests()[0].header("x-raindrop-project-id").map(str::to_owned);
        assert_eq!(header.as_deref(), sent.then_some(project_id), "{project_id:?}");
    }
}

#[tokio::test]
async fn the_library_is_named_in_a_header_only_with_debug_on() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).debug(true).build().unwrap();
    for request in requests_of_each_kind(&server, &client).await {
        assert_eq!(request.header("x-raindrop-sdk"), Some("raindrop-rust"), "{}", request.route);
    }
    server.clear();
    let client = builder(&server).debug(true).library_name("my-wrapper").build().unwrap();
    for request in requests_of_each_kind(&server, &client).await {
        assert_eq!(request.header("x-raindrop-sdk"), Some("my-wrapper"), "{}", request.route);
    }
}

#[tokio::test]
async fn a_route_is_appended_to_the_endpoint_with_one_slash_between() {
    let server = IngestServer::start().await.unwrap();
    let origin = server.origin();
    for (endpoint, path) in [
        (format!("{origin}/v1/"), "/v1/events/track"),
        (format!("{origin}/v1"), "/v1/events/track"),
        (format!("{origin}/"), "/events/track"),
        (origin.clone(), "/events/track"),
        (format!("{origin}/proxy/raindrop"), "/proxy/raindrop/events/track"),
    ] {
        server.clear();
        let client = builder(&server).endpoint(endpoint.as_str()).build().unwrap();
        client.track_ai(ai_event("evt_1")).await.unwrap();
        client.flush().await.unwrap();
        assert_well_formed(&server);
        assert_eq!(server.requests()[0].path, path, "{endpoint}");
    }
}

#[tokio::test]
async fn every_2xx_status_is_success() {
    let (server, client) = start().await;
    for status in [200, 201, 202, 204, 299] {
        server.fail("events/track", 1, Fault::status(status));
        client.track_ai(ai_event(format!("evt_{status}"))).await.unwrap();
        let report = client.flush().await.unwrap();
        assert_eq!((report.delivered(), report.requests()), (1, 1), "{status}");
    }
    assert_well_formed(&server);
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_an_answer_is_of_no_interest() {
    let (server, client) = start().await;
    for fault in [Fault::Garbage, Fault::EndlessBody, Fault::HangBody] {
        server.fail("events/track", 1, fault.clone());
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let report = client.flush().await.unwrap();
        assert_eq!((report.delivered(), report.requests()), (1, 1), "{fault:?}");
    }
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_retried_request_has_the_same_bytes() {
    let (server, client) = start().await;
    for route in ROUTES {
        server.fail(route, 2, Fault::status(503));
    }
    record_one_of_each_kind(&client).await;
    assert_eq!(client.flush().await.unwrap().delivered(), 5);
    assert_well_formed(&server);
    for route in ROUTES {
        let bodies = bodies(&server, route);
        assert_eq!(bodies.len(), 3, "{route}");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{route}: {bodies:#?}");
    }
}

fn batch_sizes(server: &IngestServer, route: &str) -> Vec<usize> {
    let mut sizes: Vec<_> =
        server.requests_to(route).iter().map(|request| request.json().as_array().unwrap().len()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

#[tokio::test]
async fn events_signals_and_users_travel_in_arrays_of_at_most_fifty() {
    let (server, client) = start().await;
    for index in 0..120 {
        let id = format!("id_{index}");
        client.track_ai(ai_event(id.as_str())).await.unwrap();
        let signal = Signal { event_id: id.clone(), name: "thumbs_up".into(), ..Signal::default() };
        client.track_signal(signal).await.unwrap();
        client.identify(User { user_id: id, ..User::default() }).await.unwrap();
    }
    client.flush().await.unwrap();
    assert_well_formed(&server);
    for route in ["events/track", "signals/track", "users/identify"] {
        assert_eq!(batch_sizes(&server, route), [50, 50, 20], "{route}");
    }
}

#[tokio::test]
async fn one_event_travels_in_an_array_too() {
    let (server, client) = start().await;
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(batch_sizes(&server, "events/track"), [1]);
}

#[tokio::test]
async fn a_partial_travels_alone_as_an_object() {
    let (server, client) = start().await;
    for index in 0..3 {
        let event_id = format!("evt_{index}");
        client.begin(BeginOptions { event_id, user_id: "user_1".into(), ..BeginOptions::default() }).await;
    }
    let report = client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(report.delivered_of(RecordKind::Partial), 3);
    let requests = server.requests_to("events/track_partial");
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.json().is_object()));
}

#[tokio::test]
async fn spans_travel_in_batches_of_the_configured_size() {
    let server = IngestServer::start().await.unwrap();
    for (builder, expected) in
        [(builder(&server), vec![20, 50, 50]), (builder(&server).trace_max_batch_size(100), vec![20, 100])]
    {
        server.clear();
        let client = builder.build().unwrap();
        for _ in 0..120 {
            span(&client, "work");
        }
        client.flush().await.unwrap();
        assert_well_formed(&server);
        let spans =
            |request: &Request| request.json()["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().len();
        let mut sizes: Vec<_> = server.requests_to("traces").iter().map(spans).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, expected);
    }
}

#[tokio::test]
async fn a_client_without_a_key_sends_nothing_and_fails_at_nothing() {
    let server = IngestServer::start().await.unwrap();
    let client =
        Client::builder().endpoint(server.endpoint()).disable_local_workshop().write_key("  ").build().unwrap();
    assert!(!client.is_enabled());
    record_one_of_each_kind(&client).await;
    assert!(client.start_span(SpanOptions::default()).is_noop());
    let id = client.track_ai(AiEvent::default()).await.unwrap();
    assert!(!id.is_empty());
    assert_eq!(client.flush().await.unwrap().requests(), 0);
    assert_eq!(client.close().await.unwrap().requests(), 0);
    assert!(server.requests().is_empty());
    assert_eq!(client.stats().accepted(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_call_but_flush_and_close_sends_anything() {
    let (server, client) = start().await;
    record_one_of_each_kind(&client).await;
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(server.connections(), 0);
    client.close().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(server.requests().len(), ROUTES.len());
}

#[tokio::test]
async fn the_sdk_names_itself_by_its_version() {
    let (server, client) = start().await;
    client.track_ai(ai_event("evt_1")).await.unwrap();
    span(&client, "work");
    client.flush().await.unwrap();
    assert_well_formed(&server);
    assert_eq!(server.received().events[0]["properties"]["$context"]["library"]["version"], VERSION);
    let scope = &server.requests_to("traces")[0].json()["resourceSpans"][0]["scopeSpans"][0]["scope"];
    assert_eq!(scope["version"], VERSION);
}
