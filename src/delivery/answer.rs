use super::policy::Answer;
use super::retry_after;
use crate::config::Destination;
use crate::error::Error;
use crate::platform::{self, Response, SendError};

/// What an exchange means for the retry policy, and the error in it unless the status was 2xx.
pub(super) fn understand(result: Result<Response, SendError>, to: Option<&Destination>) -> (Answer, Option<Error>) {
    match result {
        Ok(Response { status, retry_after, body }) => {
            let asked = retry_after.and_then(|header| retry_after::parse(&header, platform::now()));
            let secret = to.map_or("", |to| &to.secret);
            let failed = !(200..300).contains(&status);
            let error = failed.then(|| Error::HttpStatus { status, body: redact(body, secret) });
            (Answer::Status { status, retry_after: asked }, error)
        }
        Err(SendError::Network(cause)) => (Answer::NetworkError, Some(Error::Http(cause))),
        Err(SendError::Timeout) => (Answer::TimedOut, Some(Error::Timeout)),
    }
}

/// A server may repeat the key that it refuses, the last time where the text is cut.
fn redact(text: String, secret: &str) -> String {
    const TELLING: usize = 4;
    let repeats = |window: &[u8]| window == secret.as_bytes();
    let begins_at_the_end = || (TELLING..secret.len()).filter_map(|to| secret.get(..to)).any(|it| text.ends_with(it));
    let is_told = !secret.is_empty() && (text.as_bytes().windows(secret.len()).any(repeats) || begins_at_the_end());
    if is_told { "(the answer repeats the write key)".to_owned() } else { text }
}
