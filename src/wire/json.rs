//! Writing JSON into a byte buffer.

use serde_json::{Number, Value, map};

use super::text::{MARKER, TextCap};
use crate::platform;

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

/// A quoted string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// A quoted string of at most `cap` code points.
pub(crate) fn text(out: &mut Vec<u8>, text: &str, cap: TextCap) {
    out.push(b'"');
    let (kept, marked) = cap.apply(text);
    escape(out, kept);
    if marked {
        out.extend_from_slice(MARKER.as_bytes());
    }
    out.push(b'"');
}

/// Any JSON value, each string in it at most `cap` code points. Depth costs heap, never stack.
pub(crate) fn value(out: &mut Vec<u8>, value: &Value, cap: TextCap) {
    enum Open<'a> {
        Array(std::slice::Iter<'a, Value>),
        Object(map::Iter<'a>),
    }

    let mut open = Vec::new();
    let mut next = Some(value);
    loop {
        match next.take() {
            None => {}
            Some(Value::Null) => out.extend_from_slice(b"null"),
            Some(Value::Bool(true)) => out.extend_from_slice(b"true"),
            Some(Value::Bool(false)) => out.extend_from_slice(b"false"),
            Some(Value::Number(number)) => self::number(out, number),
            Some(Value::String(string)) => text(out, string, cap),
            Some(Value::Array(items)) => {
                out.push(b'[');
                open.push(Open::Array(items.iter()));
            }
            Some(Value::Object(entries)) => {
                out.push(b'{');
                open.push(Open::Object(entries.iter()));
            }
        }
        let comma = !matches!(out.last(), Some(b'[' | b'{'));
        match open.last_mut() {
            None => return,
            Some(Open::Array(items)) => match items.next() {
                Some(item) => {
                    if comma {
                        out.push(b',');
                    }
                    next = Some(item);
                }
                None => {
                    out.push(b']');
                    open.pop();
                }
            },
            Some(Open::Object(entries)) => match entries.next() {
                Some((key, item)) => {
                    if comma {
                        out.push(b',');
                    }
                    string(out, key);
                    out.push(b':');
                    next = Some(item);
                }
                None => {
                    out.push(b'}');
                    open.pop();
                }
            },
        }
    }
}

fn number(out: &mut Vec<u8>, number: &Number) {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(number), ..) => unsigned(out, number),
        (None, Some(number), _) => signed(out, number),
        (None, None, number) => float(out, number.unwrap_or(f64::NAN)),
    }
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
pub(crate) fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.saturating_add((number % 10) as u8);
        start = start.saturating_sub(1);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(start));
}

pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// The inside of a string, escaped as RFC 8259 §7 asks and no further.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len());
    loop {
        let (clean, special) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(clean);
        let Some((&byte, tail)) = special.split_first() else { return };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.push(hex_digit(control >> 4));
                out.push(hex_digit(control & 0xf));
            }
        }
        rest = tail;
    }
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0'.saturating_add(nibble) } else { b'a'.saturating_add(nibble.saturating_sub(10)) }
}

/// How many leading bytes need no escape, eight at a time.
fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;

    let (words, tail) = bytes.as_chunks::<8>();
    let plain_words = words
        .iter()
        .take_while(|chunk| {
            let word = u64::from_le_bytes(**chunk);
            let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word & HIGHS;
            let quote = zero_byte(word ^ ONES.wrapping_mul(u64::from(b'"')));
            let backslash = zero_byte(word ^ ONES.wrapping_mul(u64::from(b'\\')));
            control | quote | backslash == 0
        })
        .count();
    let scanned = plain_words.saturating_mul(8);
    let rest = if plain_words == words.len() { tail } else { bytes.get(scanned..).unwrap_or_default() };
    let plain = |byte: &&u8| !matches!(**byte, 0..=0x1f | b'"' | b'\\');
    scanned.saturating_add(rest.iter().take_while(plain).count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn any_value_reads_back() {
        let sample = json!({
            "": [], "a": {}, "b": [[], [1, -2, 2.5, 1e300, u64::MAX, i64::MIN]],
            "c": {"x": null, "y": [true, false]}, "k\"ey": "va\\lue[", "[": "{",
        });
        let json = written(|out| value(out, &sample, TextCap(1000)));
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), sample);
    }

    #[test]
    fn strings_inside_a_value_are_capped_and_keys_are_not() {
        let sample = json!({"a long key": ["abcdef", {"x": "abcdef"}]});
        let json = written(|out| value(out, &sample, TextCap(3)));
        assert_eq!(json, r#"{"a long key":["abc",{"x":"abc"}]}"#);
    }

    #[test]
    fn nesting_takes_no_stack() {
        let mut deep = json!("bottom");
        for _ in 0..100_000 {
            deep = Value::Array(vec![deep]);
        }
        let json = written(|out| value(out, &deep, TextCap(1000)));
        assert_eq!(json.len(), 2 * 100_000 + "\"bottom\"".len());
        // serde_json drops recursively.
        std::mem::forget(deep);
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 1, 9, 10, 1_735_787_045_678_000_000, u64::MAX] {
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
