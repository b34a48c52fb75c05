//! wasm32: the globals of windows, web workers and Cloudflare Workers alike.
//!
//! What takes more than a call of a global is done in JavaScript, which weighs a third of what it would in wasm.

mod fetch;
// Of the npm package, whose JavaScript knows more, it is asked less: by a cfg of that package's build, for a feature only adds.
#[cfg(raindrop_npm)]
mod npm;

pub use fetch::HttpClient;
pub(crate) use fetch::Transport;
#[cfg(raindrop_npm)]
pub(crate) use npm::{entropy, monotonic, runtime_name};

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::*;
use web_sys::{Url, console};

use crate::millis::Millis;

/// How much may wait for a flush unless told otherwise: a Worker has 128 MB altogether.
pub(crate) const BUFFER_BYTES: usize = 8 * 1024 * 1024;

/// In a browser, Workshop's CORS rules allow no header of ours.
pub(crate) const WORKSHOP_TAKES_HEADERS: bool = false;

/// Whether a lock may have to be waited for.
pub(crate) const HAS_THREADS: bool = false;

/// Whether what is faster may take more code.
pub(crate) const SPEED_OVER_SIZE: bool = false;

/// Of the npm package the half that is JavaScript writes warnings, and merges calls on an interaction.
pub(crate) const WRITES_WARNINGS: bool = !cfg!(raindrop_npm);
pub(crate) const MERGES_INTERACTIONS: bool = !cfg!(raindrop_npm);

#[wasm_bindgen(module = "/src/platform/web/host.js")]
extern "C" {
    #[cfg(not(raindrop_npm))]
    #[wasm_bindgen(js_name = monotonic)]
    fn monotonic_millis() -> f64;

    #[cfg(not(raindrop_npm))]
    #[wasm_bindgen(js_name = entropy)]
    fn fill(bytes: &mut [u8]) -> bool;

    #[cfg(not(raindrop_npm))]
    #[wasm_bindgen(js_name = runtime)]
    pub(crate) fn runtime_name() -> String;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    #[wasm_bindgen(js_namespace = Date, js_name = parse)]
    fn date_parse(text: &str) -> f64;

    #[wasm_bindgen(js_name = String)]
    fn to_string(number: f64) -> String;
}

/// A future that stays where it is.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// None: the memory of wasm is never given back anyway.
#[derive(Debug)]
pub(crate) struct Spares<T>(PhantomData<T>);

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> Spares<T> {
    pub const ARE_KEPT: bool = false;

    pub fn keep(&mut self, _: T) {}

    pub fn take(&mut self) -> Option<T> {
        None
    }

    pub fn keep_as_used(&mut self, _: usize) {}
}

/// On the heap, which takes the least code.
pub(crate) type Text = String;
pub(crate) const SHORT_TEXT: usize = 0;

pub(crate) fn short_text(text: &str, _: impl FnOnce() -> bool) -> Text {
    text.to_owned()
}

pub(crate) fn padded_text(_: &Text) -> Option<(&[u8; SHORT_TEXT], usize)> {
    None
}

/// None: there is one thread.
#[derive(Debug)]
pub(crate) struct PerThread<T>(PhantomData<T>);

impl<T> Default for PerThread<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> PerThread<T> {
    pub fn make(&self) -> Option<&T> {
        None
    }

    pub fn own(&self) -> Option<&T> {
        None
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [].into_iter()
    }
}

/// Nothing: there is one thread.
#[derive(Debug, Clone)]
pub(crate) struct Threaded<T>(Infallible, PhantomData<T>);

impl<T> Threaded<T> {
    pub fn new<S>(source: S, _: impl FnOnce(S) -> T) -> Result<Self, S> {
        Err(source)
    }
}

impl<T> Deref for Threaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self.0 {}
    }
}

pub(crate) fn can_sleep() -> bool {
    true
}

pub(crate) fn sleep(time: Millis) -> Boxed<()> {
    /// `setTimeout` takes more for nothing at all.
    const LONGEST: Millis = i32::MAX as Millis;
    Box::pin(TimeoutFuture::new(time.min(LONGEST) as u32))
}

/// Time since some fixed moment; never runs backwards where there is a `performance`.
#[cfg(not(raindrop_npm))]
pub(crate) fn monotonic() -> Millis {
    monotonic_millis() as u64
}

/// 128 random bits, and whether nobody can predict them: Workers refuse such bits in their global scope.
#[cfg(not(raindrop_npm))]
pub(crate) fn entropy() -> (u128, bool) {
    let mut bits = [0; 16];
    let is_unpredictable = fill(&mut bits);
    (u128::from_le_bytes(bits), is_unpredictable)
}

/// Nanoseconds since the Unix epoch, in steps of a millisecond. In a Worker the clock moves only with I/O.
pub(crate) fn now() -> u64 {
    const NANOS_PER_MILLI: u64 = 1_000_000;
    (date_now() as u64).saturating_mul(NANOS_PER_MILLI)
}

/// A date in any of the three forms of RFC 9110 §5.6.7, as a moment since the Unix epoch. `Date.parse` reads them all, and
/// much that is no date; those have a time of day in them.
pub(crate) fn parse_http_date(text: &str) -> Option<Millis> {
    let millis = date_parse(text);
    let is_date = text.contains(':') && millis.is_finite() && millis >= 0.0;
    is_date.then_some(millis as u64)
}

pub(crate) fn is_url(text: &str) -> bool {
    Url::new(text).is_ok()
}

/// From here on numbers are written with an exponent.
pub(crate) const EXPONENT_FROM: f64 = 1e21;

/// A finite number in the fewest digits that read back as the same. Rust's own way there weighs 12 KB.
pub(crate) fn float_digits(number: f64) -> String {
    to_string(number)
}

/// There is no environment.
pub(crate) fn env(_name: &str) -> Option<String> {
    None
}

/// There are no sockets.
pub(crate) fn listens(_address: SocketAddr, _patience: Duration) -> bool {
    false
}

pub(crate) fn warn(message: fmt::Arguments<'_>) {
    console::warn_1(&format!("raindrop: {message}").into());
}

pub(crate) fn debug(message: fmt::Arguments<'_>) {
    console::debug_1(&format!("raindrop: {message}").into());
}

/// What differs from native. Runs in node, in Chromium and in a web worker.
#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::wire::compact;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = eval)]
        fn run_script(script: &str) -> JsValue;
    }

    const HOUR: Millis = 3_600_000;

    #[wasm_bindgen_test]
    async fn a_capturing_client_keeps_what_is_recorded() {
        let (client, capture) = crate::Client::capture().unwrap();
        let event = crate::Event { user_id: "user_1".into(), event: "seen".into(), ..Default::default() };
        client.track_event(event).await.unwrap();
        client.start_span(crate::SpanOptions { name: "work".into(), event_id: "e".into(), ..Default::default() }).end();
        let begin = crate::BeginOptions { user_id: "user_1".into(), input: "hi".into(), ..Default::default() };
        let _open = client.begin(begin).await;
        let recorded = capture.recorded();
        assert_eq!(recorded.events[0]["event"], "seen");
        assert_eq!(recorded.spans[0].name, "work");
        assert_eq!(recorded.interactions[0]["ai_data"]["input"], "hi");
    }

    #[wasm_bindgen_test]
    fn the_clock_shows_this_century_in_nanoseconds() {
        const Y2020: u64 = 1_577_836_800_000_000_000;
        const Y2100: u64 = 4_102_444_800_000_000_000;
        assert!((Y2020..Y2100).contains(&now()));
    }

    #[wasm_bindgen_test]
    fn an_http_date_is_read_in_each_of_its_forms() {
        let moment = Some(784_111_777_000);
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
        let draws: std::collections::HashSet<u128> = (0..100).map(|_| entropy().0).collect();
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
    fn a_whole_double_is_told_from_an_integer() {
        for (number, json) in [(1.0, "1.0"), (-1e16, "-10000000000000000.0"), (1e22, "1e+22")] {
            assert_eq!(compact(&number.into()).as_str(), json);
        }
    }

    #[wasm_bindgen_test]
    async fn a_timer_waits_at_least_as_long_as_it_is_told() {
        let before = monotonic();
        sleep(20).await;
        // Timers and the clock round to the millisecond each.
        assert!(monotonic().saturating_sub(before) >= 19);
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
}
