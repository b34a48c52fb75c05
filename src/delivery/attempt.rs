use std::time::Duration;

use super::policy::Outcome;
use super::retry_after;
use crate::config::Destination;
use crate::error::Error;
use crate::platform::{self, Request, SendError, Transport};
use crate::records::RecordKind;

pub(super) fn route(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::User => "users/identify",
        RecordKind::Event => "events/track",
        RecordKind::Partial => "events/track_partial",
        RecordKind::Signal => "signals/track",
        RecordKind::Span => "traces",
    }
}

/// One request and how it ended.
pub(super) struct Attempt {
    pub outcome: Outcome,
    /// Unless the status was 2xx.
    pub error: Option<Error>,
}

impl Attempt {
    pub async fn post(transport: &Transport, to: &Destination, route: &str, body: Vec<u8>, timeout: Duration) -> Self {
        let url = format!("{}{route}", to.base_url);
        let request = Request { url: &url, headers: &to.headers, body, timeout };
        match transport.post(request).await {
            Ok(response) => {
                let status = response.status;
                let asked = response.retry_after.and_then(|header| retry_after::parse(&header, platform::now()));
                let failed = !(200..300).contains(&status);
                Self {
                    outcome: Outcome::Answered { status, retry_after: asked },
                    error: failed.then(|| Error::HttpStatus { status, body: redact(response.body, &to.secret) }),
                }
            }
            Err(SendError::Network(cause)) => Self { outcome: Outcome::NetworkError, error: Some(Error::Http(cause)) },
            Err(SendError::Timeout) => Self { outcome: Outcome::TimedOut, error: Some(Error::Timeout) },
        }
    }
}

/// A server may repeat the key that it refuses.
fn redact(text: String, secret: &str) -> String {
    if secret.is_empty() { text } else { text.replace(secret, "[write key]") }
}
