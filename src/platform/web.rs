//! wasm32: the global `fetch` of windows, web workers and Cloudflare Workers alike.

// What takes more than a call of a global: by the snippet of the npm package, which weighs less, or without one.
#[cfg(not(feature = "js"))]
mod globals;
#[cfg(feature = "js")]
mod snippet;

#[cfg(not(feature = "js"))]
pub(crate) use globals::{entropy, monotonic, runtime_name};
#[cfg(feature = "js")]
pub(crate) use snippet::{entropy, monotonic, runtime_name};

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestInit, RequestRedirect, Response as FetchResponse};

use super::{DRAIN_TIMEOUT, Exchange, MAX_ERROR_BODY, Request, Response, SendError, error_text, is_success};

/// How much may wait for a flush unless told otherwise: a Worker has 128 MB altogether.
pub(crate) const BUFFER_BYTES: usize = 8 * 1024 * 1024;

/// In a browser, Workshop's CORS rules allow no header of ours.
pub(crate) const WORKSHOP_TAKES_HEADERS: bool = false;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &Function, millis: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    #[wasm_bindgen(js_namespace = Date, js_name = parse)]
    fn date_parse(text: &str) -> f64;

    #[wasm_bindgen(js_name = String, catch)]
    fn to_string(value: &JsValue) -> Result<String, JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = warn)]
    fn console_warn(message: &str);

    #[wasm_bindgen(js_namespace = console, js_name = debug)]
    fn console_debug(message: &str);

    type Body;

    /// Throws when somebody else reads the body.
    #[wasm_bindgen(method, js_name = getReader, catch)]
    fn reader(this: &Body) -> Result<Reader, JsValue>;

    type Reader;

    #[wasm_bindgen(method)]
    fn read(this: &Reader) -> Promise;

    #[wasm_bindgen(method)]
    fn cancel(this: &Reader) -> Promise;
}

/// A future that stays where it is.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

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
        let started = start(&request);
        Box::pin(async move {
            let (exchange, promise) = started?;
            let _abort = AbortOnDrop(exchange);
            let deadline = monotonic().saturating_add(request.timeout);
            let response = settled(promise, deadline).await.ok_or(SendError::Timeout)?;
            let response: FetchResponse = response.map_err(|error| network(&error))?.unchecked_into();
            // The status has arrived: whatever the body does changes nothing.
            let body = drain(&response, deadline.min(monotonic().saturating_add(DRAIN_TIMEOUT))).await;
            let retry_after = response.headers().get("retry-after").ok().flatten();
            Ok(Response { status: response.status(), retry_after, body })
        })
    }
}

/// Ends the exchange when the flush does, however that ends: a request left behind could still be served while its records
/// are sent again, and an unread body holds a connection. Does nothing to one that is over.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What becomes of a promise, or nothing if it takes too long.
async fn settled(promise: Promise, deadline: Duration) -> Option<Result<JsValue, JsValue>> {
    let mut future = JsFuture::from(promise);
    let mut alarm = sleep(deadline.saturating_sub(monotonic()));
    poll_fn(|context| match Pin::new(&mut future).poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Sends the request. Returns what aborts it, and the promise of its response.
fn start(request: &Request<'_>) -> Result<(AbortController, Promise), SendError> {
    let controller = AbortController::new().map_err(|error| network(&error))?;
    let headers = Object::new();
    for (name, value) in request.headers {
        // An object of ours takes any property.
        let _ = Reflect::set(&headers, &(*name).into(), &value.into());
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&Uint8Array::from(request.body.as_slice()));
    init.set_signal(Some(&controller.signal()));
    // A redirect could lead the write key to another host.
    init.set_redirect(RequestRedirect::Manual);
    let promise = fetch(&request.url, &init).map_err(|error| network(&error))?;
    Ok((controller, promise))
}

/// The beginning of an error's body; any other body is not wanted. The rest is cancelled: an unread body counts against a
/// Worker's six simultaneous connections.
async fn drain(response: &FetchResponse, deadline: Duration) -> String {
    let mut bytes = Vec::new();
    let Some(body) = response.body() else { return String::new() };
    let Ok(reader) = body.unchecked_into::<Body>().reader() else { return String::new() };
    while !is_success(response.status()) && bytes.len() < MAX_ERROR_BODY {
        let Some(Ok(step)) = settled(reader.read(), deadline).await else { break };
        let Ok(chunk) = Reflect::get(&step, &"value".into()) else { break };
        let Some(chunk) = chunk.dyn_ref::<Uint8Array>() else { break };
        bytes.extend_from_slice(&chunk.to_vec());
    }
    // Nobody reads on, so it does not matter how it ends.
    let _ = settled(reader.cancel(), deadline).await;
    error_text(&bytes)
}

/// A rejection keeps its name and its message.
fn network(error: &JsValue) -> SendError {
    let told = if error.is_undefined() { None } else { to_string(error).ok() };
    SendError::Network(told.unwrap_or_else(|| "the request could not be sent".to_owned()))
}

pub(crate) fn can_sleep() -> bool {
    true
}

pub(crate) fn sleep(duration: Duration) -> Boxed<()> {
    Box::pin(Alarm::new(duration))
}

/// A timer that is cleared when nobody waits for it any more: node does not end before its timers do.
struct Alarm {
    timer: JsValue,
    ringing: JsFuture,
}

impl Alarm {
    fn new(duration: Duration) -> Self {
        // `setTimeout` takes more for nothing at all.
        const LONGEST: f64 = i32::MAX as f64;
        let millis = (duration.as_secs_f64() * 1_000.0).min(LONGEST);
        let mut timer = JsValue::UNDEFINED;
        let rings = Promise::new(&mut |ring, _| timer = set_timeout(&ring, millis));
        Self { timer, ringing: rings.into() }
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.ringing).poll(context).map(drop)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}

/// Nanoseconds since the Unix epoch, in steps of a millisecond. In a Worker the clock moves only with I/O.
pub(crate) fn now() -> u64 {
    const NANOS_PER_MILLI: u64 = 1_000_000;
    (date_now() as u64).saturating_mul(NANOS_PER_MILLI)
}

/// A date in any of the three forms of RFC 9110 §5.6.7, as the time since the Unix epoch. `Date.parse` reads them all, and
/// much that is no date; those have a time of day in them.
pub(crate) fn parse_http_date(text: &str) -> Option<Duration> {
    let millis = date_parse(text);
    let is_date = text.contains(':') && millis.is_finite() && millis >= 0.0;
    is_date.then(|| Duration::from_millis(millis as u64))
}

/// A finite number in the fewest digits that read back as the same. Rust's own way there weighs 12 KB.
pub(crate) fn float_digits(number: f64) -> String {
    to_string(&number.into()).unwrap_or_default()
}

/// There is no environment.
pub(crate) fn env(_name: &str) -> Option<String> {
    None
}

/// There are no sockets.
pub(crate) fn listens(_address: SocketAddr, _patience: Duration) -> bool {
    false
}

#[inline(never)]
pub(crate) fn warn(message: &str) {
    console_warn(&format!("raindrop: {message}"));
}

pub(crate) fn debug(message: &str) {
    console_debug(&format!("raindrop: {message}"));
}

/// What differs from native. Runs in node, in Chromium and in a web worker.
#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = eval)]
        fn run_script(script: &str) -> JsValue;
    }

    const HOUR: Duration = Duration::from_secs(3_600);

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

    async fn post(timeout: Duration) -> Result<Response, SendError> {
        let headers = [("Content-Type", "application/json".to_owned())];
        let request =
            Request { url: "https://ingest.test/v1/traces".into(), headers: &headers, body: b"{}".to_vec(), timeout };
        Transport.post(request).await
    }

    #[wasm_bindgen_test]
    async fn a_capturing_client_keeps_what_is_recorded() {
        let (client, capture) = crate::Client::capture().unwrap();
        let event = crate::Event { user_id: "user_1".into(), event: "seen".into(), ..Default::default() };
        client.track_event(event).await.unwrap();
        client.start_span(crate::SpanOptions { name: "work".into(), event_id: "e".into(), ..Default::default() }).end();
        let recorded = capture.recorded();
        assert_eq!(recorded.events[0]["event"], "seen");
        assert_eq!(recorded.spans[0].name, "work");
    }

    #[wasm_bindgen_test]
    fn the_clock_shows_this_century_in_nanoseconds() {
        const Y2020: u64 = 1_577_836_800_000_000_000;
        const Y2100: u64 = 4_102_444_800_000_000_000;
        assert!((Y2020..Y2100).contains(&now()));
    }

    #[wasm_bindgen_test]
    fn an_http_date_is_read_in_each_of_its_forms() {
        let moment = Some(Duration::from_secs(784_111_777));
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994 GMT"]
        {
            assert_eq!(parse_http_date(text), moment, "{text}");
        }
        for garbage in ["", "soon", "-5", "12 parsecs", "Sun, 99 Nov 1994 08:49:44 GMT"] {
            assert_eq!(parse_http_date(garbage), None, "{garbage}");
        }
    }

    #[wasm_bindgen_test]
    fn entropy_differs_from_call_to_call() {
        let draws: std::collections::HashSet<u128> = (0..100).filter_map(|_| entropy()).collect();
        assert_eq!(draws.len(), 100);
        assert!(draws.iter().any(|draw| draw >> 64 != 0), "the upper half is random too");
    }

    #[wasm_bindgen_test]
    fn numbers_are_written_as_json_reads_them() {
        for (number, digits) in
            [(0.5, "0.5"), (-0.0, "0"), (1e300, "1e+300"), (5e-7, "5e-7"), (1e15, "1000000000000000")]
        {
            assert_eq!(float_digits(number), digits);
            assert_eq!(serde_json::from_str::<f64>(digits).unwrap(), number);
        }
    }

    #[wasm_bindgen_test]
    async fn a_timer_waits_at_least_as_long_as_it_is_told() {
        let before = monotonic();
        sleep(Duration::from_millis(20)).await;
        // Timers and the clock round to the millisecond each.
        assert!(monotonic().saturating_sub(before) >= Duration::from_millis(19));
    }

    #[wasm_bindgen_test]
    fn a_timer_that_nobody_waits_for_is_cleared() {
        run_script(
            "globalThis.realClear = clearTimeout; globalThis.cleared = []; \
             globalThis.clearTimeout = timer => { cleared.push(timer); realClear(timer) }",
        );
        drop(sleep(HOUR));
        run_script("globalThis.clearTimeout = realClear");
        assert!(run_script("cleared.length === 1 && cleared[0] !== undefined").is_truthy());
    }

    #[wasm_bindgen_test]
    fn the_runtime_is_told_by_its_globals() {
        let is_node = run_script("typeof process === 'object'").is_truthy();
        let is_page = run_script("typeof document === 'object'").is_truthy();
        let expected = match (is_node, is_page) {
            (true, _) => "node",
            (false, true) => "browser",
            (false, false) => "web-worker",
        };
        assert_eq!(runtime_name(), expected);
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
        assert!(matches!(post(Duration::from_millis(10)).await, Err(SendError::Timeout)));
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
        assert_eq!(post(Duration::MAX).await.unwrap().status, 200);
    }

    #[wasm_bindgen_test]
    async fn an_error_body_that_hangs_does_not_hide_the_status() {
        let _fake = FakeFetch::new(
            "return new Response(new ReadableStream({ pull() { return new Promise(() => {}) } }), { status: 503 })",
        );
        let response = post(Duration::from_millis(50)).await.unwrap();
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
