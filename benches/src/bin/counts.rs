//! Runs one case, `REPETITIONS` times inside of [`counted`], for callgrind to count instructions: `cargo xtask counts`.

use std::process::ExitCode;

use raindrop::Client;

use raindrop_benches::{ours, sample};

const REPETITIONS: usize = 100;
const FLUSHED: usize = 5_000;
const FLUSHED_INTERACTIONS: usize = 1_000;

fn main() -> ExitCode {
    ours::warm_up();
    let text = sample::kibibyte();
    let (input, output) = (sample::tool_input(), sample::tool_output());
    let event = || ours::ai_event(&text, &text);
    match std::env::args().nth(1).as_deref() {
        Some("span") => count_records(ours::span),
        Some("llm_span") => count_records(ours::llm_span),
        Some("tool_span") => count_records(|client| ours::tool_span(client, &input, &output)),
        Some("track_ai") => count_records(|client| ours::track_ai(client, event())),
        Some("interaction") => count_records(ours::interaction),
        Some("flush") => count_flush(FLUSHED, ours::span),
        Some("flush_interactions") => count_flush(FLUSHED_INTERACTIONS, ours::interaction),
        Some("build") => count(|| drop(ours::client(FLUSHED))),
        Some("scope") => {
            let client = ours::client(FLUSHED);
            count(|| ours::scope(&client));
        }
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn count_records(record: impl Fn(&Client)) {
    let client = ours::client(FLUSHED);
    count(|| record(&client));
    ours::flush(&client);
}

fn count_flush(count: usize, record: impl Fn(&Client)) {
    let client = ours::client(count);
    (0..count).for_each(|_| record(&client));
    counted(&mut || {
        ours::flush(&client);
    });
}

fn count(case: impl Fn()) {
    // Whatever happens the first time only.
    (0..REPETITIONS).for_each(|_| case());
    counted(&mut || (0..REPETITIONS).for_each(|_| case()));
}

/// By its name, callgrind knows when to count.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted(case: &mut dyn FnMut()) {
    case();
}
