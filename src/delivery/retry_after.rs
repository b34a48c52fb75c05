//! The `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3).

use std::time::Duration;

use crate::platform;

/// How long the server asks to wait, `now` being nanoseconds since the Unix epoch. `None` for anything unreadable.
pub(crate) fn parse(header: &str, now: u64) -> Option<Duration> {
    let header = header.trim_ascii();
    seconds(header).or_else(|| {
        let date = platform::parse_http_date(header)?;
        Some(date.saturating_sub(Duration::from_nanos(now)))
    })
}

/// Whole seconds, as the RFC has them, or with a fraction, as some servers do; by hand, because the parsers of numbers and
/// their tables weigh 15 KB on wasm.
fn seconds(text: &str) -> Option<Duration> {
    let (mut whole, mut nanos, mut worth) = (0_u32, 0_u32, None);
    for (at, byte) in text.bytes().enumerate() {
        let digit = u32::from(byte & 0xf);
        match (byte, &mut worth) {
            (b'0'..=b'9', None) => whole = whole.saturating_mul(10).saturating_add(digit),
            (b'0'..=b'9', Some(worth)) => {
                *worth /= 10;
                nanos = nanos.saturating_add(digit.saturating_mul(*worth));
            }
            (b'.', None) if at > 0 => worth = Some(1_000_000_000_u32),
            _ => return None,
        }
    }
    let seconds = Duration::from_secs(whole.into());
    (!text.is_empty()).then(|| seconds.saturating_add(Duration::from_nanos(nanos.into())))
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
        assert_eq!(parse("99999999999999999999", NOW), Some(Duration::from_secs(u32::MAX.into())));
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
