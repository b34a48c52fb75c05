//! The npm package's half in wasm: one class, which the JavaScript beside it, `raindrop.js`, is built on.
//!
//! Interactions and open spans live in JavaScript, where nothing has to be freed. What is to be recorded crosses once, as
//! the text of a JSON array whose items stand in an order that both sides know.

mod core;
mod flight;
mod options;
pub(crate) mod read;
mod record;
mod report;

use wasm_bindgen::prelude::*;

use crate::client::Client;
use core::Core;

#[wasm_bindgen(module = "/src/js/raindrop.js")]
extern "C" {
    #[wasm_bindgen(js_name = connect)]
    fn connect(core: Core);

    #[wasm_bindgen(reexport)]
    type Raindrop;
    #[wasm_bindgen(reexport)]
    type RaindropError;
}

// Only named here is the file put beside the one that imports it.
#[wasm_bindgen(module = "/src/js/span.js")]
extern "C" {
    #[wasm_bindgen(js_name = spanId)]
    fn span_id() -> String;
}

#[wasm_bindgen(start)]
fn start() {
    if let Ok(client) = Client::builder().build() {
        connect(Core::from(client));
    }
}
