//! Writing JSON into a byte buffer.

use super::text::{MARKER, TextCap};
use crate::plain::plain_prefix;
use crate::platform;
use crate::records::{Json, Key};

/// Writes an object; the closing brace is [`end`](Object::end)'s.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes the key; what the caller then writes is its value.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    pub fn string(&mut self, key: &str, value: &str) {
        string(self.key(key), value);
    }

    pub fn non_empty_string(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.string(key, value);
        }
    }

    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// JSON as it is, each piece followed by a text for the inside of a string.
pub(crate) fn template(pieces: &[(&str, &str)]) -> Box<[u8]> {
    let mut out = Vec::new();
    for (json, text) in pieces {
        out.extend_from_slice(json.as_bytes());
        escape(&mut out, text);
    }
    out.into_boxed_slice()
}

/// A quoted string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// A quoted string of at most `cap` code points.
pub(crate) fn text(out: &mut Vec<u8>, text: &str, cap: TextCap) {
    out.push(b'"');
    escape_capped(out, text, cap);
    out.push(b'"');
}

/// The inside of a string of at most `cap` code points.
pub(crate) fn escape_capped(out: &mut Vec<u8>, text: &str, cap: TextCap) {
    let (kept, marked) = cap.apply(text);
    escape(out, kept);
    if marked {
        out.extend_from_slice(MARKER.as_bytes());
    }
}

/// A JSON value that is text already, each string in it at most `cap` code points.
pub(crate) fn value(out: &mut Vec<u8>, value: &Json, cap: TextCap) {
    let mut rest = value.as_str();
    // Else no string in it can be too long.
    if rest.len() > cap.0 {
        while let Some((before, inside, after)) = next_string(rest) {
            out.extend_from_slice(before.as_bytes());
            escaped(out, inside, if after.starts_with(':') { TextCap(usize::MAX) } else { cap });
            rest = after;
        }
    }
    out.extend_from_slice(rest.as_bytes());
}

/// The insides of the strings of an array that holds nothing else.
pub(crate) fn strings(value: &Json) -> Option<Vec<&str>> {
    let mut rest = value.as_str().strip_prefix('[')?.strip_suffix(']')?;
    let mut strings = Vec::new();
    while !rest.is_empty() {
        let (before, inside, after) = next_string(rest)?;
        let is_next = before.is_empty() && (after.is_empty() || after.starts_with(','));
        if !is_next {
            return None;
        }
        strings.push(inside);
        rest = after.get(1..).unwrap_or_default();
    }
    Some(strings)
}

/// Splits JSON at its first string: before it, inside its quotes, after it.
fn next_string(text: &str) -> Option<(&str, &str, &str)> {
    let (before, string) = text.split_once('"')?;
    let mut is_escaped = false;
    let end = string.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((before, string.get(..end)?, string.get(end.saturating_add(1)..)?))
}

/// A quoted string whose inside is escaped already, at most `cap` code points of what it stands for.
pub(crate) fn escaped(out: &mut Vec<u8>, inside: &str, cap: TextCap) {
    out.push(b'"');
    let (kept, marked) = cap.apply_to(inside, || code_points(inside));
    out.extend_from_slice(kept.as_bytes());
    if marked {
        out.extend_from_slice(MARKER.as_bytes());
    }
    out.push(b'"');
}

/// How many code points an escaped text stands for.
pub(crate) fn code_points_of(escaped: &[u8]) -> usize {
    code_points(std::str::from_utf8(escaped).unwrap_or_default()).count()
}

/// Where each code point begins in a text that is escaped. What `\u` escapes counts as one.
fn code_points(text: &str) -> impl Iterator<Item = usize> {
    let mut escape_ends = 0;
    text.char_indices().filter_map(move |(at, char)| {
        if at < escape_ends {
            return None;
        }
        if char == '\\' {
            let is_unicode = text.as_bytes().get(at.saturating_add(1)) == Some(&b'u');
            escape_ends = at.saturating_add(if is_unicode { 6 } else { 2 });
        }
        Some(at)
    })
}

/// The shortest digits that read back as the same number; null for NaN and the infinities.
pub(crate) fn float(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        out.extend_from_slice(platform::float_digits(number).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Decimal digits.
#[inline]
pub(crate) fn unsigned(out: &mut Vec<u8>, number: u64) {
    if number < 10 {
        out.push(b'0' | number as u8);
    } else {
        digits(out, number);
    }
}

/// The digits of a number above zero.
fn digits(out: &mut Vec<u8>, number: u64) {
    const EIGHT: u64 = 100_000_000;
    let eights = [number / EIGHT / EIGHT, number / EIGHT % EIGHT, number % EIGHT].map(eight_values);
    let zeros = |values: u64| (values.trailing_zeros() / 8) as usize;
    let leading = match eights {
        [0, 0, last] => zeros(last).wrapping_add(16),
        [0, middle, _] => zeros(middle).wrapping_add(8),
        [first, ..] => zeros(first),
    };
    out.extend_from_slice(eights.map(as_digits).as_flattened().get(leading..).unwrap_or_default());
}

/// Those of a number below 10⁸, with leading zeros.
#[inline]
pub(crate) fn eight_digits(number: u64) -> [u8; 8] {
    as_digits(eight_values(number))
}

fn as_digits(values: u64) -> [u8; 8] {
    (values | 0x3030_3030_3030_3030).to_le_bytes()
}

/// What the digits of a number below 10⁸ stand for, that of the first in the lowest byte, each step halving groups of digits
/// that lie side by side in one word.
fn eight_values(number: u64) -> u64 {
    let split = |groups: u64, quotients: u64, divisor: u64, bits: u32| {
        quotients | groups.wrapping_sub(quotients.wrapping_mul(divisor)) << bits
    };
    let fours = split(number, number / 10_000, 10_000, 32);
    // Each quotient by a multiplication that is exact for so few digits.
    let twos = split(fours, (fours.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f, 100, 16);
    split(twos, (twos.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f, 10, 8)
}

pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// The inside of a string, escaped as RFC 8259 §7 asks and no further.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    escape_utf8(out, text.as_bytes());
}

/// The same of an attribute's key, which may be known to need none.
#[inline]
pub(crate) fn escape_key(out: &mut Vec<u8>, key: &Key) {
    match key.padded() {
        Some((padded, length)) => {
            // To copy all takes a few moves, to copy any number a call.
            let end = out.len().wrapping_add(length);
            out.extend_from_slice(padded);
            out.truncate(end);
        }
        None => escape_utf8(out, key.as_bytes()),
    }
}

/// The same of a text that is known to be UTF-8.
pub(crate) fn escape_utf8(out: &mut Vec<u8>, text: &[u8]) {
    escape_as(out, text, false);
}

/// The inside of a string in JSON that is itself inside a string.
pub(crate) fn escape_twice(out: &mut Vec<u8>, text: &str) {
    escape_as(out, text.as_bytes(), true);
}

fn escape_as(out: &mut Vec<u8>, bytes: &[u8], twice: bool) {
    let plain = plain_prefix(bytes);
    if plain == bytes.len() {
        out.extend_from_slice(bytes);
    } else {
        escape_from(out, bytes, plain, twice);
    }
}

#[cold]
fn escape_from(out: &mut Vec<u8>, mut rest: &[u8], mut plain: usize, twice: bool) {
    while let Some((before, [special, tail @ ..])) = rest.split_at_checked(plain) {
        out.extend_from_slice(before);
        escape_byte(out, *special, twice);
        rest = tail;
        plain = plain_prefix(rest);
    }
    out.extend_from_slice(rest);
}

fn escape_byte(out: &mut Vec<u8>, byte: u8, twice: bool) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => b'u',
    };
    out.extend_from_slice(if twice { br"\\" } else { br"\" });
    if twice && short == byte {
        out.push(b'\\');
    }
    out.push(short);
    if short == b'u' {
        out.extend_from_slice(&[b'0', b'0', hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
    }
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0'.saturating_add(nibble) } else { b'a'.saturating_add(nibble.saturating_sub(10)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_reads_back_at_every_position() {
        for code in (0..0x250).chain([0x2028, 0xd7ff, 0xfffd, 0x1f600]) {
            let Some(character) = char::from_u32(code) else { continue };
            for before in 0..10 {
                let text = format!("{}{character}tail of it", "x".repeat(before));
                let json = written(|out| string(out, &text));
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "{json}");
                assert_eq!(
                    json,
                    serde_json::to_string(&text).unwrap().replace("\\b", "\\u0008").replace("\\f", "\\u000c")
                );
            }
        }
    }

    #[test]
    fn a_key_is_escaped_whether_it_is_borrowed_or_owned() {
        for length in 0..40 {
            for (at, special) in (0..length).flat_map(|at| ['"', '\\', '\n', ' ', 'é'].map(|special| (at, special))) {
                let mut text = "x".repeat(length - 1);
                text.insert(at, special);
                for key in [Key::from(&text), Key::from(text.clone())] {
                    assert_eq!(written(|out| escape_key(out, &key)), written(|out| escape(out, &text)));
                }
            }
        }
    }

    #[test]
    fn strings_inside_a_value_are_capped_and_keys_are_not() {
        let sample = Json::from_text(r#"{"a long key":["abcdef",{"x":"abcdef","é":"ééé","n":12345}]}"#.to_owned());
        let json = written(|out| value(out, &sample, TextCap(3)));
        assert_eq!(json, r#"{"a long key":["abc",{"x":"abc","é":"ééé","n":12345}]}"#);
    }

    #[test]
    fn an_escape_counts_as_the_character_that_it_stands_for() {
        for (text, capped) in [
            (r#""\n\n\n\n""#, r#""\n\n\n""#),
            (r#""\u0001\u0002\u0003""#, r#""\u0001\u0002\u0003""#),
            (r#""a\"b\"c""#, r#""a\"b""#),
            (r#""\\\\\\\\""#, r#""\\\\\\""#),
            (r#""\\":"""#, r#""\\":"""#),
        ] {
            let json = written(|out| value(out, &Json::from_text(text.to_owned()), TextCap(3)));
            assert_eq!(json, capped);
        }
    }

    #[test]
    fn numbers_are_decimal() {
        let groups = (0..10_000).map(|group| group * 100_010_001);
        let edges = [9, 10, 99_999_999, 100_000_000, 9_999_999_999_999_999, 1_735_787_045_678_000_000, u64::MAX];
        for number in groups.chain(edges) {
            assert_eq!(written(|out| unsigned(out, number)), number.to_string());
        }
        for number in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(written(|out| signed(out, number)), number.to_string());
        }
        for number in [0.5, -0.0, 1e-7, 1.5e300, f64::MIN_POSITIVE, f64::MAX, 123_456.789, 1e16, 1e15] {
            let read: f64 = serde_json::from_str(&written(|out| float(out, number))).unwrap();
            assert_eq!(read, number);
        }
        assert_eq!(written(|out| float(out, 0.5)), "0.5");
        assert_eq!(written(|out| float(out, f64::NAN)), "null");
    }
}
