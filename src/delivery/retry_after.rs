//! The `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3).

use std::time::{Duration, SystemTime};

/// How long the server asks to wait, `now` being nanoseconds since the Unix epoch. `None` for anything unreadable.
pub(crate) fn parse(header: &str, now: u64) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        let is_sensible = seconds.is_finite() && seconds >= 0.0;
        return is_sensible.then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    let since_epoch = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since_epoch.saturating_sub(Duration::from_nanos(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_777 * 1_000_000_000; // Sun, 06 Nov 1994 08:49:37 GMT

    #[test]
    fn seconds_are_whole_or_fractional() {
        assert_eq!(parse("120", NOW), Some(Duration::from_secs(120)));
        assert_eq!(parse(" 1.5 ", NOW), Some(Duration::from_millis(1_500)));
        assert_eq!(parse("0", NOW), Some(Duration::ZERO));
        assert_eq!(parse("99999999999999999999", NOW), Some(Duration::MAX));
    }

    #[test]
    fn a_date_is_a_wait_from_now() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:44 GMT", NOW), Some(Duration::from_secs(7)));
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:44 GMT", NOW), Some(Duration::from_secs(7)));
        assert_eq!(parse("Sun Nov  6 08:49:44 1994", NOW), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_date_in_the_past_asks_for_nothing() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:30 GMT", NOW), Some(Duration::ZERO));
    }

    #[test]
    fn garbage_is_ignored() {
        for garbage in ["", "soon", "-5", "NaN", "inf", "1e400", "Sun, 99 Nov 1994 08:49:44 GMT", "12 parsecs"] {
            assert_eq!(parse(garbage, NOW), None, "{garbage:?}");
        }
    }
}
