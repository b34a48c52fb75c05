//! CPU time of all threads from the start of a span to the body of its request, in nanoseconds per span.
//!
//! Prints one JSON object.

use std::hint::black_box;
use std::time::Duration;

use opentelemetry_otlp::Protocol;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use raindrop_benches::ours;
use raindrop_benches::peers::opentelemetry::Sdk;

const SPANS: usize = 5_000;
const ROUNDS: usize = 25;

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn nanos_per_span(work: impl FnOnce()) -> f64 {
    let before = cpu_time();
    work();
    (cpu_time() - before).as_nanos() as f64 / SPANS as f64
}

/// Takes turns, so that a busy machine slows all of them down.
fn medians<const N: usize>(work: [&dyn Fn() -> f64; N]) -> [f64; N] {
    let mut rounds = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (work, rounds) in work.iter().zip(&mut rounds) {
            rounds.push(work());
        }
    }
    rounds.map(|mut rounds| {
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    })
}

fn main() {
    let client = ours::client(SPANS);
    let json = Sdk::otlp(Protocol::HttpJson, SPANS * 2);
    let protobuf = Sdk::otlp(Protocol::HttpBinary, SPANS * 2);

    let ours = |record: fn(&raindrop::Client)| {
        nanos_per_span(|| {
            (0..SPANS).for_each(|_| record(&client));
            ours::flush(&client);
        })
    };
    let peer = |sdk: &Sdk, record: fn(&Sdk)| {
        nanos_per_span(|| {
            (0..SPANS).for_each(|_| record(sdk));
            sdk.flush();
        })
    };
    let span = medians([&|| ours(ours::span), &|| peer(&json, Sdk::span), &|| peer(&protobuf, Sdk::span)]);
    let llm_span =
        medians([&|| ours(ours::llm_span), &|| peer(&json, Sdk::llm_span), &|| peer(&protobuf, Sdk::llm_span)]);

    let spans: Vec<Span> = (0..SPANS).map(|_| plain_data()).collect();
    let bodies = medians([
        &|| {
            (0..SPANS).for_each(|_| ours::span(&client));
            nanos_per_span(|| {
                ours::flush(&client);
            })
        },
        &|| nanos_per_span(|| drop(black_box(serde_json::to_vec(&spans).expect("it is plain data")))),
    ]);

    let figures = json!({
        "span": { "ours": span[0], "otlp_json": span[1], "otlp_protobuf": span[2] },
        "llm_span": { "ours": llm_span[0], "otlp_json": llm_span[1], "otlp_protobuf": llm_span[2] },
        "bodies": { "ours": bodies[0], "serde_json": bodies[1] },
    });
    println!("{figures:#}");
}

/// A span with four attributes, as opentelemetry-otlp serialises it.
fn plain_data() -> Span {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

    let attribute = |(key, value): (&str, &str)| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    };
    Span {
        trace_id: vec![0x5a; 16],
        span_id: vec![0xa5; 8],
        name: "search help center".to_owned(),
        start_time_unix_nano: 1_735_787_045_678_000_000,
        end_time_unix_nano: 1_735_787_045_679_000_000,
        attributes: raindrop_benches::sample::pairs().map(attribute).into(),
        status: Some(Status { code: 1, ..Status::default() }),
        ..Span::default()
    }
}
