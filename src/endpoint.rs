//! Base URLs.

use crate::platform;

/// Where the ingestion API is unless told otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://api.raindrop.ai/v1/";

/// An absolute http or https URL with a slash at its end for a route to follow. No `@` is in it, before which a user's name and
/// password would compete with the write key, no query and no fragment.
pub(crate) fn http_url(url: &str) -> Option<String> {
    let url = url.trim_ascii();
    let rest = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest.as_bytes())
    })?;
    let unusual = |byte: &u8| matches!(byte, 0..=b' ' | b'?' | b'#' | b'@' | b'\\' | 0x7f);
    // After a third slash, parsers look for the host behind it.
    if rest.starts_with(b"/") || rest.iter().any(unusual) || !platform::is_url(url) {
        return None;
    }
    let mut url = url.to_owned();
    if !url.ends_with('/') {
        url.push('/');
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_is_added_and_nothing_else() {
        for (given, base) in [
            ("http://h", "http://h/"),
            ("http://h/v1", "http://h/v1/"),
            ("HTTPS://h:8443/v1/", "HTTPS://h:8443/v1/"),
            (" http://127.0.0.1:5899/v1 ", "http://127.0.0.1:5899/v1/"),
            ("http://[::1]:80", "http://[::1]:80/"),
            ("http://[::1]", "http://[::1]/"),
        ] {
            assert_eq!(http_url(given).as_deref(), Some(base));
        }
    }

    #[test]
    fn anything_but_an_absolute_http_url_is_refused() {
        for given in [
            "",
            "api.raindrop.ai",
            "/v1/",
            "ftp://h/",
            "http://",
            "http:///v1",
            "http://[::1",
            "http://h:port/",
            "http://h/?k=v",
            "http://user:password@h/",
            "http://h /",
            "http://:80",
            "http://h:65536",
            "http://[::1]x",
        ] {
            assert_eq!(http_url(given), None, "{given:?}");
        }
    }
}
