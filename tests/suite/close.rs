//! `close` delivers what is left, within its deadline, and nothing is recorded after it.

use std::time::Duration;

use crate::support::{Log, ai_event, assert_well_formed, builder, event_ids, span, start};
use raindrop::{
    BeginOptions, Client, DropReason, Error, Event, FinishOptions, FlushReport, PatchOptions, RecordKind, Signal,
    SpanOptions, User,
};
use raindrop_ingest::{Fault, IngestServer};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

async fn with_close_timeout(close_timeout: Duration) -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server).close_timeout(close_timeout).build().unwrap();
    (server, client)
}

async fn track(client: &Client, event_id: &str) {
    client.track_ai(ai_event(event_id)).await.unwrap();
}

fn within(elapsed: Duration, from: u64, to: u64) -> bool {
    (Duration::from_secs(from)..Duration::from_secs(to)).contains(&elapsed)
}

#[tokio::test(start_paused = true)]
async fn close_delivers_everything_open_interactions_as_pending() {
    let (server, client) = start().await;
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    track(&client, "evt_1").await;
    client.track_signal(Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() }).await.unwrap();
    client.begin(BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..BeginOptions::default() }).await;
    span(&client, "work");
    let report = client.close().await.unwrap();
    for &kind in RecordKind::ALL {
        assert_eq!(report.delivered_of(kind), 1, "{kind:?}");
    }
    assert_eq!(server.received().partials[0]["is_pending"], true);
    assert_eq!(client.stats().pending(), 0);
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn a_second_close_and_a_flush_after_it_are_ok_and_empty() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    client.close().await.unwrap();
    for report in [client.close().await.unwrap(), client.flush().await.unwrap()] {
        assert_eq!((report.delivered(), report.requests(), report.requeued(), report.dropped()), (0, 0, 0, 0));
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_a_client_that_recorded_nothing_sends_nothing() {
    let (server, client) = start().await;
    assert_eq!(client.close().await.unwrap().requests(), 0);
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn recording_after_close_is_refused_and_counted() {
    let (server, client) = start().await;
    let begin = || BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..BeginOptions::default() };
    let interaction = client.begin(begin()).await;
    client.close().await.unwrap();
    assert!(client.is_closed() && client.clone().is_closed());
    server.clear();

    let event = Event { user_id: "user_1".into(), ..Event::default() };
    let signal = Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() };
    let user = User { user_id: "user_1".into(), ..User::default() };
    let patch = PatchOptions { output: "ho".into(), ..PatchOptions::default() };
    let refused = [
        client.track_event(event).await.map(drop),
        client.track_ai(ai_event("evt_1")).await.map(drop),
        client.track_signal(signal).await,
        client.identify(user).await,
        client.patch("chat_1", patch.clone()).await,
        client.finish("chat_1", FinishOptions::default()).await,
        interaction.patch(patch).await,
        interaction.set_input("again").await,
        interaction.finish(FinishOptions::default()).await,
    ];
    assert!(refused.iter().all(|result| matches!(result, Err(Error::Closed))), "{refused:?}");
    client.begin(begin()).await;
    let of_scope = client.scope().track_ai(ai_event("evt_2")).await;
    assert!(matches!(of_scope, Err(Error::Closed)), "{of_scope:?}");
    assert_eq!(client.stats().refused(), 11);
    client.close().await.unwrap();
    assert!(server.requests().is_empty());
    assert_eq!((client.stats().accepted(), client.stats().pending()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn spans_that_are_open_at_close_record_nothing() {
    let (server, client) = start().await;
    let interaction = client.begin(BeginOptions { user_id: "u".into(), ..BeginOptions::default() }).await;
    let open = client.start_span(SpanOptions { name: "open".into(), event_id: "e".into(), ..SpanOptions::default() });
    client.close().await.unwrap();
    open.set_error("late");
    open.end();
    drop(open);
    let late = [
        client.start_span(SpanOptions { name: "late".into(), event_id: "e".into(), ..SpanOptions::default() }),
        interaction.start_span(SpanOptions { name: "late".into(), ..SpanOptions::default() }),
        interaction.start_tool_span("late", Default::default()).span(),
        client.start_llm_span("late", Default::default(), "e").span(),
    ];
    assert!(late.iter().all(|span| span.is_noop()));
    drop(late);
    client.close().await.unwrap();
    assert!(server.requests_to("traces").is_empty());
    assert_eq!(client.stats().accepted_of(RecordKind::Span), 0);
}

#[tokio::test(start_paused = true)]
async fn close_ends_at_its_deadline_when_the_server_hangs_and_says_what_it_left() {
    let (log, _guard) = Log::capture();
    let (server, client) = with_close_timeout(Duration::from_secs(4)).await;
    server.fail("*", usize::MAX, Fault::Hang);
    for n in 0..300 {
        track(&client, &format!("evt_{n}")).await;
        span(&client, "work");
    }
    let before = Instant::now();
    let report = client.close().await.unwrap();
    assert!(within(before.elapsed(), 4, 5), "{:?}", before.elapsed());
    assert_eq!((report.delivered(), report.requeued(), report.requests()), (0, 600, 4));
    assert_eq!(report.requeued_of(RecordKind::Span), 300);
    let stats = client.stats();
    assert_eq!((stats.dropped_by(DropReason::Undelivered), stats.pending()), (600, 0));
    assert_eq!(log.warnings("600 record(s) undelivered"), 1, "{}", log.text());
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_one_for_users_and_all_the_rest() {
    let (server, client) = start().await;
    client.identify(User { user_id: "user_1".into(), ..User::default() }).await.unwrap();
    track(&client, "evt_1").await;
    server.fail("users/identify", 1, Fault::Delay(7_000));
    server.fail("events/track", usize::MAX, Fault::Hang);
    let before = Instant::now();
    let report = client.close().await.unwrap();
    assert!(within(before.elapsed(), 10, 11), "{:?}", before.elapsed());
    assert_eq!((report.delivered(), report.requeued()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn users_that_are_not_taken_leave_half_of_the_time_to_all_the_rest() {
    let (server, client) = start().await;
    for n in 0..200 {
        client.identify(User { user_id: format!("user_{n}"), ..User::default() }).await.unwrap();
    }
    track(&client, "evt_1").await;
    server.fail("users/identify", usize::MAX, Fault::Hang);
    server.fail("events/track", 1, Fault::Delay(4_000));
    let before = Instant::now();
    let report = client.close().await.unwrap();
    assert!(within(before.elapsed(), 10, 11), "{:?}", before.elapsed());
    assert_eq!((report.delivered(), report.requeued()), (1, 200));
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
}

#[tokio::test(start_paused = true)]
async fn close_does_not_sleep_through_a_wait_that_outlasts_its_deadline() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    server.fail("*", usize::MAX, Fault::retry_after(429, "20"));
    let before = Instant::now();
    let report = client.close().await.unwrap();
    assert!(within(before.elapsed(), 0, 1), "{:?}", before.elapsed());
    assert_eq!((report.requeued(), report.requests()), (1, 1));
    assert_eq!(client.stats().dropped_by(DropReason::Undelivered), 1);
}

#[tokio::test(start_paused = true)]
async fn close_waits_when_the_wait_fits_its_deadline() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    server.fail("*", 1, Fault::retry_after(429, "8"));
    let before = Instant::now();
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    assert!(within(before.elapsed(), 8, 9), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn close_without_a_deadline_makes_every_attempt() {
    let (server, client) = with_close_timeout(Duration::ZERO).await;
    track(&client, "evt_1").await;
    server.fail("*", 2, Fault::Hang);
    let before = Instant::now();
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    assert!(within(before.elapsed(), 62, 65), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn close_fails_when_every_attempt_did() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    server.fail("*", usize::MAX, Fault::status(500));
    let error = client.close().await.unwrap_err();
    assert!(matches!(error, Error::HttpStatus { status: 500, .. }), "{error}");
    assert_eq!(server.requests().len(), 3);
    assert_eq!(client.stats().dropped_by(DropReason::Undelivered), 1);
    assert_eq!(client.close().await.unwrap().requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_dropped_can_be_called_again() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    server.fail("*", 1, Fault::Hang);
    assert!(timeout(Duration::from_secs(1), client.close()).await.is_err());
    assert!(client.is_closed());
    assert!(matches!(client.track_ai(ai_event("late")).await, Err(Error::Closed)));
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
    assert_eq!((client.stats().pending(), client.stats().dropped()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn two_closes_at_once_deliver_each_record_once() {
    let (server, client) = start().await;
    for n in 0..120 {
        track(&client, &format!("evt_{n}")).await;
    }
    server.fail("*", 2, Fault::Delay(2_000));
    server.fail("*", 1, Fault::status(500));
    let (one, other) = tokio::join!(client.close(), client.close());
    assert_eq!(one.unwrap().delivered() + other.unwrap().delivered(), 120);
    assert_eq!((server.received().events.len(), client.stats().dropped()), (120, 0));
}

#[tokio::test(start_paused = true)]
async fn close_goes_on_until_a_flush_under_way_is_over() {
    let (server, client) = start().await;
    let begin = BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..BeginOptions::default() };
    let interaction = client.begin(begin).await;
    server.fail("*", 1, Fault::Delay(6_000));
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    server.wait_for(1).await;
    interaction.finish(FinishOptions { output: "ho".into(), ..FinishOptions::default() }).await.unwrap();
    client.close().await.unwrap();
    assert_eq!(client.stats().pending(), 0);
    assert_eq!(server.received().partials.len(), 2);
    assert_eq!(server.received().interactions[interaction.event_id()]["is_pending"], false);
    flush.await.unwrap().unwrap();
    assert_well_formed(&server);
}

#[tokio::test(start_paused = true)]
async fn close_delivers_what_a_flush_under_way_gives_back() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    server.fail("*", 1, Fault::Hang);
    let flush = tokio::spawn({
        let client = client.clone();
        async move { timeout(Duration::from_secs(5), client.flush()).await }
    });
    server.wait_for(1).await;
    let before = Instant::now();
    assert_eq!(client.close().await.unwrap().delivered(), 1);
    assert!(within(before.elapsed(), 4, 6), "{:?}", before.elapsed());
    assert!(flush.await.unwrap().is_err());
    assert_eq!(event_ids(&server.received().events), ["evt_1"]);
}

/// A flush of one event, whose request gets no answer.
async fn hung_flush(server: &IngestServer, client: &Client) -> JoinHandle<raindrop::Result<FlushReport>> {
    track(client, "evt_1").await;
    server.fail("*", 1, Fault::Hang);
    let client = client.clone();
    let flush = tokio::spawn(async move { client.flush().await });
    server.wait_for(1).await;
    flush
}

#[tokio::test(start_paused = true)]
async fn close_leaves_a_hung_flush_to_itself_at_its_deadline() {
    let (server, client) = start().await;
    let flush = hung_flush(&server, &client).await;
    let before = Instant::now();
    client.close().await.unwrap();
    assert!(within(before.elapsed(), 10, 11), "{:?}", before.elapsed());
    assert_eq!(flush.await.unwrap().unwrap().delivered(), 1);
    assert_eq!((client.stats().delivered(), client.stats().dropped()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_warning_at_the_deadline_counts_what_a_hung_flush_still_has() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    let flush = hung_flush(&server, &client).await;
    client.close().await.unwrap();
    assert_eq!(log.warnings("1 record(s) undelivered"), 1, "{}", log.text());
    flush.abort();
}

#[tokio::test(start_paused = true)]
async fn an_interaction_whose_user_is_unknown_is_held_and_counted_at_close() {
    let (server, client) = start().await;
    let interaction = client.resume_interaction("chat_1");
    interaction.set_input("hi").await.unwrap();
    assert_eq!(client.flush().await.unwrap().requests(), 0);
    assert_eq!(client.stats().pending_of(RecordKind::Partial), 1);
    let before = Instant::now();
    let report = client.close().await.unwrap();
    assert!(within(before.elapsed(), 0, 1), "{:?}", before.elapsed());
    assert_eq!((report.requests(), report.dropped_by(DropReason::UnknownUser)), (0, 1));
    assert_eq!((client.stats().pending(), client.stats().dropped_of(RecordKind::Partial)), (0, 1));
    assert!(server.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dropped_without_close_warns_of_what_is_lost() {
    let (log, _guard) = Log::capture();
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    drop(client);
    assert_eq!(log.warnings("1 record(s) are lost"), 1, "{}", log.text());
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn many_interactions_do_not_keep_signals_and_spans_from_being_sent() {
    let (server, client) = with_close_timeout(Duration::from_secs(10)).await;
    for index in 0..500 {
        let event_id = format!("chat_{index}");
        client.begin(BeginOptions { event_id, user_id: "u".into(), input: "hi".into(), ..Default::default() }).await;
    }
    client.track_signal(Signal { event_id: "evt_1".into(), name: "up".into(), ..Signal::default() }).await.unwrap();
    span(&client, "work");
    server.fail("events/track_partial", usize::MAX, Fault::Delay(100));
    let report = client.close().await.unwrap();
    assert_eq!((report.delivered_of(RecordKind::Signal), report.delivered_of(RecordKind::Span)), (1, 1));
    assert!(report.requeued_of(RecordKind::Partial) > 0);
}

#[tokio::test(start_paused = true)]
async fn an_interaction_without_a_user_does_not_make_a_scope_wait_for_another_flush() {
    let (server, client) = start().await;
    track(&client, "evt_1").await;
    server.fail("*", 1, Fault::Delay(5_000));
    let flush = tokio::spawn({
        let client = client.clone();
        async move { client.flush().await }
    });
    server.wait_for(1).await;
    let scope = client.scope();
    scope.resume_interaction("chat_1").set_input("hi").await.unwrap();
    let before = Instant::now();
    let report = scope.close().await.unwrap();
    assert!(within(before.elapsed(), 0, 1), "{:?}", before.elapsed());
    assert_eq!(report.dropped_by(DropReason::UnknownUser), 1);
    flush.await.unwrap().unwrap();
}
