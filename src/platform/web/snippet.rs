//! By functions of `host.js`.

use wasm_bindgen::prelude::*;

use crate::millis::Millis;

#[wasm_bindgen(module = "/src/js/host.js")]
extern "C" {
    #[wasm_bindgen(js_name = monotonic)]
    fn monotonic_millis() -> f64;
    fn entropy32() -> Option<u32>;
    fn runtime() -> u32;
}

/// Time since some fixed moment; never runs backwards where there is a `performance`.
pub(crate) fn monotonic() -> Millis {
    monotonic_millis() as u64
}

/// 128 unpredictable bits. Workers refuse them in their global scope: `None`.
pub(crate) fn entropy() -> Option<u128> {
    let mut bits = 0;
    for _ in 0..4 {
        bits = bits << 32 | u128::from(entropy32()?);
    }
    Some(bits)
}

/// In the order in which the snippet looks.
pub(crate) fn runtime_name() -> String {
    const NAMES: [&str; 6] = ["cloudflare-worker", "deno", "bun", "node", "browser", "web-worker"];
    NAMES.get(runtime() as usize).copied().unwrap_or("unknown").to_owned()
}
