//! What is held in memory, in bytes, and how often memory is asked for.
//!
//! Prints one JSON object.

use raindrop::Client;
use serde_json::{Value, json};

use raindrop_benches::counting::{Counting, allocations, held};
use raindrop_benches::{ours, sample};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RECORDS: usize = 5_000;

/// Bytes that `make` leaves behind, and what it made.
fn holding<T>(make: impl FnOnce() -> T) -> (usize, T) {
    let before = held();
    let made = make();
    (held().saturating_sub(before), made)
}

/// What each record holds until it is flushed, and how long its JSON is.
fn buffered(record: impl Fn(&Client)) -> Value {
    let client = ours::client(RECORDS);
    let json = ours::encoded_bytes(&client, &record);
    let before = allocations();
    let (held, ()) = holding(|| (0..RECORDS).for_each(|_| record(&client)));
    let [held, allocations] = [held, allocations() - before].map(|of_all| of_all as f64 / RECORDS as f64);
    ours::flush(&client);
    json!({ "json": json, "held": held, "ratio": held / json as f64, "allocations": allocations })
}

fn main() {
    // What a thread needs once.
    ours::flush(&{
        let client = ours::client(RECORDS);
        ours::span(&client);
        client
    });
    let (idle_client, client) = holding(|| ours::settings(RECORDS).build().expect("the settings are valid"));
    let (idle_scope, scope) = holding(|| client.scope());
    drop((scope, client));

    let text = sample::kibibyte();
    let (input, output) = (sample::tool_input(), sample::tool_output());
    let figures = json!({
        "idle": { "client": idle_client, "scope": idle_scope, "kibibyte": 1024 },
        "span": buffered(ours::span),
        "llm_span": buffered(ours::llm_span),
        "tool_span": buffered(|client| ours::tool_span(client, &input, &output)),
        "track_ai": buffered(|client| ours::track_ai(client, ours::ai_event(&text, &text))),
        "interaction": buffered(ours::interaction),
    });
    println!("{figures:#}");
}
