//! Base URLs.

/// Where the ingestion API is unless told otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://api.raindrop.ai/v1/";

/// An absolute http or https URL without query or fragment, with a slash at its end for a route to follow.
pub(crate) fn http_url(url: &str) -> Option<String> {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://")?;
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().ok()),
        _ => (authority, Some(0)),
    };
    let is_whole = host.starts_with('[') == host.ends_with(']');
    let unusual = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '\\');
    if !is_http || !is_whole || host.is_empty() || port.is_none() || url.contains(unusual) {
        return None;
    }
    Some(if url.ends_with('/') { url.to_owned() } else { format!("{url}/") })
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
            "http://h /",
            "http://:80",
        ] {
            assert_eq!(http_url(given), None, "{given:?}");
        }
    }
}
