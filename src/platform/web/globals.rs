//! By reflection on the globals.

use std::time::Duration;

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now, catch)]
    fn performance_now() -> Result<f64, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;
}

/// Time since some fixed moment; never runs backwards where there is a `performance`.
pub(crate) fn monotonic() -> Duration {
    Duration::from_millis(performance_now().unwrap_or_else(|_| date_now()) as u64)
}

/// 128 unpredictable bits. Workers refuse them in their global scope: `None`.
pub(crate) fn entropy() -> Option<u128> {
    let mut seed = [0; 16];
    get_random_values(&mut seed).ok()?;
    Some(u128::from_le_bytes(seed))
}

/// The globals that each runtime documents. Workers are told apart before: with `nodejs_compat` they have a `process` too.
const RUNTIMES: [(&[&str], &str); 5] = [
    (&["Deno"], "deno"),
    (&["Bun"], "bun"),
    (&["process", "versions", "node"], "node"),
    (&["document"], "browser"),
    (&["WorkerGlobalScope"], "web-worker"),
];

pub(crate) fn runtime_name() -> &'static str {
    if global(&["navigator", "userAgent"]).as_string().is_some_and(|agent| agent == "Cloudflare-Workers") {
        return "cloudflare-worker";
    }
    RUNTIMES.iter().find(|(path, _)| !global(path).is_undefined()).map_or("unknown", |(_, name)| name)
}

fn global(path: &[&str]) -> JsValue {
    let get = |object: JsValue, key: &&str| Reflect::get(&object, &(*key).into()).unwrap_or(JsValue::UNDEFINED);
    path.iter().fold(js_sys::global().into(), get)
}
