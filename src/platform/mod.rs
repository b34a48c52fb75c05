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

use std::time::Duration;

pub use imp::HttpClient;
pub(crate) use imp::{
    BUFFER_BYTES, Boxed, Transport, WORKSHOP_TAKES_HEADERS, can_sleep, debug, entropy, env, float_digits, listens,
    monotonic, now, parse_http_date, runtime_name, sleep, warn,
};

/// How much of an error's body is kept.
const MAX_ERROR_BODY: usize = 4 * 1024;
/// How long a body may take once the status is there.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A POST of JSON.
pub(crate) struct Request<'a> {
    pub url: String,
    pub headers: &'a [(&'static str, String)],
    pub body: Vec<u8>,
    pub timeout: Duration,
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

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// As much of a body as an error shows, up to what is no text: the end may be in the middle of a character.
fn error_text(bytes: &[u8]) -> String {
    let start = bytes.get(..MAX_ERROR_BODY).unwrap_or(bytes);
    let end = str::from_utf8(start).map_or_else(|error| error.valid_up_to(), str::len);
    str::from_utf8(start.get(..end).unwrap_or_default()).unwrap_or_default().to_owned()
}
