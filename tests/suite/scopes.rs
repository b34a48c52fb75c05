//! A scope has a buffer of its own, and leaves what it could not deliver to its client.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{ai_event, assert_well_formed, builder, event_ids, span, start};
use raindrop::{
    BeginOptions, Client, DropReason, Error, FinishOptions, FlushReport, PatchOptions, RecordKind, Signal, User,
};
use raindrop_ingest::{Fault, IngestServer};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

const EVENTS: &str = "events/track";
const PARTIALS: &str = "events/track_partial";

async fn track(client: &Client, event_id: &str) {
    client.track_ai(ai_event(event_id)).await.unwrap();
}

fn received(server: &IngestServer) -> Vec<String> {
    event_ids(&server.received().events)
}

/// Makes the next flush fail for good: as many failures as there are attempts.
fn fail_once(server: &IngestServer, route: &str) {
    server.fail(route, 3, Fault::status(503));
}

#[tokio::test(start_paused = true)]
async fn a_scope_leaves_the_records_of_another_alone() {
    let (server, client) = start().await;
    let (one, other) = (client.scope(), client.scope());
    track(&other, "of the other").await;
    track(&one, "of the one").await;
    one.flush().await.unwrap();
    one.close().await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(received(&server), ["of the one"]);
    other.flush().await.unwrap();
    assert_eq!(received(&server), ["of the one", "of the other"]);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn scopes_share_the_stats_and_each_is_closed_for_itself() {
    let (_server, client) = start().await;
    let (scope, other) = (client.scope(), client.scope());
    track(&scope, "evt_1").await;
    track(&other, "evt_2").await;
    assert_eq!((client.stats().accepted(), scope.stats().accepted()), (2, 2));
    scope.close().await.unwrap();
    assert!(scope.is_closed() && !client.is_closed() && !other.is_closed());
    assert_eq!((client.stats().delivered(), client.stats().pending()), (1, 1));
    assert!(matches!(scope.track_ai(ai_event("late")).await, Err(Error::Closed)));
    track(&client, "evt_3").await;
    track(&other, "evt_4").await;
    other.close().await.unwrap();
    client.close().await.unwrap();
    assert_eq!((client.stats().delivered(), client.stats().pending(), client.stats().refused()), (4, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn scopes_use_the_connections_of_their_client() {
    let (server, client) = start().await;
    for n in 0..10 {
        let scope = client.scope();
        track(&scope, &format!("evt_{n}")).await;
        scope.close().await.unwrap();
    }
    assert_eq!((server.requests().len(), server.connections()), (10, 1));
}

#[tokio::test(start_paused = true)]
async fn an_interaction_that_began_on_the_client_ends_in_a_scope() {
    let (server, client) = start().await;
    for (event_id, by_handle) in [("evt_1", true), ("evt_2", false)] {
        let begun = BeginOptions { event_id: event_id.into(), user_id: "user_1".into(), ..BeginOptions::default() };
        client.begin(begun).await;
        let scope = client.scope();
        let end = FinishOptions { output: "answer".into(), ..FinishOptions::default() };
        if by_handle {
            scope.resume_interaction(event_id).finish(end).await.unwrap();
        } else {
            scope.finish(event_id, end).await.unwrap();
        }
        scope.close().await.unwrap();
        let last = server.requests_to(PARTIALS).last().unwrap().json();
        let expected = json!({"event_id": event_id, "user_id": "user_1", "output": "answer", "is_pending": false});
        let found = json!({
            "event_id": last["event_id"], "user_id": last["user_id"], "output": last["ai_data"]["output"],
            "is_pending": last["is_pending"],
        });
        assert_eq!(found, expected);
    }
    assert_eq!(client.stats().dropped(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_scope_could_not_deliver_is_delivered_by_the_next_one() {
    let (server, client) = start().await;
    let first = client.scope();
    first.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    track(&first, "evt_1").await;
    first.begin(BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..BeginOptions::default() }).await;
    first.track_signal(Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() }).await.unwrap();
    span(&first, "work");
    server.fail("*", 15, Fault::status(503));
    first.close().await.unwrap_err();
    assert_eq!((client.stats().pending(), client.stats().dropped()), (5, 0));

    server.clear();
    let second = client.scope();
    track(&second, "evt_2").await;
    let report = second.flush().await.unwrap();
    assert_eq!((report.delivered(), client.stats().pending()), (6, 0));
    for &kind in RecordKind::ALL {
        assert!(report.delivered_of(kind) >= 1, "{kind:?}");
    }
    assert_eq!(received(&server).into_iter().collect::<BTreeSet<_>>().len(), 2);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn what_a_scope_could_not_deliver_is_delivered_by_its_client() {
    let (server, client) = start().await;
    for (event_id, later) in [("evt_1", true), ("evt_2", false)] {
        let scope = client.scope();
        track(&scope, event_id).await;
        fail_once(&server, EVENTS);
        scope.close().await.unwrap_err();
        if later {
            client.flush().await.unwrap();
        }
    }
    client.close().await.unwrap();
    assert_eq!(received(&server), ["evt_1", "evt_2"]);
    assert_eq!((client.stats().delivered(), client.stats().dropped()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_empty_scope_takes_along_what_an_earlier_one_left() {
    let (server, client) = start().await;
    let scope = client.scope();
    track(&scope, "evt_1").await;
    fail_once(&server, EVENTS);
    scope.close().await.unwrap_err();
    client.scope().close().await.unwrap();
    assert_eq!(received(&server), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_runs_out_of_time_leaves_its_records_to_its_client() {
    let (server, client) = start().await;
    let scope = client.scope();
    track(&scope, "evt_1").await;
    server.fail(EVENTS, usize::MAX, Fault::Hang);
    let before = Instant::now();
    let report = scope.close().await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(11), "{:?}", before.elapsed());
    assert_eq!((report.requeued(), client.stats().pending(), client.stats().dropped()), (1, 1, 0));
    server.clear();
    client.flush().await.unwrap();
    assert_eq!(received(&server), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_dropped_leaves_its_records_to_its_client() {
    let (server, client) = start().await;
    let scope = client.scope();
    track(&scope, "evt_1").await;
    let interaction = scope.begin(BeginOptions { user_id: "u".into(), input: "hi".into(), ..Default::default() }).await;
    drop(scope);
    assert_eq!(client.flush().await.unwrap().requests(), 0, "a handle still holds the scope");
    drop(interaction);
    assert_eq!(client.flush().await.unwrap().delivered(), 2);
    assert_eq!((received(&server).len(), server.received().partials.len()), (1, 1));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_scope_whose_close_is_dropped_leaves_its_records_to_its_client() {
    let (server, client) = start().await;
    let scope = client.scope();
    track(&scope, "evt_1").await;
    server.fail(EVENTS, 1, Fault::Hang);
    let close = tokio::spawn(async move { scope.close().await });
    server.wait_for(1).await;
    close.abort();
    assert!(close.await.unwrap_err().is_cancelled());
    assert_eq!(client.flush().await.unwrap().delivered(), 1);
    assert_eq!(received(&server), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn a_hung_scope_does_not_hold_up_another() {
    let (server, client) = start().await;
    let (hung, next) = (client.scope(), client.scope());
    track(&hung, "evt_1").await;
    server.fail(EVENTS, 1, Fault::Hang);
    let closing = tokio::spawn({
        let hung = hung.clone();
        async move { hung.close().await }
    });
    server.wait_for(1).await;
    track(&next, "evt_2").await;
    timeout(Duration::from_secs(1), next.close()).await.expect("a scope waits for another's request").unwrap();
    assert_eq!(received(&server), ["evt_2"]);
    closing.await.unwrap().unwrap();
    client.flush().await.unwrap();
    assert_eq!(received(&server), ["evt_2", "evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn partials_of_one_event_keep_their_order_across_scopes() {
    let (server, client) = start().await;
    let first = client.scope();
    let begin = BeginOptions {
        event_id: "chat_1".into(),
        user_id: "user_1".into(),
        input: "hi".into(),
        ..BeginOptions::default()
    };
    first.begin(begin).await;
    fail_once(&server, PARTIALS);
    first.close().await.unwrap_err();

    let second = client.scope();
    let patch =
        PatchOptions { user_id: "user_1".into(), output: "draft".into(), is_pending: Some(true), ..Default::default() };
    second.patch("chat_1", patch).await.unwrap();
    fail_once(&server, PARTIALS);
    second.close().await.unwrap_err();

    let third = client.scope();
    let interaction = third.resume_interaction("chat_1");
    interaction.patch(PatchOptions { user_id: "user_1".into(), ..Default::default() }).await.unwrap();
    interaction.finish(FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
    server.fail(PARTIALS, 2, Fault::status(500));
    third.close().await.unwrap();
    let received = server.received();
    let outputs: Vec<_> = received.partials.iter().map(|it| it["ai_data"]["output"].as_str().unwrap_or("")).collect();
    assert_eq!(outputs, ["", "draft", "ho"]);
    assert_eq!(received.interactions["chat_1"]["is_pending"], false);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_scope_does_not_overtake_an_earlier_partial_that_another_is_sending() {
    let (server, client) = start().await;
    let first = client.scope();
    let begin =
        BeginOptions { event_id: "chat_1".into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
    first.begin(begin).await;
    fail_once(&server, PARTIALS);
    first.close().await.unwrap_err();

    server.fail(PARTIALS, 1, Fault::Delay(5_000));
    let carrier = client.scope();
    let carrying = tokio::spawn(async move { carrier.flush().await });
    server.wait_for(4).await;
    let last = client.scope();
    last.patch("chat_1", PatchOptions { user_id: "u".into(), ..Default::default() }).await.unwrap();
    last.finish("chat_1", FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
    last.close().await.unwrap();
    carrying.await.unwrap().unwrap();
    client.close().await.unwrap();
    let pending: Vec<_> = server.received().partials.iter().map(|it| it["is_pending"].as_bool().unwrap()).collect();
    assert_eq!(pending, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_interleaved_scopes_each_land_once() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).base_delay(Duration::from_millis(200)).build().unwrap();
    server.fail(EVENTS, 100, Fault::status(500));
    server.fail(EVENTS, 20, Fault::ResetAfterBody);
    server.fail(EVENTS, 100, Fault::status(503));
    let tasks: Vec<_> = (0..300)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let scope = client.scope();
                track(&scope, &format!("evt_{n}")).await;
                tokio::time::sleep(Duration::from_millis(n % 17)).await;
                span(&scope, format!("work_{n}"));
                // A failure is its client's from then on; dropping is a failure too.
                let _ = timeout(Duration::from_millis(100 + n % 1_000), scope.close()).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    server.clear_faults();
    client.close().await.unwrap();
    let events = received(&server);
    assert_eq!(events.len(), 300);
    assert_eq!(events.into_iter().collect::<BTreeSet<_>>(), (0..300).map(|n| format!("evt_{n}")).collect());
    let spans = server.received().spans;
    assert_eq!(spans.len(), 300);
    assert_eq!(spans.into_iter().map(|span| span.name).collect::<BTreeSet<_>>().len(), 300);
    let stats = client.stats();
    assert_eq!((stats.accepted(), stats.delivered(), stats.dropped()), (600, 600, 0));
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn what_scopes_leave_behind_counts_against_the_bounds_of_their_client() {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).max_attempts(1).event_max_queue_size(3).trace_max_queue_size(3).build().unwrap();
    server.fail("*", usize::MAX, Fault::status(500));
    for n in 0..5 {
        let scope = client.scope();
        track(&scope, &format!("evt_{n}")).await;
        span(&scope, format!("work_{n}"));
        // Each takes along what the earlier ones left, and that stays with the client.
        scope.close().await.unwrap_err();
    }
    let stats = client.stats();
    assert_eq!((stats.pending(), stats.dropped_by(DropReason::QueueFull)), (6, 4));
    server.clear();
    client.flush().await.unwrap();
    assert_eq!(received(&server), ["evt_0", "evt_1", "evt_2"]);
    let spans: Vec<_> = server.received().spans.into_iter().map(|span| span.name).collect();
    assert_eq!(spans, ["work_2", "work_3", "work_4"]);
}

#[tokio::test(start_paused = true)]
async fn a_scope_of_a_scope_belongs_to_the_client() {
    let (server, client) = start().await;
    let inner = client.scope().scope();
    track(&inner, "evt_1").await;
    fail_once(&server, EVENTS);
    inner.close().await.unwrap_err();
    client.flush().await.unwrap();
    assert_eq!(received(&server), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn a_span_that_outlives_its_dropped_scope_is_delivered() {
    let (server, client) = start().await;
    let scope = client.scope();
    let options = raindrop::SpanOptions { name: "work".into(), event_id: "evt_1".into(), ..Default::default() };
    let outliving = scope.start_span(options);
    drop(scope);
    outliving.end();
    drop(outliving);
    client.flush().await.unwrap();
    assert_eq!(server.received().spans.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_scope_leaves_to_a_closed_client_is_delivered_when_that_is_closed_again() {
    let (server, client) = start().await;
    let scope = client.scope();
    track(&scope, "evt_1").await;
    client.close().await.unwrap();
    fail_once(&server, EVENTS);
    scope.close().await.unwrap_err();
    assert_eq!((client.stats().pending(), client.stats().dropped()), (1, 0));
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    assert_eq!(received(&server), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn what_one_scope_began_another_can_finish_without_an_output() {
    let (server, client) = start().await;
    let begun = client.scope();
    let begin = BeginOptions { event_id: "e".into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
    begun.begin(begin).await;
    begun.close().await.unwrap();

    let finished = client.scope();
    let interaction = finished.resume_interaction("e");
    interaction.patch(PatchOptions { user_id: "u".into(), ..Default::default() }).await.unwrap();
    interaction.finish(FinishOptions::default()).await.unwrap();
    finished.close().await.unwrap();

    assert_eq!(server.received().interactions["e"]["is_pending"], false);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn an_update_recorded_in_a_scope_is_not_sent_after_the_finish_that_came_later() {
    let (server, client) = start().await;
    let scope = client.scope();
    let begin = BeginOptions { event_id: "e".into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
    scope.begin(begin).await;
    let options = PatchOptions { user_id: "u".into(), output: "hello".into(), ..Default::default() };
    client.patch("e", options).await.unwrap();
    client.finish("e", FinishOptions::default()).await.unwrap();
    scope.close().await.unwrap();

    let pending: Vec<bool> =
        server.received().partials.iter().map(|partial| partial["is_pending"].as_bool().unwrap()).collect();
    assert_eq!(pending, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn what_a_scope_leaves_behind_does_not_overtake_what_it_is_still_sending() {
    let (server, client) = start().await;
    let scope = client.scope();
    let begin = BeginOptions { event_id: "e".into(), user_id: "u".into(), input: "hi".into(), ..Default::default() };
    scope.begin(begin).await;
    server.fail(PARTIALS, 1, Fault::Delay(15_000));
    let flush = tokio::spawn({
        let scope = scope.clone();
        async move { scope.flush().await }
    });
    server.wait_for(1).await;
    scope.finish("e", FinishOptions { output: "ho".into(), ..Default::default() }).await.unwrap();
    scope.close().await.unwrap();
    client.flush().await.unwrap();
    flush.await.unwrap().unwrap();
    drop(scope);
    client.close().await.unwrap();
    let pending: Vec<_> = server.received().partials.iter().map(|it| it["is_pending"].as_bool().unwrap()).collect();
    assert_eq!(pending, [true, false]);
    assert_eq!((client.stats().delivered(), client.stats().pending()), (2, 0));
}

const SCOPES: usize = 64;

/// Scopes that close at once, each with an event. Returns their reports.
async fn close_at_once(server: &IngestServer, client: &Client) -> Vec<FlushReport> {
    let mut closes = JoinSet::new();
    for number in 0..SCOPES {
        let scope = client.scope();
        track(&scope, &format!("evt_{number:02}")).await;
        closes.spawn(async move { scope.close().await });
    }
    let reports = closes.join_all().await;
    assert!(server.requests().len() >= SCOPES);
    reports.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn scopes_that_close_while_the_server_wants_a_pause_do_not_ask_it_again_and_again() {
    let (server, client) = start().await;
    server.fail("*", usize::MAX, Fault::retry_after(429, "60"));
    let reports = close_at_once(&server, &client).await;
    assert!(server.requests().len() < 3 * SCOPES);
    assert!(reports.iter().all(|report| report.requeued() > 0));
    assert_eq!(client.stats().pending(), reports.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn scopes_that_close_while_the_server_fails_do_not_take_turns() {
    let (server, client) = start().await;
    server.fail("*", usize::MAX, Fault::status(503));
    close_at_once(&server, &client).await;
    let requests = server.requests();
    let tries_of = |number| {
        let event_id = format!("evt_{number:02}");
        requests.iter().filter(|request| request.body.contains(&event_id)).count()
    };
    // Each close makes three attempts at most, one after the other, and all of them together take ten seconds.
    assert!((0..SCOPES).map(tries_of).all(|tries| (3..20).contains(&tries)));
}
