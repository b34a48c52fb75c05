//! The npm package's half in wasm: one class, which the JavaScript beside it is built on.
//!
//! Open spans live in JavaScript, where nothing has to be freed, and what is complete is encoded there: it crosses once, as the
//! bytes that are sent. A call on an interaction crosses as the text of a JSON array whose items stand in an order that both
//! sides know.

mod core;
mod flight;
mod options;
pub(crate) mod read;
mod record;
mod report;

use wasm_bindgen::prelude::*;

use crate::client::Client;
use core::Core;

#[wasm_bindgen(module = "/src/js/host.js")]
extern "C" {
    #[wasm_bindgen(js_name = connect)]
    fn connect(core: Core);
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
    "/src/js/delivery.js": drive,
    "/src/js/event.js": user,
    "/src/js/ids.js": eventId,
    "/src/js/input.js": read,
    "/src/js/interaction.js": begin,
    "/src/js/json.js": json,
    "/src/js/options.js": build,
    "/src/js/source.js": source,
    "/src/js/span.js": spanBytes,
    "/src/js/spans.js": run
}

#[wasm_bindgen(start)]
fn start() {
    if let Ok(client) = Client::builder().build() {
        connect(Core::from(client));
    }
}
