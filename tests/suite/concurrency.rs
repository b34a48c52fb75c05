//! Many tasks on many threads record while others flush, and every record arrives exactly once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use std::{fmt, hint, iter};

use crate::support::{ai_event, assert_well_formed, at_once, builder, event_ids, span};
use raindrop::{
    Attribute, BeginOptions, Client, Error, Event, FinishOptions, PatchOptions, Signal, Span, SpanOptions, Stats,
    ToolOptions, with_tool,
};
use raindrop_ingest::{Fault, IngestServer};
use serde::{Serialize, Serializer};
use tokio::task::JoinHandle;

const TASKS: usize = 64;
const EACH: usize = 20;

/// A client that never drops for want of room, and retries without delay.
async fn roomy() -> (IngestServer, Client) {
    let server = IngestServer::start().await.unwrap();
    let client = builder(&server)
        .event_max_queue_size(1_000_000)
        .trace_max_queue_size(1_000_000)
        .base_delay(Duration::from_millis(1))
        .build()
        .unwrap();
    (server, client)
}

/// Tasks that flush without a pause until told to stop.
fn flushers(client: &Client, count: usize, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    let flusher = || {
        let (client, stop) = (client.clone(), Arc::clone(stop));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                // A failure leaves its records to the next flush.
                let _ = client.flush().await;
                tokio::task::yield_now().await;
            }
        })
    };
    (0..count).map(|_| flusher()).collect()
}

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

fn assert_each_once(mut arrived: Vec<String>) {
    arrived.sort_unstable();
    let mut expected: Vec<_> = (0..TASKS * EACH).map(|n| format!("evt_{n:05}")).collect();
    expected.sort_unstable();
    assert_eq!(arrived.len(), expected.len());
    assert_eq!(arrived, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn records_of_64_tasks_arrive_once_while_flushes_run_and_requests_fail() {
    let (server, client) = roomy().await;
    server.fail("events/track", 30, Fault::status(500));
    server.fail("traces", 30, Fault::status(503));
    server.fail("signals/track", 5, Fault::ResetAfterBody);
    let stop = Arc::new(AtomicBool::new(false));
    let flushing = flushers(&client, 4, &stop);
    let recording = (0..TASKS).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            for n in task * EACH..(task + 1) * EACH {
                let id = format!("evt_{n:05}");
                client.track_ai(ai_event(&id)).await.unwrap();
                span(&client, &id);
                let signal = Signal { event_id: id, name: "up".into(), ..Signal::default() };
                client.track_signal(signal).await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    });
    join(recording.collect()).await;
    stop.store(true, Ordering::Relaxed);
    join(flushing).await;
    server.clear_faults();
    client.close().await.unwrap();

    let received = server.received();
    assert_each_once(event_ids(&received.events));
    assert_each_once(event_ids(&received.signals));
    assert_each_once(received.spans.into_iter().map(|span| span.name).collect());
    let stats = client.stats();
    assert_eq!(stats.accepted(), 3 * (TASKS * EACH) as u64);
    assert_eq!((stats.delivered(), stats.dropped(), stats.pending()), (stats.accepted(), 0, 0));
    assert_well_formed(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn partials_keep_their_order_while_flushes_run_and_requests_fail() {
    let (server, client) = roomy().await;
    server.fail("events/track_partial", 40, Fault::status(500));
    let stop = Arc::new(AtomicBool::new(false));
    let flushing = flushers(&client, 4, &stop);
    let recording = (0..TASKS).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            let begin = BeginOptions {
                event_id: format!("chat_{task}"),
                user_id: "user_1".into(),
                input: "hi".into(),
                ..BeginOptions::default()
            };
            let interaction = client.begin(begin).await;
            for step in 0..EACH {
                let patch = PatchOptions { output: format!("{step:05}"), ..PatchOptions::default() };
                interaction.patch(patch).await.unwrap();
                tokio::task::yield_now().await;
            }
            interaction.finish(FinishOptions { output: "end".into(), ..FinishOptions::default() }).await.unwrap();
        })
    });
    join(recording.collect()).await;
    stop.store(true, Ordering::Relaxed);
    join(flushing).await;
    server.clear_faults();
    client.close().await.unwrap();

    let mut outputs: HashMap<String, Vec<String>> = HashMap::new();
    for partial in server.received().partials {
        let output = partial["ai_data"]["output"].as_str().unwrap_or_default().to_owned();
        outputs.entry(partial["event_id"].as_str().unwrap().to_owned()).or_default().push(output);
    }
    assert_eq!(outputs.len(), TASKS);
    for (event_id, outputs) in outputs {
        assert!(outputs.is_sorted(), "{event_id}: {outputs:?}");
        assert_eq!(outputs.last().map(String::as_str), Some("end"), "{event_id}");
    }
    let received = server.received();
    assert!(received.interactions.values().all(|it| it["is_pending"] == false));
    let stats = client.stats();
    assert_eq!((stats.delivered(), stats.dropped(), stats.pending()), (stats.accepted(), 0, 0));
    assert_well_formed(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn flushes_aborted_at_any_moment_lose_nothing() {
    let (server, client) = roomy().await;
    for n in 0..TASKS * EACH {
        client.track_ai(ai_event(format!("evt_{n:05}"))).await.unwrap();
    }
    server.fail("events/track", usize::MAX, Fault::Hang);
    for round in 0..20 {
        let flush = tokio::spawn({
            let client = client.clone();
            async move { client.flush().await }
        });
        server.wait_for(2 * round + 1).await;
        flush.abort();
        assert!(flush.await.unwrap_err().is_cancelled());
        assert_eq!(client.stats().pending(), (TASKS * EACH) as u64);
    }
    server.clear_faults();
    client.flush().await.unwrap();
    // A request may still have been on its way when its flush was aborted.
    let arrived: BTreeSet<_> = event_ids(&server.received().events).into_iter().collect();
    assert_each_once(arrived.into_iter().collect());
    assert_eq!(client.stats().delivered(), (TASKS * EACH) as u64);
    assert_well_formed(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scopes_on_many_threads_leave_nothing_behind() {
    let (server, client) = roomy().await;
    server.fail("events/track", 50, Fault::status(500));
    let tasks = (0..TASKS).map(|task| {
        let client = client.clone();
        tokio::spawn(async move {
            let scope = client.scope();
            for n in task * EACH..(task + 1) * EACH {
                scope.track_ai(ai_event(format!("evt_{n:05}"))).await.unwrap();
            }
            if task % 3 > 0 {
                let _ = scope.close().await;
            }
        })
    });
    join(tasks.collect()).await;
    server.clear_faults();
    client.close().await.unwrap();
    assert_each_once(event_ids(&server.received().events));
    assert_well_formed(&server);
}

#[test]
fn the_books_balance_whenever_they_are_read() {
    const SPANS: usize = 50_000;
    let client = Client::builder()
        .write_key("rk")
        .disable_local_workshop()
        .trace_max_queue_size(1)
        .sink(|_: &[u8]| ())
        .build()
        .unwrap();
    let is_done = AtomicBool::new(false);
    let balances = |stats: &Stats| stats.accepted() == stats.delivered() + stats.dropped() + stats.pending();
    let unbalanced = thread::scope(|scope| {
        let recording = scope.spawn(|| (0..SPANS).for_each(|_| span(&client, "evt")));
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                at_once(client.flush()).unwrap();
            }
        });
        let unbalanced =
            iter::from_fn(|| (!recording.is_finished()).then(|| client.stats())).find(|read| !balances(read));
        is_done.store(true, Ordering::Relaxed);
        unbalanced
    });
    assert_eq!(unbalanced, None);
    assert_eq!(client.stats().accepted(), SPANS as u64);
}

#[test]
fn what_is_recorded_while_a_scope_closes_is_delivered_or_refused() {
    const SCOPES: usize = 20_000;
    let (client, _capture) = Client::builder().capture().unwrap();
    let scopes: Vec<Client> = (0..SCOPES).map(|_| client.scope()).collect();
    let (recording, closed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let until = |counter: &AtomicUsize, number| {
        while counter.load(Ordering::Acquire) < number {
            thread::yield_now();
        }
    };
    thread::scope(|threads| {
        threads.spawn(|| {
            for (scope, number) in scopes.iter().zip(1..) {
                recording.store(number, Ordering::Release);
                span(scope, "evt");
                until(&closed, number);
                let late = Event { user_id: "user_1".into(), event: "late".into(), ..Event::default() };
                assert!(matches!(at_once(scope.track_event(late)), Err(Error::Closed)));
            }
        });
        for (scope, number) in scopes.iter().zip(1..) {
            until(&recording, number);
            // Sooner or later than the span ends.
            (0..number % 400).for_each(|_| hint::spin_loop());
            at_once(scope.close()).unwrap();
            closed.store(number, Ordering::Release);
        }
    });
    let stats = client.stats();
    assert_eq!((stats.pending(), stats.accepted()), (0, stats.delivered()));
}

#[test]
fn what_a_scope_says_after_its_client_arrives_after_it_while_flushes_run() {
    const INTERACTIONS: usize = 2_000;
    let (client, capture) = Client::builder().event_max_queue_size(INTERACTIONS).capture().unwrap();
    let scope = client.scope();
    let say = |client: &Client, n: usize, output: &str| {
        let said = PatchOptions { user_id: "user_1".into(), output: output.into(), ..PatchOptions::default() };
        at_once(client.patch(&format!("evt_{n:05}"), said)).unwrap();
    };
    thread::scope(|threads| {
        let recording = threads.spawn(|| {
            for n in 0..INTERACTIONS {
                say(&client, n, "first");
                say(&scope, n, "second");
                while client.stats().pending() > 100 {
                    thread::yield_now();
                }
            }
        });
        while !recording.is_finished() {
            at_once(scope.flush()).unwrap();
        }
    });
    at_once(scope.close()).unwrap();
    let interactions = capture.recorded().interactions;
    assert_eq!(interactions.len(), INTERACTIONS);
    let last: BTreeSet<_> = interactions.iter().map(|said| said["ai_data"]["output"].as_str().unwrap()).collect();
    assert_eq!(last, BTreeSet::from(["second"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_interaction_may_be_changed_by_many_tasks() {
    let (server, client) = roomy().await;
    let begin = BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..BeginOptions::default() };
    let interaction = client.begin(begin).await;
    let stop = Arc::new(AtomicBool::new(false));
    let flushing = flushers(&client, 2, &stop);
    let tasks = (0..TASKS).map(|task| {
        let interaction = interaction.clone();
        tokio::spawn(async move {
            interaction.set_properties(BTreeMap::from([(format!("key_{task}"), task.into())])).await.unwrap();
        })
    });
    join(tasks.collect()).await;
    interaction.finish(FinishOptions { output: "ho".into(), ..FinishOptions::default() }).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    join(flushing).await;
    client.close().await.unwrap();
    let merged = &server.received().interactions[interaction.event_id()];
    for task in 0..TASKS {
        assert_eq!(merged["properties"][format!("key_{task}")], task);
    }
    assert_eq!(merged["is_pending"], false);
}

/// Uses the client and the span from within their own calls, as user code may.
struct Nosy(Client, Span);

impl Nosy {
    fn meddle(&self) {
        self.1.set_attributes([Attribute::bool("nosy", true)]);
        at_once(self.0.track_ai(ai_event("nosy"))).unwrap();
        span(&self.0, "nosy");
    }
}

impl fmt::Display for Nosy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meddle();
        f.write_str("nosy")
    }
}

impl Serialize for Nosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.meddle();
        serializer.serialize_str("nosy")
    }
}

#[tokio::test]
async fn user_code_that_a_call_runs_may_use_the_client_itself() {
    let (server, client) = roomy().await;
    let interaction = client.begin(BeginOptions { user_id: "u".into(), ..BeginOptions::default() }).await;
    let outer = interaction.start_span(SpanOptions { name: "outer".into(), ..SpanOptions::default() });
    let nosy = || Nosy(client.clone(), outer.clone());
    outer.set_error(nosy());
    outer.set_attributes((0..3).map(|n| {
        nosy().meddle();
        Attribute::int("n", n)
    }));
    with_tool(&interaction, "tool", ToolOptions::default(), || Ok::<_, String>(nosy())).unwrap();
    with_tool(&interaction, "tool", ToolOptions::default(), || Err::<(), _>(nosy())).unwrap_err();
    outer.end();
    client.close().await.unwrap();
    assert_eq!((server.received().events.len(), server.received().spans.len()), (6, 6 + 3));
    assert_well_formed(&server);
}
