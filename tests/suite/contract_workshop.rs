//! The local Workshop gets a copy of everything, and harms nothing.

use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, map, moment, span};
use raindrop::{
    AiEvent, BeginOptions, Client, ClientBuilder, DropReason, Event, FinishOptions, LocalWorkshopUrlConfig, RecordKind,
    Signal, User, resolve_local_workshop_url,
};
use raindrop_ingest::{Fault, IngestServer};
use serde_json::{Value, json};
use tokio::time::Instant;

async fn servers() -> (IngestServer, IngestServer) {
    (IngestServer::start().await.unwrap(), IngestServer::workshop().await.unwrap())
}

fn mirrored(cloud: &IngestServer, workshop: &IngestServer) -> ClientBuilder {
    builder(cloud).local_workshop_url(workshop.endpoint())
}

fn local_only(workshop: &IngestServer) -> Client {
    Client::builder().local_workshop_url(workshop.endpoint()).build().unwrap()
}

async fn record_one_of_each_kind(client: &Client) {
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.begin(beginning("evt_2")).await;
    let signal = Signal { event_id: "evt_1".into(), name: "thumbs_up".into(), ..Signal::default() };
    client.track_signal(signal).await.unwrap();
    span(client, "work");
}

fn beginning(event_id: &str) -> BeginOptions {
    BeginOptions { event_id: event_id.into(), user_id: "user_1".into(), input: "q".into(), ..BeginOptions::default() }
}

fn routes(server: &IngestServer) -> Vec<String> {
    let mut routes: Vec<_> = server.requests().into_iter().map(|request| request.route).collect();
    routes.sort_unstable();
    routes
}

#[tokio::test]
async fn the_mirror_is_additive() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    record_one_of_each_kind(&client).await;
    let report = client.flush().await.unwrap();
    assert_well_formed(&cloud);
    assert_well_formed(&workshop);
    let all = ["events/track", "events/track_partial", "signals/track", "traces", "users/identify"];
    assert_eq!(routes(&cloud), all);
    assert_eq!((report.delivered(), report.requests()), (5, 5));
    let copies = ["events/track_partial", "events/track_partial", "signals/track", "traces", "users/identify"];
    assert_eq!(routes(&workshop), copies);
    for route in ["signals/track", "traces", "users/identify"] {
        assert_eq!(workshop.requests_to(route)[0].body, cloud.requests_to(route)[0].body, "{route}");
    }
}

#[tokio::test]
async fn a_complete_event_is_mirrored_as_a_final_partial() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    let properties = map([("k", json!({"nested": [1]}))]);
    let event = AiEvent { model: "m".into(), timestamp: Some(moment()), properties, ..ai_event("evt_1") };
    client.track_ai(event).await.unwrap();
    let plain = Event { event_id: "evt_2".into(), user_id: "user_1".into(), ..Event::default() };
    client.track_event(plain).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&workshop);
    assert!(workshop.requests_to("events/track").is_empty());
    let mut expected = cloud.received().events;
    for event in &mut expected {
        event["is_pending"] = json!(false);
    }
    assert_eq!(expected.len(), 2);
    assert_eq!(workshop.received().partials, expected);
}

#[tokio::test]
async fn an_interaction_is_mirrored_as_it_is() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    let interaction = client.begin(beginning("evt_1")).await;
    client.flush().await.unwrap();
    interaction.finish(FinishOptions { output: "a".into(), ..FinishOptions::default() }).await.unwrap();
    client.flush().await.unwrap();
    assert_well_formed(&workshop);
    assert_eq!(workshop.received().partials, cloud.received().partials);
    let pending: Vec<_> = workshop.received().partials.iter().map(|partial| partial["is_pending"].clone()).collect();
    assert_eq!(pending, [Value::Bool(true), Value::Bool(false)]);
}

#[tokio::test]
async fn the_write_key_is_never_sent_to_workshop() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).project_id("support-bot").debug(true).build().unwrap();
    record_one_of_each_kind(&client).await;
    client.flush().await.unwrap();
    let requests = workshop.requests();
    assert_eq!(requests.len(), 5);
    for request in requests {
        assert_eq!(request.header("authorization"), None, "{}", request.route);
        assert!(!format!("{:?} {}", request.headers, request.body).contains(crate::support::WRITE_KEY));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("x-raindrop-project-id"), Some("support-bot"));
    }
}

#[tokio::test]
async fn a_slash_is_added_to_the_url_of_workshop() {
    let workshop = IngestServer::workshop().await.unwrap();
    let client = Client::builder().local_workshop_url(format!("{}/ws", workshop.origin())).build().unwrap();
    span(&client, "work");
    client.flush().await.unwrap();
    assert_well_formed(&workshop);
    assert_eq!(workshop.requests()[0].path, "/ws/traces");
}

#[tokio::test(start_paused = true)]
async fn workshop_is_asked_once_though_the_cloud_is_tried_again() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    cloud.fail("*", 2, Fault::status(503));
    client.track_ai(ai_event("evt_1")).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!((cloud.requests().len(), workshop.requests().len()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failing_workshop_gets_one_attempt_and_is_not_mentioned() {
    for fault in [Fault::status(500), Fault::retry_after(429, "30"), Fault::status(400), Fault::ResetAfterBody] {
        let (cloud, workshop) = servers().await;
        let client = mirrored(&cloud, &workshop).build().unwrap();
        workshop.fail("*", usize::MAX, fault.clone());
        client.track_ai(ai_event("evt_1")).await.unwrap();
        let started = Instant::now();
        let report = client.flush().await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(1), "{fault:?}: {:?}", started.elapsed());
        assert_eq!((report.delivered(), report.dropped(), report.requeued()), (1, 0, 0), "{fault:?}");
        assert_eq!((cloud.requests().len(), workshop.requests().len()), (1, 1), "{fault:?}");
        assert_eq!(client.flush().await.unwrap().requests(), 0, "{fault:?}");
        assert_eq!(workshop.requests().len(), 1, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_workshop_that_is_down_harms_nothing() {
    let (cloud, workshop) = servers().await;
    let url = workshop.endpoint();
    drop(workshop);
    tokio::task::yield_now().await;
    let client = builder(&cloud).local_workshop_url(url).build().unwrap();
    record_one_of_each_kind(&client).await;
    let report = client.close().await.unwrap();
    assert_eq!((report.delivered(), report.dropped()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_workshop_that_hangs_costs_two_seconds_and_nothing_else() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    workshop.fail("*", usize::MAX, Fault::Hang);
    record_one_of_each_kind(&client).await;
    let started = Instant::now();
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    cloud.wait_for(5).await;
    assert!(started.elapsed() < Duration::from_secs(1), "the cloud waited for Workshop: {:?}", started.elapsed());
    let report = flush.await.unwrap().unwrap();
    let elapsed = started.elapsed();
    assert!(elapsed <= Duration::from_millis(2_100), "{elapsed:?}");
    assert_eq!((report.delivered(), report.dropped()), (5, 0));
    assert_eq!(client.stats().pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_during_a_flush_is_mirrored_too() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    cloud.fail("events/track_partial", 1, Fault::Delay(500));
    let interaction = client.begin(beginning("evt_1")).await;
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    cloud.wait_for(1).await;
    interaction.finish(FinishOptions { output: "a".into(), ..FinishOptions::default() }).await.unwrap();
    flush.await.unwrap().unwrap();
    client.close().await.unwrap();
    assert_eq!(cloud.received().interactions["evt_1"]["is_pending"], false);
    assert_eq!(workshop.received().interactions["evt_1"], cloud.received().interactions["evt_1"]);
}

#[tokio::test]
async fn without_a_write_key_workshop_alone_gets_everything() {
    let workshop = IngestServer::workshop().await.unwrap();
    let client = local_only(&workshop);
    assert!(client.is_enabled());
    record_one_of_each_kind(&client).await;
    let report = client.flush().await.unwrap();
    assert_well_formed(&workshop);
    assert_eq!((report.delivered(), report.dropped()), (5, 0));
    assert_eq!(client.stats().delivered(), 5);
    assert_eq!(client.stats().pending(), 0);
    let received = workshop.received();
    assert_eq!(event_ids(&received.partials), ["evt_1", "evt_2"]);
    assert_eq!((received.users.len(), received.signals.len(), received.spans.len()), (1, 1, 1));
    assert!(workshop.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn without_a_write_key_what_workshop_refuses_is_counted_and_flush_is_well() {
    let workshop = IngestServer::workshop().await.unwrap();
    let client = local_only(&workshop);
    workshop.fail("*", usize::MAX, Fault::status(500));
    record_one_of_each_kind(&client).await;
    let report = client.flush().await.unwrap();
    assert_eq!((report.delivered(), report.requeued()), (0, 0));
    assert_eq!(report.dropped_by(DropReason::Workshop), 5);
    assert_eq!(report.dropped_of(RecordKind::Span), 1);
    let stats = client.stats();
    assert_eq!((stats.dropped_by(DropReason::Workshop), stats.pending()), (5, 0));
    assert_eq!(client.close().await.unwrap().requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_write_key_a_workshop_that_hangs_is_given_up_after_two_seconds() {
    let workshop = IngestServer::workshop().await.unwrap();
    let client = local_only(&workshop);
    workshop.fail("*", usize::MAX, Fault::Hang);
    record_one_of_each_kind(&client).await;
    let started = Instant::now();
    let report = client.close().await.unwrap();
    assert!(started.elapsed() <= Duration::from_millis(2_100), "{:?}", started.elapsed());
    assert_eq!(report.dropped_by(DropReason::Workshop), 5);
}

#[tokio::test]
async fn a_disabled_workshop_gets_nothing() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).disable_local_workshop().build().unwrap();
    record_one_of_each_kind(&client).await;
    client.flush().await.unwrap();
    assert_eq!((cloud.requests().len(), workshop.connections()), (5, 0));
}

#[test]
fn an_explicit_choice_is_final() {
    let url = |url: &str| resolve_local_workshop_url(&LocalWorkshopUrlConfig::Url(url.into()), true);
    assert_eq!(url("http://localhost:1234/ws").as_deref(), Some("http://localhost:1234/ws/"));
    assert_eq!(url("https://workshop.test/").as_deref(), Some("https://workshop.test/"));
    for other in ["", "localhost:5899", "ftp://localhost/", "ws://localhost/", "disable"] {
        assert_eq!(url(other), None, "{other:?}");
    }
    assert_eq!(resolve_local_workshop_url(&LocalWorkshopUrlConfig::Disabled, true), None);
}

#[tokio::test(start_paused = true)]
async fn what_workshop_refuses_does_not_keep_the_rest_from_it() {
    let workshop = IngestServer::workshop().await.unwrap();
    let client = local_only(&workshop);
    workshop.fail("users/identify", 1, Fault::status(400));
    record_one_of_each_kind(&client).await;
    client.flush().await.unwrap();
    assert_eq!(client.stats().dropped_by(DropReason::Workshop), 1);
    assert_eq!(client.stats().delivered(), client.stats().accepted() - 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_workshop_holds_a_flush_for_two_seconds_after_the_cloud() {
    let (cloud, workshop) = servers().await;
    let client = mirrored(&cloud, &workshop).build().unwrap();
    workshop.fail("*", usize::MAX, Fault::Delay(900));
    cloud.fail("*", 1, Fault::Delay(3_000));
    for n in 0..20 {
        client.track_ai(ai_event(format!("evt_{n}"))).await.unwrap();
    }
    let started = Instant::now();
    let report = client.flush().await.unwrap();
    let elapsed = started.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_millis(5_100)).contains(&elapsed), "{elapsed:?}");
    assert_eq!((report.delivered(), client.stats().pending()), (20, 0));
    assert_eq!(event_ids(&workshop.received().partials), ["evt_0", "evt_1", "evt_2", "evt_3", "evt_4"]);
}
