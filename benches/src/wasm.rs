//! The cases for JavaScript to time: built as a module of its own, for `wasm/measure.mjs`.

use std::sync::OnceLock;

use raindrop::Client;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::counting::{self, Counting};
use crate::{ours, sample};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static CLIENT: OnceLock<Client> = OnceLock::new();

/// How many records wait until they are flushed.
const ROUND: u32 = 500;

/// Makes `calls` of one case, and flushes now and then. `fetch` must answer at once.
#[wasm_bindgen]
pub async fn run(case: String, calls: u32) {
    let client = client();
    let mut left = calls;
    while left > 0 {
        let round = left.min(ROUND);
        record(client, &case, round);
        client.flush().await.expect("the replaced fetch answers 204");
        left -= round;
    }
}

/// How often one call allocates.
#[wasm_bindgen]
pub fn allocations(case: String) -> u32 {
    let client = client();
    record(client, &case, 1);
    let before = counting::allocations();
    record(client, &case, ROUND);
    ((counting::allocations() - before) / ROUND as usize) as u32
}

fn client() -> &'static Client {
    CLIENT.get_or_init(|| ours::settings(5_000).build().expect("the settings are valid"))
}

fn record(client: &Client, case: &str, calls: u32) {
    let text = sample::kibibyte();
    let (input, output) = (sample::tool_input(), sample::tool_output());
    let record: &dyn Fn() = match case {
        "span" => &|| ours::span(client),
        "llm_span" => &|| ours::llm_span(client),
        "tool_span" => &|| ours::tool_span(client, &input, &output),
        "track_ai" => &|| ours::track_ai(client, ours::ai_event(&text, &text)),
        "interaction" => &|| ours::interaction(client),
        unknown => panic!("there is no case {unknown}"),
    };
    (0..calls).for_each(|_| record());
}
