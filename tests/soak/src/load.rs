use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use raindrop::{BeginOptions, Client, Event, SpanOptions};
use serde_json::json;

use crate::backend::Backend;
use crate::memory::mib;

const THREADS: usize = 8;
const EVENTS_PER_THREAD: usize = 125_000;

fn at_once<F: Future>(call: F) -> F::Output {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a recording call waits"),
    }
}

fn event(event_id: String) -> Event {
    let properties = BTreeMap::from([("page".to_owned(), json!("pricing")), ("seconds".to_owned(), json!(12))]);
    Event { event_id, user_id: "user_123".into(), event: "page_view".into(), properties, ..Event::default() }
}

/// A million events, no faster than the backend takes them.
pub async fn deliver() {
    let backend = Backend::start();
    let client = Client::builder()
        .write_key("rk_soak")
        .endpoint(&backend.url)
        .disable_local_workshop()
        .event_max_queue_size(100_000)
        .partial_flush_interval(Duration::from_millis(50))
        .request_timeout(Duration::from_secs(2))
        .base_delay(Duration::from_millis(50))
        .build()
        .expect("a client");
    tokio::spawn(client.auto_flush());
    let started = Instant::now();
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let client = client.clone();
            std::thread::spawn(move || {
                for index in 0..EVENTS_PER_THREAD {
                    while client.stats().pending() > 50_000 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    at_once(client.track_event(event(format!("{thread}-{index}")))).expect("recorded");
                }
            })
        })
        .collect();
    tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| thread.join().expect("no panic")))
        .await
        .expect("no panic");
    while client.stats().pending() > 0 {
        let _ = client.flush().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    client.close().await.expect("nothing left to deliver");
    let stats = client.stats();
    let report = json!({
        "accepted": stats.accepted(), "delivered": stats.delivered(), "dropped": stats.dropped(),
        "seconds": started.elapsed().as_secs_f64().round(), "peak_rss_mib": mib("VmHWM").round(),
    });
    println!("{report}");
    println!("{}", backend.counts());
}

/// Recording at full speed for a minute, to a port where nobody listens.
pub async fn down() {
    let client = Client::builder()
        .write_key("rk_soak")
        .endpoint("http://127.0.0.1:9/v1/")
        .disable_local_workshop()
        .build()
        .expect("a client");
    tokio::spawn(client.auto_flush());
    let is_over = std::sync::Arc::new(AtomicBool::new(false));
    for thread in 0..THREADS {
        let (client, is_over) = (client.clone(), std::sync::Arc::clone(&is_over));
        std::thread::spawn(move || {
            let mut index = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                index += 1;
                let id = format!("{thread}-{index}");
                at_once(client.track_event(event(id.clone()))).expect("recorded");
                let options = SpanOptions { name: id.clone(), event_id: id.clone(), ..SpanOptions::default() };
                client.start_span(options).end();
                let input = "x".repeat(1_000);
                at_once(client.begin(BeginOptions { event_id: id, user_id: "u".into(), input, ..Default::default() }));
            }
        });
    }
    let mut rss = Vec::new();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        rss.push(mib("VmRSS").round());
    }
    is_over.store(true, Ordering::Relaxed);
    let stats = client.stats();
    println!("{}", json!({"accepted": stats.accepted(), "pending": stats.pending(), "rss_mib_every_10_s": rss}));
}
