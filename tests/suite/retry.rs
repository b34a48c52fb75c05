//! What is tried again, when, how often, and what becomes of it in the end.

use std::time::{Duration, SystemTime};

use crate::support::{ai_event, assert_well_formed, builder, event_ids, span, start};
use raindrop::{Client, ClientBuilder, DropReason, Error, RecordKind, Signal, User};
use raindrop_ingest::{Fault, IngestServer};
use tokio::time::Instant;

const EVENTS: &str = "events/track";

async fn steady(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = configure(builder(&server).jitter_fraction(0.0)).build().unwrap();
    (server, client)
}

async fn track(client: &Client, event_ids: &[&str]) {
    for event_id in event_ids {
        client.track_ai(ai_event(*event_id)).await.unwrap();
    }
}

/// How long a flush of one event takes that meets these faults first.
async fn time_of_flush(faults: &[Fault]) -> Duration {
    let (server, client) = steady(|builder| builder).await;
    for fault in faults {
        server.fail(EVENTS, 1, fault.clone());
    }
    track(&client, &["evt_1"]).await;
    let before = Instant::now();
    client.flush().await.unwrap();
    let elapsed = before.elapsed();
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_well_formed(&server);
    elapsed
}

#[track_caller]
fn assert_about(elapsed: Duration, seconds: f64) {
    assert!((seconds..seconds + 0.1).contains(&elapsed.as_secs_f64()), "{elapsed:?} is not about {seconds} s");
}

/// The event ids of every request, in the order of their arrival.
fn sent(server: &IngestServer) -> Vec<Vec<String>> {
    server.requests_to(EVENTS).iter().map(|request| event_ids(request.json().as_array().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn any_2xx_is_success() {
    for status in [200, 201, 202, 204, 206, 299] {
        assert_about(time_of_flush(&[Fault::status(status)]).await, 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_and_every_5xx_is_tried_again() {
    for status in [429, 500, 501, 502, 503, 504, 507, 599] {
        assert_about(time_of_flush(&[Fault::status(status)]).await, 1.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_tried_again() {
    assert_about(time_of_flush(&[Fault::Reset]).await, 1.0);
    assert_about(time_of_flush(&[Fault::ResetAfterBody]).await, 1.0);
}

#[tokio::test(start_paused = true)]
async fn every_other_status_is_final() {
    let statuses =
        [300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 415, 422, 425, 451];
    for status in statuses {
        let (server, client) = start().await;
        server.fail(EVENTS, 1, Fault::retry_after(status, "5"));
        track(&client, &["evt_1"]).await;
        let before = Instant::now();
        let error = client.flush().await.unwrap_err();
        assert!(matches!(error, Error::HttpStatus { status: answered, .. } if answered == status), "{error}");
        assert_about(before.elapsed(), 0.0);
        assert_eq!(client.close().await.unwrap().requests(), 0, "{status}");
        let stats = client.stats();
        assert_eq!((server.requests().len(), stats.dropped_by(DropReason::Rejected)), (1, 1), "{status}");
        assert_eq!(stats.dropped_of(RecordKind::Event), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_doubles_with_each_attempt() {
    let (server, client) = steady(|builder| builder.max_attempts(5)).await;
    server.fail(EVENTS, 4, Fault::status(500));
    track(&client, &["evt_1"]).await;
    let before = Instant::now();
    client.flush().await.unwrap();
    assert_about(before.elapsed(), 1.0 + 2.0 + 4.0 + 8.0);
}

#[tokio::test(start_paused = true)]
async fn the_base_delay_is_the_first_wait() {
    let (server, client) = steady(|builder| builder.base_delay(Duration::from_secs(7))).await;
    server.fail(EVENTS, 2, Fault::status(500));
    track(&client, &["evt_1"]).await;
    let before = Instant::now();
    client.flush().await.unwrap();
    assert_about(before.elapsed(), 7.0 + 14.0);
}

#[tokio::test(start_paused = true)]
async fn waits_vary_by_a_fifth() {
    let mut waits = Vec::new();
    for _ in 0..30 {
        let (server, client) = start().await;
        server.fail(EVENTS, 1, Fault::status(500));
        track(&client, &["evt_1"]).await;
        let before = Instant::now();
        client.flush().await.unwrap();
        waits.push(before.elapsed());
    }
    assert!(waits.iter().all(|wait| (0.8..1.3).contains(&wait.as_secs_f64())), "{waits:?}");
    let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(*most - *least > Duration::from_millis(50), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_a_minimum_wait() {
    assert_about(time_of_flush(&[Fault::retry_after(429, "7")]).await, 7.0);
    assert_about(time_of_flush(&[Fault::retry_after(503, "12")]).await, 12.0);
    assert_about(time_of_flush(&[Fault::retry_after(429, "0")]).await, 1.0);
    assert_about(time_of_flush(&[Fault::status(500), Fault::retry_after(500, "1")]).await, 3.0);
}

#[tokio::test(start_paused = true)]
async fn an_absurd_retry_after_is_clamped_to_30_seconds() {
    for absurd in ["31", "86400", "99999999999999999999", "Fri, 31 Dec 2399 23:59:59 GMT"] {
        let elapsed = time_of_flush(&[Fault::retry_after(429, absurd)]).await.as_secs_f64();
        assert!((30.0..30.1).contains(&elapsed), "{absurd:?} made it wait {elapsed} s");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_may_be_a_date() {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(25));
    let elapsed = time_of_flush(&[Fault::retry_after(503, &date)]).await;
    assert!((2.0..25.1).contains(&elapsed.as_secs_f64()), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_that_is_over_or_unreadable_changes_nothing() {
    for useless in ["Sun, 06 Nov 1994 08:49:37 GMT", "soon", "", "-5", "NaN", "inf", "1e999", "0x10", "5 s"] {
        assert_about(time_of_flush(&[Fault::retry_after(429, useless)]).await, 1.0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_at_the_request_timeout() {
    let (server, client) = steady(|builder| builder.request_timeout(Duration::from_secs(4))).await;
    server.fail(EVENTS, 1, Fault::Hang);
    server.fail(EVENTS, 1, Fault::Delay(3_900));
    track(&client, &["evt_1"]).await;
    let before = Instant::now();
    client.flush().await.unwrap();
    assert_about(before.elapsed(), 4.0 + 1.0 + 3.9);
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_attempts_as_were_asked_for_and_at_least_one() {
    for (asked, made) in [(0, 1), (1, 1), (2, 2), (3, 3), (6, 6)] {
        let (server, client) = steady(|builder| builder.max_attempts(asked)).await;
        server.fail(EVENTS, usize::MAX, Fault::status(503));
        track(&client, &["evt_1"]).await;
        let error = client.flush().await.unwrap_err();
        assert!(matches!(error, Error::HttpStatus { status: 503, .. }), "{error}");
        assert_eq!(server.requests().len(), made);
        assert_eq!((client.stats().pending(), client.stats().dropped()), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_record_is_retried_with_the_same_bytes() {
    let (server, client) = start().await;
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    track(&client, &["evt_1"]).await;
    client.track_signal(Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() }).await.unwrap();
    client.begin(raindrop::BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..Default::default() }).await;
    span(&client, "work");
    let routes = ["users/identify", EVENTS, "events/track_partial", "signals/track", "traces"];
    for route in routes {
        server.fail(route, 1, Fault::status(500));
        server.fail(route, 1, Fault::ResetAfterBody);
    }
    assert_eq!(client.flush().await.unwrap().delivered(), 5);
    for route in routes {
        let requests = server.requests_to(route);
        assert_eq!(requests.len(), 3, "{route}");
        assert!(requests.iter().all(|request| request.body == requests[0].body), "{route}");
    }
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_attempt_records_go_back_to_the_front_in_their_order() {
    let (server, client) = start().await;
    server.fail(EVENTS, 3, Fault::status(500));
    track(&client, &["a", "b", "c"]).await;
    client.flush().await.unwrap_err();
    track(&client, &["d", "e"]).await;
    server.clear();
    client.flush().await.unwrap();
    assert_eq!(sent(&server), [["a", "b", "c", "d", "e"]]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_sent_by_the_next_flush_and_never_again() {
    let (server, client) = start().await;
    server.fail(EVENTS, 3, Fault::status(500));
    track(&client, &["evt_1"]).await;
    client.flush().await.unwrap_err();
    assert_eq!(client.flush().await.unwrap().delivered(), 1);
    client.flush().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_413_is_split_until_what_is_too_large_is_alone() {
    let (server, client) = start().await;
    track(&client, &["a", "b", "c", "d", "e"]).await;
    // [a..e] and its first half are too large, then [d e] is taken, [a b] is too large, [c] is taken, [a] is too large.
    server.fail(EVENTS, 2, Fault::status(413));
    server.fail(EVENTS, 1, Fault::status(200));
    server.fail(EVENTS, 1, Fault::status(413));
    server.fail(EVENTS, 1, Fault::status(200));
    server.fail(EVENTS, 1, Fault::status(413));
    let before = Instant::now();
    let error = client.flush().await.unwrap_err();
    assert_about(before.elapsed(), 0.0);
    assert!(matches!(error, Error::HttpStatus { status: 413, .. }), "{error}");
    let expected: [&[&str]; 7] =
        [&["a", "b", "c", "d", "e"], &["a", "b", "c"], &["d", "e"], &["a", "b"], &["c"], &["a"], &["b"]];
    assert_eq!(sent(&server), expected);
    assert_eq!(event_ids(&server.received().events), ["d", "e", "c", "b"]);
    let stats = client.stats();
    assert_eq!((stats.delivered(), stats.dropped_by(DropReason::TooLarge), stats.pending()), (4, 1, 0));
    client.close().await.unwrap();
    assert_eq!(server.requests().len(), 7);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_split_is_no_error_when_its_halves_are_taken() {
    let (server, client) = start().await;
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    for name in ["one", "two", "three"] {
        span(&client, name);
    }
    server.fail("traces", 1, Fault::status(413));
    let report = client.flush().await.unwrap();
    assert_eq!((report.delivered(), report.requests(), report.dropped()), (4, 4, 0));
    assert_eq!(server.received().spans.len(), 3);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_split_is_not_an_attempt() {
    let (server, client) = steady(|builder| builder.max_attempts(2)).await;
    track(&client, &["a", "b"]).await;
    server.fail(EVENTS, 1, Fault::status(413));
    server.fail(EVENTS, 1, Fault::status(500));
    client.flush().await.unwrap();
    assert_eq!(sent(&server), [vec!["a", "b"], vec!["a"], vec!["b"], vec!["a"]]);

    let (server, client) = steady(|builder| builder.max_attempts(1)).await;
    track(&client, &["a", "b"]).await;
    server.fail(EVENTS, 1, Fault::status(413));
    assert_eq!(client.flush().await.unwrap().delivered(), 2);
}

#[tokio::test(start_paused = true)]
async fn attempts_made_before_a_split_count_for_its_halves() {
    let (server, client) = steady(|builder| builder).await;
    track(&client, &["a", "b"]).await;
    server.fail(EVENTS, 1, Fault::status(500));
    server.fail(EVENTS, 1, Fault::status(413));
    server.fail(EVENTS, usize::MAX, Fault::status(500));
    client.flush().await.unwrap_err();
    assert_eq!(sent(&server), [vec!["a", "b"], vec!["a", "b"], vec!["a"], vec!["b"], vec!["a"], vec!["b"]]);
    server.clear();
    client.flush().await.unwrap();
    assert_eq!(sent(&server), [["a", "b"]]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_leaves_the_others_alone() {
    let (server, client) = start().await;
    track(&client, &["evt_1"]).await;
    client.track_signal(Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() }).await.unwrap();
    span(&client, "work");
    server.fail(EVENTS, usize::MAX, Fault::status(401));
    server.fail("signals/track", usize::MAX, Fault::Reset);
    client.flush().await.unwrap_err();
    assert_eq!(server.received().spans.len(), 1);
    let stats = client.stats();
    assert_eq!(stats.delivered_of(RecordKind::Span), 1);
    assert_eq!(stats.dropped_of(RecordKind::Event), 1);
    assert_eq!(stats.pending_of(RecordKind::Signal), 1);
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_whatever_happens() {
    let (server, client) = steady(|builder| builder.event_max_queue_size(60).trace_max_queue_size(60)).await;
    let faults = [400, 413, 413, 500, 500, 500, 200, 503, 413, 429, 429, 403, 200, 200, 500];
    for round in 0..20 {
        for n in 0..20 {
            client.track_ai(ai_event(format!("{round}_{n}"))).await.unwrap();
            span(&client, "work");
        }
        server.fail("*", 1, Fault::status(faults[round % faults.len()]));
        let _ = client.flush().await;
        let stats = client.stats();
        assert_eq!(stats.accepted(), stats.delivered() + stats.pending() + stats.dropped());
    }
    server.clear_faults();
    client.close().await.unwrap();
    let (stats, received) = (client.stats(), server.received());
    assert_eq!((stats.accepted(), stats.pending()), (800, 0));
    assert_eq!(stats.accepted(), stats.delivered() + stats.dropped());
    assert_eq!(stats.delivered_of(RecordKind::Event), received.events.len() as u64);
    assert_eq!(stats.delivered_of(RecordKind::Span), received.spans.len() as u64);
    let by_reason: u64 = DropReason::ALL.iter().map(|reason| stats.dropped_by(*reason)).sum();
    assert!(stats.dropped() > 0 && stats.dropped() == by_reason);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_retry_is_left_to_it_however_long_a_request_may_take() {
    for timeout in [Duration::from_secs(30), Duration::from_secs(7_200), Duration::MAX] {
        let (server, client) = steady(|builder| builder.request_timeout(timeout)).await;
        server.fail(EVENTS, 1, Fault::status(500));
        track(&client, &["evt_1"]).await;
        let (first, second) = tokio::join!(client.flush(), async {
            while server.requests().is_empty() {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            client.flush().await
        });
        assert_eq!((first.unwrap().delivered(), second.unwrap().delivered()), (1, 0), "{timeout:?}");
        assert_eq!(sent(&server).len(), 2, "{timeout:?}");
    }
}
