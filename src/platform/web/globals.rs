//! By reflection on the globals.

use std::time::Duration;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now, catch)]
    fn performance_now() -> Result<f64, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &Uint8Array) -> Result<Uint8Array, JsValue>;
}

/// Time since some fixed moment; never runs backwards where there is a `performance`.
pub(crate) fn monotonic() -> Duration {
    Duration::from_millis(performance_now().unwrap_or_else(|_| date_now()) as u64)
}

/// 128 unpredictable bits. Workers refuse them in their global scope: `None`.
pub(crate) fn entropy() -> Option<u128> {
    let bytes = Uint8Array::new_with_length(16);
    get_random_values(&bytes).ok()?;
    let mut seed = [0; 16];
    bytes.copy_to(&mut seed);
    Some(u128::from_le_bytes(seed))
}

/// Told apart by the globals that each runtime documents. Workers come first: with `nodejs_compat` they have a `process` too.
pub(crate) fn runtime_name() -> &'static str {
    let global = js_sys::global();
    let get = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let has = |key: &str| get(&global, key).is_truthy();
    let user_agent = get(&get(&global, "navigator"), "userAgent").as_string().unwrap_or_default();
    if user_agent == "Cloudflare-Workers" {
        "cloudflare-worker"
    } else if has("Deno") {
        "deno"
    } else if has("Bun") {
        "bun"
    } else if get(&get(&get(&global, "process"), "versions"), "node").is_truthy() {
        "node"
    } else if has("document") {
        "browser"
    } else if has("WorkerGlobalScope") {
        "web-worker"
    } else {
        "unknown"
    }
}
