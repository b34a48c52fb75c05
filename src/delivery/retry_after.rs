//! The `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3).

use crate::millis::Millis;
use crate::platform;

/// How long the server asks to wait, `now` being nanoseconds since the Unix epoch. `None` for anything unreadable.
pub(crate) fn parse(header: &str, now: u64) -> Option<Millis> {
    const NANOS_PER_MILLI: u64 = 1_000_000;
    let header = header.trim_ascii();
    seconds(header).or_else(|| Some(platform::parse_http_date(header)?.saturating_sub(now / NANOS_PER_MILLI)))
}

/// Whole seconds, as the RFC has them, or with a fraction, as some servers do; by hand, because the parsers of numbers and
/// their tables weigh 15 KB on wasm.
fn seconds(text: &str) -> Option<Millis> {
    let (mut millis, mut worth) = (0_u64, None);
    for (at, byte) in text.bytes().enumerate() {
        let digit = u64::from(byte & 0xf);
        match (byte, &mut worth) {
            (b'0'..=b'9', None) => millis = millis.saturating_mul(10).saturating_add(digit.saturating_mul(1_000)),
            (b'0'..=b'9', Some(worth)) => {
                *worth /= 10;
                millis = millis.saturating_add(digit.saturating_mul(*worth));
            }
            (b'.', None) if at > 0 => worth = Some(1_000),
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_777 * 1_000_000_000; // Sun, 06 Nov 1994 08:49:37 GMT

    #[test]
    fn seconds_are_whole_or_fractional() {
        assert_eq!(parse("120", NOW), Some(120_000));
        assert_eq!(parse(" 1.5 ", NOW), Some(1_500));
        assert_eq!(parse("0", NOW), Some(0));
        assert_eq!(parse("99999999999999999999", NOW), Some(u64::MAX));
    }

    #[test]
    fn a_date_is_a_wait_from_now() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:44 GMT", NOW), Some(7_000));
        assert_eq!(parse("Sunday, 06-Nov-94 08:49:44 GMT", NOW), Some(7_000));
        assert_eq!(parse("Sun Nov  6 08:49:44 1994", NOW), Some(7_000));
    }

    #[test]
    fn a_date_in_the_past_asks_for_nothing() {
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:30 GMT", NOW), Some(0));
    }

    #[test]
    fn garbage_is_ignored() {
        for garbage in ["", "soon", "-5", "NaN", "inf", "1e400", "Sun, 99 Nov 1994 08:49:44 GMT", "12 parsecs"] {
            assert_eq!(parse(garbage, NOW), None, "{garbage:?}");
        }
    }
}
