//! The npm package's half in wasm: one class, which the JavaScript beside it is built on.
//!
//! What is open, spans and interactions, lives in JavaScript, where nothing has to be freed. What is complete is encoded there,
//! and of its text this half knows the lengths: it says what is sent, and when. A text crosses only if it has to be cut, or was not
//! delivered at once. Nothing else crosses but numbers.

mod core;
mod flight;
mod kept;
mod report;

use wasm_bindgen::prelude::*;

use crate::millis::Millis;
use core::Core;

#[wasm_bindgen(module = "/src/js/host.js")]
extern "C" {
    #[wasm_bindgen(js_name = connect)]
    fn connect(core: Core);

    /// Shows a request to be made: what tells it from others, the number of the kind of record whose route it takes, where it
    /// goes, how many milliseconds it may take, and its body or the number under which that is kept.
    #[wasm_bindgen(js_name = showRequest)]
    fn show_request(slot: usize, route: usize, to_workshop: bool, timeout: f64, body: &[u8], number: usize);

    /// Shows the numbers of a report.
    #[wasm_bindgen(js_name = showNumbers)]
    fn show_numbers(numbers: &[f64]);
}

#[wasm_bindgen(module = "/src/js/raindrop.js")]
extern "C" {
    #[wasm_bindgen(reexport)]
    type Raindrop;
}

#[wasm_bindgen(module = "/src/js/report.js")]
extern "C" {
    #[wasm_bindgen(reexport)]
    type RaindropError;
}

/// The other scripts, which those above import: what is named of them here is not called.
macro_rules! scripts {
    ($($path:literal: $name:ident),*) => {
        $(
            #[wasm_bindgen(module = $path)]
            extern "C" {
                fn $name();
            }
        )*
    };
}

scripts! {
    "/src/js/client.js": client,
    "/src/js/crossing.js": add,
    "/src/js/delivery.js": deliver,
    "/src/js/event.js": user,
    "/src/js/home.js": home,
    "/src/js/ids.js": random,
    "/src/js/input.js": read,
    "/src/js/interaction.js": begin,
    "/src/js/interactions.js": merge,
    "/src/js/json.js": json,
    "/src/js/options.js": build,
    "/src/js/page.js": watch,
    "/src/js/post.js": send,
    "/src/js/source.js": source,
    "/src/js/span.js": encode,
    "/src/js/spans.js": run
}

#[wasm_bindgen(start)]
fn start() {
    connect(Core::new(&[], &[]));
}

/// JavaScript's monotonic clock, in milliseconds.
fn moment(millis: f64) -> Millis {
    millis as u64
}
