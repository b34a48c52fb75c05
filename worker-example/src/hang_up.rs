//! When a caller goes away in the middle of a response.

use worker::Request;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::closure::Closure;

/// Runs `callback` if the caller disconnects. Needs the compatibility flag `enable_request_signal`, and a `wait_until`
/// that keeps the request's context alive for it. The end of the response stream alone tells nothing: workerd does not
/// cancel it (<https://github.com/cloudflare/workerd/issues/6832>).
pub fn on_hang_up(request: &Request, callback: impl FnOnce() + 'static) {
    let listener = Closure::once_into_js(callback);
    request.inner().signal().set_onabort(Some(listener.unchecked_ref()));
}
