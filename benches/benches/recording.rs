//! What a caller pays for each call, ours including the encoding.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

use raindrop_benches::peers::{fastrace, opentelemetry, sentry};
use raindrop_benches::{ours, sample};

/// How many records wait until they are drained, unmeasured.
const ROUND: u64 = 512;
const THREADS: u64 = 8;
const FLUSHED: usize = 5_000;

/// Measures `record`, and now and then runs `drain` unmeasured.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, who: &str, record: impl Fn(), drain: impl Fn()) {
    group.bench_function(who, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut took = Duration::ZERO;
            let mut left = iterations;
            while left > 0 {
                let round = left.min(ROUND);
                let start = Instant::now();
                for _ in 0..round {
                    record();
                }
                took += start.elapsed();
                drain();
                left -= round;
            }
            took
        });
    });
}

/// The same piece of work, by us and by everyone else.
struct Contest<'a> {
    case: &'a str,
    ours: &'a dyn Fn(&raindrop::Client),
    opentelemetry: &'a dyn Fn(&opentelemetry::Sdk),
    fastrace: &'a dyn Fn(),
    sentry: &'a dyn Fn(&sentry::Sdk),
}

impl Contest<'_> {
    fn run(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(self.case);
        let client = ours::client(ROUND as usize);
        measure(&mut group, "ours", || (self.ours)(&client), || drain(&client));
        let sdk = opentelemetry::Sdk::discarding(ROUND as usize * 2);
        measure(&mut group, "opentelemetry", || (self.opentelemetry)(&sdk), || sdk.flush());
        fastrace::start();
        measure(&mut group, "fastrace", self.fastrace, fastrace::flush);
        let sdk = sentry::Sdk::new();
        measure(&mut group, "sentry", || (self.sentry)(&sdk), || {});
    }
}

fn drain(client: &raindrop::Client) {
    ours::flush(client);
}

fn spans(criterion: &mut Criterion) {
    let (input, output) = (sample::tool_input(), sample::tool_output());
    let contests = [
        Contest {
            case: "span",
            ours: &ours::span,
            opentelemetry: &opentelemetry::Sdk::span,
            fastrace: &fastrace::span,
            sentry: &sentry::Sdk::span,
        },
        Contest {
            case: "llm_span",
            ours: &ours::llm_span,
            opentelemetry: &opentelemetry::Sdk::llm_span,
            fastrace: &fastrace::llm_span,
            sentry: &sentry::Sdk::llm_span,
        },
        Contest {
            case: "tool_span",
            ours: &|client| ours::tool_span(client, &input, &output),
            opentelemetry: &|sdk| sdk.tool_span(&input, &output),
            fastrace: &|| fastrace::tool_span(&input, &output),
            sentry: &|sdk| sdk.tool_span(&input, &output),
        },
        Contest {
            case: "interaction",
            ours: &ours::interaction,
            opentelemetry: &opentelemetry::Sdk::interaction,
            fastrace: &fastrace::interaction,
            sentry: &sentry::Sdk::interaction,
        },
    ];
    for contest in contests {
        contest.run(criterion);
    }
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("track_ai");
    let text = sample::kibibyte();
    let client = ours::client(0);
    measure(&mut group, "ours", || ours::track_ai(&client, ours::ai_event(&text, &text)), || drain(&client));
    let encode = || {
        let payload = ours::AiPayload::new(ours::ai_event(&text, &text));
        black_box(serde_json::to_vec(&payload).expect("it is plain data"));
    };
    measure(&mut group, "serde_json", encode, || {});
}

/// Eight threads that start together and do nothing else: the time until the last is done, per span.
fn threads(criterion: &mut Criterion) {
    const SPANS: usize = 1 << 15;
    let mut group = criterion.benchmark_group("threads");
    let mut contend = |who, record: &(dyn Fn() + Sync), drain: &dyn Fn()| {
        group.bench_function(who, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut took = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    let round = left.min(SPANS as u64);
                    let start = Instant::now();
                    thread::scope(|scope| {
                        for _ in 0..THREADS {
                            scope.spawn(|| (0..round.div_ceil(THREADS)).for_each(|_| record()));
                        }
                    });
                    took += start.elapsed();
                    drain();
                    left -= round;
                }
                took
            });
        });
    };
    let client = ours::client(SPANS + THREADS as usize);
    contend("ours", &|| ours::span(&client), &|| drain(&client));
    let sdk = opentelemetry::Sdk::discarding(SPANS + THREADS as usize);
    contend("opentelemetry", &|| sdk.span(), &|| sdk.flush());
}

/// Until nothing waits any more. Our bodies are assembled; OpenTelemetry's exporter discards spans that are not encoded.
fn flush(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flush");
    let mut deliver = |who, record: &dyn Fn(), flush: &dyn Fn()| {
        group.bench_function(who, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut took = Duration::ZERO;
                for _ in 0..iterations {
                    (0..FLUSHED).for_each(|_| record());
                    let start = Instant::now();
                    flush();
                    took += start.elapsed();
                }
                took
            });
        });
    };
    let client = ours::client(FLUSHED);
    deliver("ours", &|| ours::span(&client), &|| drain(&client));
    let sdk = opentelemetry::Sdk::discarding(FLUSHED * 2);
    deliver("opentelemetry", &|| sdk.span(), &|| sdk.flush());
}

fn lifecycle(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build");
    group.bench_function("ours", |bencher| bencher.iter(|| ours::client(FLUSHED)));
    group.bench_function("opentelemetry", |bencher| bencher.iter(|| opentelemetry::Sdk::discarding(FLUSHED)));
    group.bench_function("sentry", |bencher| bencher.iter(sentry::client));
    group.finish();

    let mut group = criterion.benchmark_group("scope");
    let client = ours::client(FLUSHED);
    group.bench_function("ours", |bencher| bencher.iter(|| ours::scope(&client)));
    group.bench_function("arc", |bencher| bencher.iter(|| Arc::new(black_box([0_u64; SCOPE_BYTES / 8]))));
}

/// What a scope allocates, by the figures of the program `memory`.
const SCOPE_BYTES: usize = 568;

criterion_group! {
    name = recording;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = spans, events, threads, flush, lifecycle
}
criterion_main!(recording);
