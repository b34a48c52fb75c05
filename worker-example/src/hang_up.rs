//! When a caller goes away in the middle of a response.

use worker::Request;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::closure::Closure;
use worker::web_sys::AbortSignal;

/// Listens for the caller's disconnecting until it is dropped: a callback that is left behind is memory that an isolate
/// never gets back.
///
/// Needs the compatibility flag `enable_request_signal`, and a `wait_until` that keeps the request's context alive for it.
/// The end of the response stream alone tells nothing: workerd does not cancel it
/// (<https://github.com/cloudflare/workerd/issues/6832>).
pub struct HangUp {
    signal: AbortSignal,
    _callback: Closure<dyn FnMut()>,
}

impl HangUp {
    pub fn of(request: &Request, callback: impl FnOnce() + 'static) -> Self {
        let signal = request.inner().signal();
        let callback = Closure::once(callback);
        signal.set_onabort(Some(callback.as_ref().unchecked_ref()));
        Self { signal, _callback: callback }
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        self.signal.set_onabort(None);
    }
}
