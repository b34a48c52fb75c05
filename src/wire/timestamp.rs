//! RFC 3339 in UTC, written by hand: `time`'s formatter would more than double the cost of the type on wasm.

use time::OffsetDateTime;

/// A quoted timestamp with as many fractional digits as it needs.
pub(crate) fn rfc3339(out: &mut Vec<u8>, moment: OffsetDateTime) {
    let utc = OffsetDateTime::from_unix_timestamp(moment.unix_timestamp()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = utc.to_calendar_date();
    let (hour, minute, second) = utc.to_hms();
    out.push(b'"');
    padded(out, u32::try_from(year).unwrap_or_default(), 4);
    for (mark, number) in [(b'-', month.into()), (b'-', day), (b'T', hour), (b':', minute), (b':', second)] {
        out.push(mark);
        padded(out, number.into(), 2);
    }
    if moment.nanosecond() > 0 {
        out.push(b'.');
        padded(out, moment.nanosecond(), 9);
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
    use time::UtcOffset;

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
