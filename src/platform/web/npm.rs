//! For the npm package, whose half in JavaScript knows the clock, the runtime and what to say: of the module it asks less.

use wasm_bindgen::prelude::*;

use crate::millis::Millis;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Math, js_name = random)]
    fn random() -> f64;
}

/// JavaScript tells the time with each call.
pub(crate) fn monotonic() -> Millis {
    0
}

/// For jitter only: ids are made in JavaScript.
pub(crate) fn entropy() -> (u128, bool) {
    (random().to_bits().into(), true)
}

pub(crate) fn runtime_name() -> String {
    "unknown".to_owned()
}
