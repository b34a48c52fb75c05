use std::time::Duration;

use super::policy::Answer;
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
    pub answer: Answer,
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
                    answer: Answer::Status { status, retry_after: asked },
                    error: failed.then(|| Error::HttpStatus { status, body: redact(response.body, &to.secret) }),
                }
            }
            Err(SendError::Network(cause)) => Self { answer: Answer::NetworkError, error: Some(Error::Http(cause)) },
            Err(SendError::Timeout) => Self { answer: Answer::TimedOut, error: Some(Error::Timeout) },
        }
    }
}

/// A server may repeat the key that it refuses.
fn redact(text: String, secret: &str) -> String {
    let repeats = |window: &[u8]| window == secret.as_bytes();
    let is_told = !secret.is_empty() && text.as_bytes().windows(secret.len()).any(repeats);
    if is_told { "(the answer repeats the write key)".to_owned() } else { text }
}
