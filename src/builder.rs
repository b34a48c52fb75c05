//! Building a client: settings, their defaults, and what is wrong with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::config::{Config, Destination, RetryPolicy};
use crate::diagnostics::{Diagnostics, Warning};
use crate::endpoint::{DEFAULT_ENDPOINT, http_url};
use crate::error::{Error, Result};
use crate::millis::{Millis, millis};
use crate::outbox::Limits;
use crate::platform::{self, HttpClient, Transport};
use crate::recorder::Home;
use crate::sink::Sink;
use crate::wire::{Encoding, Library, TextCap};
use crate::workshop::{LocalWorkshopUrlConfig, resolve_local_workshop_url};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const ATTRIBUTE_LIMIT_ENV_VAR: &str = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT";

/// The settings of a [`Client`]. Get one from [`Client::builder`].
///
/// ```
/// use std::time::Duration;
///
/// let client = raindrop::Client::builder()
///     .write_key(std::env::var("RAINDROP_WRITE_KEY").unwrap_or_default())
///     .project_id("support-bot")
///     .request_timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), raindrop::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    write_key: String,
    endpoint: String,
    project_id: String,
    debug: bool,
    partial_flush_interval: Millis,
    trace_flush_interval: Millis,
    trace_max_batch_size: usize,
    limits: Limits,
    retry: RetryPolicy,
    request_timeout: Millis,
    close_timeout: Millis,
    max_text_field_chars: usize,
    service_name: String,
    library_name: String,
    library_version: String,
    transport: Transport,
    sink: Option<Arc<dyn Sink>>,
    workshop: LocalWorkshopUrlConfig,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            write_key: String::new(),
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            project_id: String::new(),
            debug: false,
            partial_flush_interval: 1_000,
            trace_flush_interval: 1_000,
            trace_max_batch_size: 50,
            limits: Limits { events: 5_000, spans: 5_000, bytes: platform::BUFFER_BYTES },
            retry: RetryPolicy { max_attempts: 3, base_delay: 1_000, jitter_fraction: 0.2 },
            request_timeout: 30_000,
            close_timeout: 10_000,
            max_text_field_chars: 1_000_000,
            service_name: "raindrop.rust-sdk".to_owned(),
            library_name: "raindrop-rust".to_owned(),
            library_version: VERSION.to_owned(),
            transport: Default::default(),
            sink: None,
            workshop: LocalWorkshopUrlConfig::Inherit,
        }
    }
}

impl ClientBuilder {
    /// The key that lets records in. Default: none, and nothing is recorded unless there is a local Workshop.
    pub fn write_key(mut self, write_key: impl Into<String>) -> Self {
        self.write_key = write_key.into();
        self
    }

    /// Where the ingestion API is, up to the routes; neither user nor query nor fragment is in it, nor any `@`. Default:
    /// [`DEFAULT_ENDPOINT`].
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The project that records go to: up to 63 lower-case letters, digits and hyphens. Default: the key's own project.
    /// An invalid one is left out, with a warning.
    pub fn project_id(mut self, project_id: impl Into<String>) -> Self {
        self.project_id = project_id.into();
        self
    }

    /// Whether to log what is sent, and to say in a header what sent it. Default: no.
    pub fn debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    /// How often [`auto_flush`](Client::auto_flush) sends everything but spans. Default: 1 s. Zero: never.
    pub fn partial_flush_interval(mut self, interval: Duration) -> Self {
        self.partial_flush_interval = millis(interval);
        self
    }

    /// How often [`auto_flush`](Client::auto_flush) sends spans. Default: 1 s. Zero: never.
    pub fn trace_flush_interval(mut self, interval: Duration) -> Self {
        self.trace_flush_interval = millis(interval);
        self
    }

    /// How many spans go into one request, at least 1. Default: 50.
    pub fn trace_max_batch_size(mut self, spans: usize) -> Self {
        self.trace_max_batch_size = spans;
        self
    }

    /// How many spans wait for a flush. Default: 5,000; zero keeps none. At the limit the oldest is dropped and counted.
    pub fn trace_max_queue_size(mut self, spans: usize) -> Self {
        self.limits.spans = spans;
        self
    }

    /// How many events wait for a flush, and as many interactions, signals and users each. Default: 5,000;
    /// zero keeps none. At the limit the new one is dropped and counted.
    pub fn event_max_queue_size(mut self, events: usize) -> Self {
        self.limits.events = events;
        self
    }

    /// How much memory may wait for a flush, in bytes; each [`scope`](Client::scope) has a buffer of its own. Default: 32 MiB,
    /// 8 MiB on wasm. At the limit the newest spans are dropped and counted, then the oldest of everything else; how an
    /// interaction ended is the last to go.
    ///
    /// On native a client keeps the memory of what a flush delivered for records to come, until a flush finds less waiting.
    pub fn max_buffer_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// How often a flush tries a request, at least 1. Default: 3.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.retry.max_attempts = attempts;
        self
    }

    /// How long a flush waits before the second attempt; doubles with each further one. Default: 1 s.
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.retry.base_delay = millis(delay);
        self
    }

    /// By which fraction waits vary, from 0.0 to 1.0: what is beyond is taken as the nearest of them. Default: 0.2.
    pub fn jitter_fraction(mut self, fraction: f64) -> Self {
        self.retry.jitter_fraction = fraction;
        self
    }

    /// How long one attempt may take. Default: 30 s. Zero lets succeed only what is answered at once. The records of one that is
    /// still open after an hour are sent again by the next flush.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = millis(timeout);
        self
    }

    /// How long [`close`](Client::close) may take altogether. Default: 10 s. Zero: no deadline.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = millis(timeout);
        self
    }

    /// How long each text may be, in Unicode code points; the rest is cut off and marked. Default: 1,000,000. On native the
    /// environment variable `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT` applies too if it is smaller.
    pub fn max_text_field_chars(mut self, chars: usize) -> Self {
        self.max_text_field_chars = chars;
        self
    }

    /// The `service.name` of spans. Default: `raindrop.rust-sdk`.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !name.is_empty() {
            self.service_name = name;
        }
        self
    }

    /// The library that events say they were recorded by. Default: `raindrop-rust`.
    pub fn library_name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !name.is_empty() {
            self.library_name = name;
        }
        self
    }

    /// The version of the library that events say they were recorded by. Default: [`VERSION`].
    pub fn library_version(mut self, version: impl Into<String>) -> Self {
        let version = version.into();
        if !version.is_empty() {
            self.library_version = version;
        }
        self
    }

    /// The HTTP client to send with, a `reqwest::Client`; native only. Default: a new one that follows no redirects.
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.transport = Transport::with_http_client(client);
        self
    }

    /// Hands the bodies of requests to `sink` instead of the network, and takes them for delivered. For benchmarks, which
    /// measure the SDK alone.
    #[doc(hidden)]
    pub fn sink(self, sink: fn(&[u8])) -> Self {
        self.capturing(Arc::new(sink))
    }

    pub(crate) fn capturing(mut self, sink: Arc<dyn Sink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Sends a copy of everything to a local Raindrop Workshop at this URL; to none if it is empty, or with a warning if it is
    /// not an absolute http or https URL. Default: see [`resolve_local_workshop_url`](crate::resolve_local_workshop_url).
    pub fn local_workshop_url(mut self, url: impl Into<String>) -> Self {
        self.workshop = LocalWorkshopUrlConfig::Url(url.into());
        self
    }

    /// Sends no copy to a local Workshop, whatever the environment says.
    pub fn disable_local_workshop(mut self) -> Self {
        self.workshop = LocalWorkshopUrlConfig::Disabled;
        self
    }

    /// Builds the client. It does no I/O until its first flush, but for a look at the local Workshop's port on native.
    ///
    /// # Errors
    /// [`Error::Config`] if the endpoint is not an absolute http or https URL, or the write key cannot stand in a header.
    pub fn build(self) -> Result<Client> {
        let base_url = http_url(&self.endpoint).ok_or_else(|| {
            // Before an `@` there may be a password.
            let endpoint = if self.endpoint.bytes().any(|byte| byte == b'@') { "…" } else { &self.endpoint };
            Error::Config(format!(
                "endpoint \"{endpoint}\" is not an absolute http or https URL without @, ? and #, like {DEFAULT_ENDPOINT}"
            ))
        })?;
        let write_key = self.write_key.trim_ascii();
        if !write_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Config(
                "write_key has a character that cannot stand in a header: is it whole, and on one line?".to_owned(),
            ));
        }
        let diagnostics = Diagnostics::default();
        let common = self.common_headers(&diagnostics);
        let workshop = resolve_local_workshop_url(&self.workshop, true);
        if let (None, LocalWorkshopUrlConfig::Url(url)) = (&workshop, &self.workshop)
            && !url.is_empty()
        {
            diagnostics.warn(
                Warning::WorkshopUrl,
                // Not shown: there may be a password in it.
                format_args!("local_workshop_url is not an absolute http or https URL without @, ? and #"),
            );
        }
        let workshop = workshop.map(|base_url| {
            let headers = if platform::WORKSHOP_TAKES_HEADERS { common.clone() } else { vec![content_type()] };
            Destination { base_url, headers, secret: String::new() }
        });
        let cloud = (!write_key.is_empty()).then(|| {
            let mut headers = common;
            headers.push(("Authorization", format!("Bearer {write_key}")));
            if self.debug && self.library_name.bytes().all(|byte| byte.is_ascii_graphic()) {
                headers.push(("X-Raindrop-Sdk", self.library_name.clone()));
            }
            Destination { base_url, headers, secret: write_key.to_owned() }
        });

        let library = Library {
            name: &self.library_name,
            version: &self.library_version,
            service_name: &self.service_name,
            runtime: &platform::runtime_name(),
        };
        let environment_cap = platform::env(ATTRIBUTE_LIMIT_ENV_VAR).and_then(|limit| limit.trim().parse().ok());
        let cap = environment_cap
            .filter(|cap| *cap > 0)
            .map_or(self.max_text_field_chars, |cap: usize| cap.min(self.max_text_field_chars));
        let config = Config {
            cloud,
            workshop,
            debug: self.debug,
            encoding: Encoding::new(TextCap(cap), &library),
            limits: self.limits,
            trace_max_batch_size: self.trace_max_batch_size,
            retry: RetryPolicy {
                max_attempts: self.retry.max_attempts.max(1),
                jitter_fraction: if self.retry.jitter_fraction.is_nan() {
                    0.0
                } else {
                    self.retry.jitter_fraction.clamp(0.0, 1.0)
                },
                ..self.retry
            },
            request_timeout: self.request_timeout,
            close_timeout: (self.close_timeout > 0).then_some(self.close_timeout),
            partial_flush_interval: self.partial_flush_interval,
            trace_flush_interval: self.trace_flush_interval,
        };
        let home =
            Home { config, counters: Default::default(), diagnostics, transport: self.transport, sink: self.sink };
        Ok(Client::new(home))
    }

    fn common_headers(&self, diagnostics: &Diagnostics) -> Vec<(&'static str, String)> {
        let mut headers = vec![content_type()];
        let project_id = self.project_id.trim_ascii();
        if is_slug(project_id) {
            headers.push(("X-Raindrop-Project-Id", project_id.to_owned()));
        } else if !project_id.is_empty() {
            diagnostics.warn(
                Warning::ProjectId,
                format_args!(
                    "project_id \"{project_id}\" is left out: it must be 1 to 63 lower-case letters, digits and inner hyphens"
                ),
            );
        }
        headers
    }
}

fn content_type() -> (&'static str, String) {
    ("Content-Type", "application/json".to_owned())
}

fn is_slug(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    text.len() <= 63 && !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("project_id", &self.project_id)
            .finish_non_exhaustive()
    }
}
