//! Requests by the global `fetch`.

use std::pin::Pin;
use std::task::{Context, Poll};

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::super::{Exchange, Request, Response, SendError};

#[wasm_bindgen(module = "/src/platform/web/host.js")]
extern "C" {
    #[wasm_bindgen(extends = Promise)]
    type Pending;

    #[wasm_bindgen(method)]
    fn cancel(this: &Pending);

    fn post(url: &str, headers: &Object, body: &[u8], millis: f64) -> Pending;
}

/// There is nothing to bring along: requests go through the global `fetch`.
#[derive(Debug, Clone)]
pub enum HttpClient {}

/// Sends requests with the global `fetch`; holds nothing, because no I/O object may outlive its request in a Worker.
#[derive(Debug, Default, Clone)]
pub(crate) struct Transport;

impl Transport {
    pub fn with_http_client(client: HttpClient) -> Self {
        match client {}
    }

    pub fn post(&self, request: Request<'_>) -> Exchange {
        let headers = Object::new();
        for (name, value) in request.headers {
            // An object of ours takes any property.
            let _ = Reflect::set(&headers, &(*name).into(), &value.into());
        }
        Box::pin(Reply::new(post(&request.url, &headers, &request.body, request.timeout as f64)))
    }
}

fn understand(answer: &JsValue) -> Result<Response, SendError> {
    if answer.is_undefined() {
        return Err(SendError::Timeout);
    }
    if let Some(cause) = answer.as_string() {
        return Err(SendError::Network(cause));
    }
    let [status, retry_after, body] = [0, 1, 2].map(|index| answer.unchecked_ref::<Array>().get(index));
    let status = status.as_f64().unwrap_or_default() as u16;
    Ok(Response { status, retry_after: retry_after.as_string(), body: body.as_string().unwrap_or_default() })
}

/// What becomes of a request, which is cancelled when nobody waits for it any more.
struct Reply {
    pending: Pending,
    future: JsFuture,
}

impl Reply {
    fn new(pending: Pending) -> Self {
        let future = JsFuture::from(Promise::clone(&pending));
        Self { pending, future }
    }
}

impl Future for Reply {
    type Output = Result<Response, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The promise is never rejected.
        Pin::new(&mut self.future).poll(context).map(|answer| understand(&answer.unwrap_or_default()))
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.pending.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::millis::Millis;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = eval)]
        fn run_script(script: &str) -> JsValue;
    }

    const HOUR: Millis = 3_600_000;

    /// Replaces the global `fetch` while it lives.
    struct FakeFetch;

    impl FakeFetch {
        /// `body` is that of `async (url, init) => …`.
        fn new(body: &str) -> Self {
            run_script(&format!(
                "globalThis.realFetch ??= globalThis.fetch; globalThis.fetch = async (url, init) => {{ {body} }}"
            ));
            Self
        }
    }

    impl Drop for FakeFetch {
        fn drop(&mut self) {
            run_script("globalThis.fetch = globalThis.realFetch");
        }
    }

    async fn post(timeout: Millis) -> Result<Response, SendError> {
        let headers = [("Content-Type", "application/json".to_owned())];
        let request =
            Request { url: "https://ingest.test/v1/traces".into(), headers: &headers, body: b"{}".to_vec(), timeout };
        Transport.post(request).await
    }

    #[wasm_bindgen_test]
    async fn a_request_is_a_post_with_its_headers_its_body_and_nothing_else() {
        let _fake = FakeFetch::new(
            "globalThis.seen = JSON.stringify([url, init.method, init.headers, new TextDecoder().decode(init.body), \
             Object.keys(init).sort()]); return new Response('ignored', { status: 202 })",
        );
        let response = post(HOUR).await.unwrap();
        assert_eq!((response.status, response.body.as_str()), (202, ""));
        assert_eq!(
            run_script("seen").as_string().unwrap(),
            r#"["https://ingest.test/v1/traces","POST",{"Content-Type":"application/json"},"{}",["body","headers","method","redirect","signal"]]"#
        );
    }

    #[wasm_bindgen_test]
    async fn an_error_status_keeps_retry_after_and_the_beginning_of_the_body() {
        let _fake = FakeFetch::new(
            "return new Response('x'.repeat(4095) + 'é'.repeat(9), { status: 429, headers: { 'Retry-After': '7' } })",
        );
        let response = post(HOUR).await.unwrap();
        assert_eq!((response.status, response.retry_after.as_deref()), (429, Some("7")));
        assert_eq!(response.body, "x".repeat(4095), "4 KiB end in the middle of a character");

        let _fake = FakeFetch::new("return new Response(new Uint8Array(9000).fill(255), { status: 400 })");
        assert_eq!(post(HOUR).await.unwrap().body, "", "what is no text may grow to three times its size");
    }

    #[wasm_bindgen_test]
    async fn the_body_of_a_success_is_cancelled() {
        let _fake = FakeFetch::new(
            "globalThis.cancelled = false; \
             return new Response(new ReadableStream({ pull() {}, cancel() { globalThis.cancelled = true } }))",
        );
        assert_eq!(post(HOUR).await.unwrap().status, 200);
        assert!(run_script("cancelled").is_truthy());
    }

    #[wasm_bindgen_test]
    async fn no_answer_in_time_is_a_timeout_and_aborts_the_request() {
        let _fake = FakeFetch::new(
            "globalThis.aborted = false; init.signal.onabort = () => { globalThis.aborted = true }; \
             return new Promise(() => {})",
        );
        assert!(matches!(post(10).await, Err(SendError::Timeout)));
        assert!(run_script("aborted").is_truthy());
    }

    #[wasm_bindgen_test]
    async fn a_request_that_is_dropped_is_aborted() {
        let _fake = FakeFetch::new(
            "globalThis.aborted = false; init.signal.onabort = () => { globalThis.aborted = true }; \
             return new Promise(() => {})",
        );
        let mut exchange = Box::pin(post(HOUR));
        assert!(poll_fn(|context| Poll::Ready(exchange.as_mut().poll(context).is_pending())).await);
        drop(exchange);
        assert!(run_script("aborted").is_truthy());
    }

    #[wasm_bindgen_test]
    async fn a_timeout_for_ever_is_not_one_at_once() {
        let _fake = FakeFetch::new("await new Promise(later => setTimeout(later, 20)); return new Response()");
        assert_eq!(post(Millis::MAX).await.unwrap().status, 200);
    }

    #[wasm_bindgen_test]
    async fn an_error_body_that_hangs_does_not_hide_the_status() {
        let _fake = FakeFetch::new(
            "return new Response(new ReadableStream({ pull() { return new Promise(() => {}) } }), { status: 503 })",
        );
        let response = post(50).await.unwrap();
        assert_eq!((response.status, response.body.as_str()), (503, ""));
    }

    #[wasm_bindgen_test]
    async fn a_rejected_fetch_keeps_its_name_and_message() {
        for (thrown, told) in [
            ("throw new TypeError('connection refused')", "TypeError: connection refused"),
            ("throw new DOMException('gone', 'NetworkError')", "NetworkError: gone"),
            ("throw 'a word'", "a word"),
            ("throw undefined", "the request could not be sent"),
        ] {
            let _fake = FakeFetch::new(thrown);
            let Err(SendError::Network(cause)) = post(HOUR).await else { panic!("{thrown} was no error") };
            assert_eq!(cause, told);
        }
    }

    #[wasm_bindgen_test]
    async fn a_fetch_that_throws_at_once_is_an_error_not_a_panic() {
        let _fake = FakeFetch::new("");
        run_script("globalThis.fetch = () => { throw new RangeError('not now') }");
        let Err(SendError::Network(cause)) = post(HOUR).await else { panic!("no error") };
        assert_eq!(cause, "RangeError: not now");
    }
}
