//! When a span began and ended, in nanoseconds since the Unix epoch, as OTLP has them in JSON: decimal digits in a string.
//!
//! From 2001 to 2286 those are nineteen digits. Where speed counts, the text is there at once and the digits are put into it.

use super::json;
use crate::platform;

const EIGHT_DIGITS: u64 = 100_000_000;
const TIMES: &[u8; 82] = br#"","startTimeUnixNano":"1234567890123456789","endTimeUnixNano":"1234567890123456789"#;

/// Writes both, from the quote before them up to the digits of the second.
pub(super) fn times(out: &mut Vec<u8>, start: u64, end: u64) {
    let [start_high, end_high] = [start, end].map(|time| time / EIGHT_DIGITS);
    let first = start_high / EIGHT_DIGITS;
    if !platform::SPEED_OVER_SIZE || !(100..1_000).contains(&first) || end_high / EIGHT_DIGITS != first {
        return of_any_length(out, start, end);
    }
    let first = json::eight_digits(first);
    let start_middle = json::eight_digits(start_high % EIGHT_DIGITS);
    // The same for 100 ms.
    let end_middle = if end_high == start_high { start_middle } else { json::eight_digits(end_high % EIGHT_DIGITS) };
    out.extend_from_slice(TIMES);
    if let Some(text) = out.last_chunk_mut::<{ TIMES.len() }>() {
        text[23..26].copy_from_slice(&first[5..]);
        text[26..34].copy_from_slice(&start_middle);
        text[34..42].copy_from_slice(&json::eight_digits(start % EIGHT_DIGITS));
        text[63..66].copy_from_slice(&first[5..]);
        text[66..74].copy_from_slice(&end_middle);
        text[74..].copy_from_slice(&json::eight_digits(end % EIGHT_DIGITS));
    }
}

fn of_any_length(out: &mut Vec<u8>, start: u64, end: u64) {
    out.extend_from_slice(br#"","startTimeUnixNano":""#);
    json::unsigned(out, start);
    out.extend_from_slice(br#"","endTimeUnixNano":""#);
    json::unsigned(out, end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_decimal_whatever_their_length_and_however_far_apart() {
        const NOW: u64 = 1_764_412_345_678_901_234;
        for start in [
            0,
            9,
            999_999_999_999_999_999,
            1_000_000_000_000_000_000,
            NOW,
            9_999_999_999_999_999_999,
            10_000_000_000_000_000_000,
            u64::MAX,
        ] {
            for took in [0, 1, 99_999_999, 100_000_000, 10_000_000_000_000_000, u64::MAX] {
                let end = start.saturating_add(took);
                let mut out = b"name".to_vec();
                times(&mut out, start, end);
                let expected = format!(r#"name","startTimeUnixNano":"{start}","endTimeUnixNano":"{end}"#);
                assert_eq!(String::from_utf8(out).unwrap(), expected);
            }
        }
    }
}
