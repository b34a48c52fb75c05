//! RFC 3339 in UTC, written by hand: `time`'s formatter would more than double the cost of the type on wasm.

use time::{OffsetDateTime, UtcOffset};

/// A quoted timestamp with as many fractional digits as it needs.
pub(crate) fn rfc3339(out: &mut Vec<u8>, moment: OffsetDateTime) {
    let utc = moment.checked_to_offset(UtcOffset::UTC).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let year = u32::try_from(utc.year()).unwrap_or_default();
    out.push(b'"');
    padded(out, year, 4);
    out.push(b'-');
    padded(out, u8::from(utc.month()).into(), 2);
    out.push(b'-');
    padded(out, utc.day().into(), 2);
    out.push(b'T');
    padded(out, utc.hour().into(), 2);
    out.push(b':');
    padded(out, utc.minute().into(), 2);
    out.push(b':');
    padded(out, utc.second().into(), 2);
    if utc.nanosecond() > 0 {
        out.push(b'.');
        padded(out, utc.nanosecond(), 9);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    out.extend_from_slice(b"Z\"");
}

fn padded(out: &mut Vec<u8>, mut number: u32, width: usize) {
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.saturating_add((number % 10) as u8);
        number /= 10;
    }
    out.extend(digits.iter().skip(digits.len().saturating_sub(width)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(unix_nanos: i128, offset_hours: i8) -> String {
        let mut out = Vec::new();
        let moment = OffsetDateTime::from_unix_timestamp_nanos(unix_nanos).unwrap();
        rfc3339(&mut out, moment.to_offset(UtcOffset::from_hms(offset_hours, 0, 0).unwrap()));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fractions_are_as_long_as_needed() {
        assert_eq!(written(1_735_787_045_678_000_000, 0), r#""2025-01-02T03:04:05.678Z""#);
        assert_eq!(written(1_735_787_045_000_000_000, 0), r#""2025-01-02T03:04:05Z""#);
        assert_eq!(written(1_735_787_045_000_000_001, 0), r#""2025-01-02T03:04:05.000000001Z""#);
    }

    #[test]
    fn any_offset_is_sent_as_utc() {
        assert_eq!(written(0, 5), r#""1970-01-01T00:00:00Z""#);
        assert_eq!(written(-1_000_000_000, -11), r#""1969-12-31T23:59:59Z""#);
    }
}
