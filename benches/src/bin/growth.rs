//! How cost grows with what is buffered: the time of a flush, the memory held, and the time to record one span more.
//!
//! Prints one JSON object. With a path as its argument it also draws the figures there, as SVG.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use raindrop::Client;
use serde_json::json;

use raindrop_benches::counting::{Counting, held};
use raindrop_benches::ours;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SIZES: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
/// Recorded on top of what is buffered, to be timed.
const MORE: usize = 1_000;
/// The best of so many, because whatever disturbs makes slower.
const ROUNDS: usize = 7;

#[derive(Clone, Copy)]
struct Cost {
    record: Duration,
    flush: Duration,
    memory: usize,
}

fn main() {
    ours::warm_up();
    let costs = SIZES.map(cost);
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(&path, plot(&costs)).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
    }
    let by_size = |figure: fn(&Cost) -> f64| -> BTreeMap<String, f64> {
        SIZES.iter().zip(&costs).map(|(size, cost)| (format!("{size:06}"), figure(cost))).collect()
    };
    let figures = json!({
        "flush_nanos": by_size(|cost| cost.flush.as_nanos() as f64),
        "held_bytes": by_size(|cost| cost.memory as f64),
        "record_nanos": by_size(|cost| cost.record.as_nanos() as f64),
    });
    println!("{figures:#}");
}

fn cost(size: usize) -> Cost {
    let client = ours::client(size + MORE);
    let record = |spans: usize| (0..spans).for_each(|_| ours::span(&client));
    let mut best = Cost { record: Duration::MAX, flush: Duration::MAX, memory: 0 };
    for _ in 0..ROUNDS {
        let before = held();
        record(size);
        // The first time, the queue grows too.
        best.memory = best.memory.max(held() - before);
        best.flush = best.flush.min(timed(|| flush(&client)));
        record(size);
        best.record = best.record.min(timed(|| record(MORE)) / MORE as u32);
        flush(&client);
    }
    best
}

fn flush(client: &Client) {
    ours::flush(client);
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Three panels side by side, all axes logarithmic.
fn plot(costs: &[Cost]) -> String {
    let mut svg = String::from(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 300" font-family="sans-serif" font-size="12">
<rect width="960" height="300" fill="#fff"/>
"##,
    );
    let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
    panel(&mut svg, 0, "time of a flush, µs", costs.iter().map(|cost| micros(cost.flush)).collect());
    panel(&mut svg, 320, "memory held, KiB", costs.iter().map(|cost| cost.memory as f64 / 1024.0).collect());
    panel(&mut svg, 640, "recording one span more, µs", costs.iter().map(|cost| micros(cost.record)).collect());
    svg.push_str("</svg>\n");
    svg
}

const BOTTOM: f64 = 250.0;
const DECADE: f64 = 36.0;

/// `values` belong to `SIZES`. The lowest line of the grid is the decade below the smallest of them.
fn panel(svg: &mut String, left: usize, title: &str, values: Vec<f64>) {
    let lowest = values.iter().copied().fold(f64::MAX, f64::min).log10().floor();
    let x = |index: usize| left as f64 + 60.0 + index as f64 * 56.0;
    let y = |value: f64| BOTTOM - (value.log10() - lowest) * DECADE;
    let mut draw = |line: String| {
        svg.push_str(&line);
        svg.push('\n');
    };
    draw(format!(r#"<text x="{}" y="24" font-weight="bold">{title}</text>"#, x(0)));
    for decade in 0..=5 {
        let value = 10_f64.powf(lowest + f64::from(decade));
        let (from, to, at) = (x(0), x(SIZES.len() - 1), y(value));
        draw(format!(r##"<line x1="{from}" y1="{at:.1}" x2="{to}" y2="{at:.1}" stroke="#ddd"/>"##));
        draw(format!(r#"<text x="{}" y="{:.1}" text-anchor="end">{value}</text>"#, from - 6.0, at + 4.0));
    }
    let mut points = String::new();
    for (index, (size, value)) in SIZES.iter().zip(&values).enumerate() {
        let (x, y) = (x(index), y(*value));
        write!(points, "{x},{y:.1} ").expect("a string takes everything");
        draw(format!(r##"<circle cx="{x}" cy="{y:.1}" r="3" fill="#1769aa"/>"##));
        draw(format!(r#"<text x="{x}" y="{}" text-anchor="middle">{size}</text>"#, BOTTOM + 18.0));
    }
    draw(format!(r##"<polyline points="{}" fill="none" stroke="#1769aa" stroke-width="2"/>"##, points.trim_end()));
    draw(format!(r#"<text x="{}" y="{}" text-anchor="middle">spans in the buffer</text>"#, x(2), BOTTOM + 38.0));
}
