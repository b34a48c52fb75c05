//! The `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3).

use std::time::Duration;

use crate::platform;

/// How long the server asks to wait, `now` being nanoseconds since the Unix epoch. `None` for anything unreadable.
pub(crate) fn parse(header: &str, now: u64) -> Option<Duration> {
    let header = header.trim();
    seconds(header).or_else(|| {
        let date = platform::parse_http_date(header)?;
        Some(date.saturating_sub(Duration::from_nanos(now)))
    })
}

/// Whole seconds, as the RFC has them, or with a fraction, as some servers do; by hand, because the float parser and its
/// tables weigh 15 KB on wasm.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let seconds = whole.parse().unwrap_or(u64::MAX);
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0_u32, |nanos, digit| nanos.saturating_mul(10).saturating_add(u32::from(digit & 0xf)));
    Some(Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into())))
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
        assert_eq!(parse("99999999999999999999", NOW), Some(Duration::from_secs(u64::MAX)));
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
