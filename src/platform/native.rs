//! Native: reqwest for requests, tokio's timer for waiting, `tracing` for the log.

mod clock;
mod per_thread;
mod text;

pub(crate) use clock::now;
pub(crate) use per_thread::{PerThread, Threaded};
pub(crate) use text::{SHORT_TEXT, Text, padded_text, short_text};

use std::error::Error as _;
use std::fmt;
use std::future::ready;
use std::mem;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use reqwest::header::RETRY_AFTER;
use reqwest::{Url, redirect};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Exchange, Request, Response, SendError};
use crate::millis::{Millis, millis};

/// What `ClientBuilder::http_client` takes.
pub use reqwest::Client as HttpClient;

/// A future that may move between threads.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Whether what is faster may take more code.
pub(crate) const SPEED_OVER_SIZE: bool = true;

/// How much may wait for a flush unless told otherwise.
pub(crate) const BUFFER_BYTES: usize = 32 * 1024 * 1024;
/// Whether Workshop gets more than the content's type.
pub(crate) const WORKSHOP_TAKES_HEADERS: bool = true;
/// Whether warnings are written.
pub(crate) const WRITES_WARNINGS: bool = true;
/// Whether a lock may have to be waited for.
pub(crate) const HAS_THREADS: bool = true;
/// Whether calls on an interaction are merged here.
pub(crate) const MERGES_INTERACTIONS: bool = true;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an error's body is kept.
const MAX_ERROR_BODY: usize = 4 * 1024;
/// How long a body may take once the status is there.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// A body that is of no interest is read this far, so that its connection can serve the next request.
const MAX_DRAINED_BODY: usize = 64 * 1024;

/// Things for use again: memory that went back to the system is dear to get.
#[derive(Debug)]
pub(crate) struct Spares<T> {
    kept: Vec<T>,
    at_most: usize,
    in_use: usize,
}

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), at_most: 0, in_use: 0 }
    }
}

impl<T> Spares<T> {
    pub const ARE_KEPT: bool = true;

    pub fn keep(&mut self, spare: T) {
        if self.kept.len() < self.at_most {
            self.kept.push(spare);
        }
    }

    pub fn take(&mut self) -> Option<T> {
        self.kept.pop()
    }

    /// Gives up what is more than are in use now or were the last time, now and until it is called again.
    pub fn keep_as_used(&mut self, in_use: usize) {
        self.at_most = in_use.max(mem::replace(&mut self.in_use, in_use));
        self.kept.truncate(self.at_most);
        self.kept.shrink_to(self.at_most);
    }
}

/// Sends requests. A connection pool is made at the first one: a client that never flushes stays small.
#[derive(Debug, Default, Clone)]
pub(crate) struct Transport {
    client: OnceLock<reqwest::Client>,
    /// For what is on this machine: a proxy would look for it on its own.
    direct: OnceLock<reqwest::Client>,
}

impl Transport {
    pub fn with_http_client(client: reqwest::Client) -> Self {
        Self { client: client.clone().into(), direct: client.into() }
    }

    pub fn post(&self, request: Request<'_>) -> Exchange {
        if !can_sleep() {
            let cause = "flush and close need a tokio runtime around them".to_owned();
            return Box::pin(ready(Err(SendError::Network(cause))));
        }
        let mut builder = match self.client(&request.url) {
            Ok(client) => client.post(request.url).body(request.body),
            Err(error) => return Box::pin(ready(Err(error))),
        };
        for (name, value) in request.headers {
            builder = builder.header(*name, value);
        }
        let patience = Duration::from_millis(request.timeout);
        Box::pin(async move {
            // A runtime that was not polled since a server closed an idle connection has yet to hear of it.
            yield_now().await;
            let deadline = Instant::now().checked_add(patience);
            let response = timeout(patience, builder.send()).await.map_err(|_elapsed| SendError::Timeout)?;
            let left = deadline.map_or(DRAIN_TIMEOUT, |deadline| deadline.saturating_duration_since(Instant::now()));
            Ok(finish(response.map_err(|error| network(&error))?, left.min(DRAIN_TIMEOUT)).await)
        })
    }

    fn client(&self, url: &str) -> Result<&reqwest::Client, SendError> {
        let is_direct = is_on_this_machine(url);
        let client = if is_direct { &self.direct } else { &self.client };
        if let Some(client) = client.get() {
            return Ok(client);
        }
        // A redirect could lead the write key to another host.
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        let builder = if is_direct { builder.no_proxy() } else { builder };
        let built = builder.build().map_err(|error| network(&error))?;
        Ok(client.get_or_init(|| built))
    }
}

fn is_on_this_machine(url: &str) -> bool {
    let url = Url::parse(url).ok();
    url.as_ref().and_then(Url::host_str).is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        address.map_or(host == "localhost", |address| address.is_loopback())
    })
}

/// Reads what is wanted of the body. The status has arrived: whatever the body does changes nothing.
async fn finish(mut response: reqwest::Response, patience: Duration) -> Response {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let wanted = if is_success(status) { MAX_DRAINED_BODY } else { MAX_ERROR_BODY };
    let mut body = Vec::new();
    let read = async {
        while body.len() < wanted {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
    };
    let _ = timeout(patience, read).await;
    let body = if is_success(status) { String::new() } else { error_text(&body) };
    Response { status, retry_after, body }
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

/// The whole chain of causes, without the URL: "connection refused" alone says more than "error sending request".
fn network(error: &reqwest::Error) -> SendError {
    if error.is_timeout() && !error.is_connect() {
        return SendError::Timeout;
    }
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(current) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&current.to_string());
        cause = current.source();
    }
    SendError::Network(if text.is_empty() { "the request could not be sent".to_owned() } else { text })
}

/// Whether there is a runtime to wait in; without one tokio panics.
pub(crate) fn can_sleep() -> bool {
    Handle::try_current().is_ok()
}

/// Over at once where there is no runtime.
pub(crate) fn sleep(time: Millis) -> Boxed<()> {
    if can_sleep() { Box::pin(tokio::time::sleep(Duration::from_millis(time))) } else { Box::pin(ready(())) }
}

/// A date in any of the three forms of RFC 9110 §5.6.7, as a moment since the Unix epoch.
pub(crate) fn parse_http_date(text: &str) -> Option<Millis> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(millis(date.duration_since(SystemTime::UNIX_EPOCH).ok()?))
}

/// Time since some fixed moment; never runs backwards.
pub(crate) fn monotonic() -> Millis {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    millis(Instant::now().into_std().saturating_duration_since(*ORIGIN.get_or_init(std::time::Instant::now)))
}

/// 128 random bits, and whether nobody can predict them: they are the operating system's.
pub(crate) fn entropy() -> (u128, bool) {
    let [one, other] = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes);
    // Six bits of a UUID v4 are fixed, at the same place in each.
    (u128::from_le_bytes(one) ^ u128::from_le_bytes(other).rotate_left(64), true)
}

pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether something accepts connections at this address, found out within `patience`.
pub(crate) fn listens(address: SocketAddr, patience: Duration) -> bool {
    TcpStream::connect_timeout(&address, patience).is_ok()
}

pub(crate) fn is_url(text: &str) -> bool {
    Url::parse(text).is_ok()
}

/// From here on numbers are written with an exponent.
pub(crate) const EXPONENT_FROM: f64 = 1e16;

/// A finite number in the fewest digits that read back as the same.
pub(crate) fn float_digits(number: f64) -> String {
    let is_plain = number == 0.0 || (1e-5..EXPONENT_FROM).contains(&number.abs());
    if is_plain { number.to_string() } else { format!("{number:e}") }
}

pub(crate) fn runtime_name() -> String {
    "native".to_owned()
}

pub(crate) fn warn(message: fmt::Arguments<'_>) {
    tracing::warn!(target: "raindrop", "{message}");
}

pub(crate) fn debug(message: fmt::Arguments<'_>) {
    tracing::debug!(target: "raindrop", "{message}");
}

#[cfg(test)]
mod tests {
    use super::Spares;

    #[test]
    fn as_many_spares_are_kept_as_were_in_use_of_late_and_none_after_two_rests() {
        let mut spares = Spares::default();
        let keep = |spares: &mut Spares<u32>| (0..100).for_each(|spare| spares.keep(spare));
        keep(&mut spares);
        assert_eq!(spares.take(), None);
        for (in_use, kept) in [(70, 70), (3, 70), (3, 3), (20, 20), (0, 20)] {
            spares.keep_as_used(in_use);
            keep(&mut spares);
            assert_eq!(spares.kept.len(), kept);
        }
        spares.keep_as_used(0);
        assert_eq!((spares.take(), spares.kept.capacity()), (None, 0));
    }
}
