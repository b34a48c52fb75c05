//! The outside world: network, time, randomness, environment and log. The only module that knows which target it is
//! compiled for; both sides have the same names.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
use native as imp;

#[cfg(target_arch = "wasm32")]
mod web;
#[cfg(target_arch = "wasm32")]
use web as imp;

use crate::millis::Millis;

pub use imp::HttpClient;
pub(crate) use imp::{
    BUFFER_BYTES, Boxed, EXPONENT_FROM, HAS_THREADS, MERGES_INTERACTIONS, PerThread, SHORT_TEXT, SPEED_OVER_SIZE,
    Spares, Text, Threaded, Transport, WORKSHOP_TAKES_HEADERS, WRITES_WARNINGS, can_sleep, debug, entropy, env,
    float_digits, is_url, listens, monotonic, now, padded_text, parse_http_date, runtime_name, short_text, sleep, warn,
};

/// A POST of JSON.
pub(crate) struct Request<'a> {
    pub url: String,
    pub headers: &'a [(&'static str, String)],
    pub body: Vec<u8>,
    pub timeout: Millis,
}

/// A request that is under way; dropping it cancels it.
pub(crate) type Exchange = Boxed<Result<Response, SendError>>;

/// An answer of any status.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub retry_after: Option<String>,
    /// The beginning of the body; read only when the status is not 2xx.
    pub body: String,
}

/// No answer.
#[derive(Debug)]
pub(crate) enum SendError {
    Network(String),
    Timeout,
}
