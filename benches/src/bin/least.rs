//! The least time of each call, in nanoseconds. Two builds that run by turns show what a change is worth: what disturbs them
//! makes them slower, and seldom in every round.

use std::thread;
use std::time::{Duration, Instant};

use raindrop::Client;

use raindrop_benches::{ours, sample};

/// So many at once stay in the processor's nearer caches.
const ROUND: usize = 512;
const ROUNDS: usize = 2_000;

/// Of eight threads, whose start is measured too.
const LONG_ROUND: usize = 1 << 15;
const LONG_ROUNDS: usize = 100;
const THREADS: usize = 8;

fn main() {
    ours::warm_up();
    let text = sample::kibibyte();
    let (input, output) = (sample::tool_input(), sample::tool_output());
    report("span", ROUND, ROUNDS, |client| repeat(ROUND, || ours::span(client)));
    report("LLM span", ROUND, ROUNDS, |client| repeat(ROUND, || ours::llm_span(client)));
    report("tool span", ROUND, ROUNDS, |client| repeat(ROUND, || ours::tool_span(client, &input, &output)));
    report("track_ai", ROUND, ROUNDS, |client| {
        repeat(ROUND, || ours::track_ai(client, ours::ai_event(&text, &text)));
    });
    report("interaction", ROUND, ROUNDS, |client| repeat(ROUND, || ours::interaction(client)));
    report("span by 8 threads", LONG_ROUND, LONG_ROUNDS, |client| {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| repeat(LONG_ROUND / THREADS, || ours::span(client)));
            }
        });
    });
}

fn repeat(times: usize, record: impl Fn()) {
    (0..times).for_each(|_| record());
}

/// `record` records as many as a round has.
fn report(case: &str, round: usize, rounds: usize, record: impl Fn(&Client)) {
    let client = ours::client(round);
    let least = (0..rounds).map(|_| {
        let start = Instant::now();
        record(&client);
        let took = start.elapsed();
        ours::flush(&client);
        took
    });
    let least = least.min().unwrap_or(Duration::ZERO);
    println!("{case:<18} {:.1}", least.as_nanos() as f64 / round as f64);
}
