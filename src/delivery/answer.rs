use super::policy::Answer;
use super::retry_after;
use crate::config::Destination;
use crate::error::Error;
use crate::platform::{self, Response, SendError};

/// What an exchange means for the retry policy, and the error in it unless the status was 2xx.
pub(super) fn understand(result: Result<Response, SendError>, to: Option<&Destination>) -> (Answer, Option<Error>) {
    let secret = to.map_or("", |to| &to.secret);
    match result {
        Ok(Response { status, retry_after, body }) => {
            let asked = retry_after.and_then(|header| retry_after::parse(&header, platform::now()));
            let failed = !(200..300).contains(&status);
            let error = failed.then(|| Error::HttpStatus { status, body: redact(body, secret) });
            (Answer::Status { status, retry_after: asked }, error)
        }
        Err(SendError::Network(cause)) => (Answer::NetworkError, Some(Error::Http(redact(cause, secret)))),
        Err(SendError::Timeout) => (Answer::TimedOut, Some(Error::Timeout)),
    }
}

/// Stars in place of the write key: a server may repeat what it refuses, the last time where the text is cut, and a `fetch` of
/// the app's own what it was given.
fn redact(text: String, secret: &str) -> String {
    const TELLING: usize = 4;
    let (mut text, secret) = (text.into_bytes(), secret.as_bytes());
    for at in 0..text.len() {
        let rest = text.get_mut(at..).unwrap_or_default();
        let is_cut = rest.len() >= TELLING && secret.starts_with(rest);
        let told = if is_cut {
            rest.len()
        } else if rest.starts_with(secret) {
            secret.len()
        } else {
            0
        };
        rest.get_mut(..told).unwrap_or_default().fill(b'*');
    }
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn all_but_the_write_key_is_told() {
        for (text, told) in [
            ("rk_1234 is no key, rk_1234!", "******* is no key, *******!"),
            ("Bearer rk_1234", "Bearer *******"),
            ("é rk_1234é rk_123", "é *******é ******"),
            ("rk_1 and rk_", "rk_1 and rk_"),
            ("", ""),
        ] {
            assert_eq!(redact(text.to_owned(), "rk_1234"), told);
        }
        assert_eq!(redact("nothing is secret".to_owned(), ""), "nothing is secret");
    }
}
