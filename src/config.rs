//! The validated, immutable settings of a client.

use crate::millis::Millis;
use crate::outbox::Limits;
use crate::wire::Encoding;

/// How often and how patiently a request is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub max_attempts: u32,
    pub base_delay: Millis,
    pub jitter_fraction: f64,
}

/// What a client was built with.
pub(crate) struct Config {
    /// Where records go, with the headers that let them in. `None` without a write key.
    pub cloud: Option<Destination>,
    /// The local Workshop that gets a copy.
    pub workshop: Option<Destination>,
    pub debug: bool,
    pub encoding: Encoding,
    pub limits: Limits,
    pub trace_max_batch_size: usize,
    pub retry: RetryPolicy,
    pub request_timeout: Millis,
    /// `None`: no deadline.
    pub close_timeout: Option<Millis>,
    pub partial_flush_interval: Millis,
    pub trace_flush_interval: Millis,
}

/// A base URL and what every request to it carries.
pub(crate) struct Destination {
    pub base_url: String,
    pub headers: Vec<(&'static str, String)>,
    /// What must not be repeated in an error: the write key, or nothing.
    pub secret: String,
}

impl Config {
    pub fn is_enabled(&self) -> bool {
        self.cloud.is_some() || self.workshop.is_some()
    }
}
