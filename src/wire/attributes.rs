//! Writing the attributes of a span.

use std::ops::Range;

use super::TextCap;
use super::json;
use crate::records::{AttributeValue, Json, SpanFields};

/// An association property's key up to the property's name.
pub(super) const ASSOCIATION: &str = "traceloop.association.properties.";

/// An attribute up to its key.
const BEGIN: &[u8] = br#"{"key":""#;

/// Attributes in their array. Those that the caller set win over those that a kind of span implies.
///
/// First comes the key, by one of the methods that begin an attribute, then the value, by one that ends it and writes what
/// stands before the next key.
pub(super) struct Attributes<'a> {
    out: &'a mut Vec<u8>,
    own: &'a SpanFields,
    /// For each text.
    pub cap: TextCap,
}

impl<'a> Attributes<'a> {
    /// Begins the array, behind a string.
    pub fn begin(out: &'a mut Vec<u8>, own: &'a SpanFields, cap: TextCap) -> Self {
        out.extend_from_slice(br#"","attributes":[{"key":""#);
        Self { out, own, cap }
    }

    /// Writes all that the caller set.
    pub fn own(&mut self) {
        for attribute in &self.own.attributes {
            json::escape_key(self.out, &attribute.key);
            match &attribute.value {
                // Most are texts that fit, of which nothing has to be asked.
                AttributeValue::String(text) if text.len() <= self.cap.0 => self.name(text),
                value => self.typed(value),
            }
        }
    }

    /// Takes back the beginning of one more, and the comma before it.
    pub fn end(&mut self) {
        self.out.truncate(self.out.len().saturating_sub(BEGIN.len()));
        if self.out.last() == Some(&b',') {
            self.out.pop();
        }
    }

    /// Begins an attribute that a kind of span implies. `false`, and nothing is written, if the caller set one of its key.
    pub fn implied(&mut self, key: &str) -> bool {
        let is_free = self.own.keys().all(|own| own != key.as_bytes());
        if is_free {
            self.out.extend_from_slice(key.as_bytes());
        }
        is_free
    }

    /// The same for an element of a list: `gen_ai.prompt.`, 0, `.role`.
    #[inline]
    pub fn element(&mut self, list: &str, index: usize, field: &str) -> bool {
        let start = self.out.len();
        self.out.extend_from_slice(list.as_bytes());
        json::unsigned(self.out, index as u64);
        self.out.extend_from_slice(field.as_bytes());
        let key = self.out.get(start..).unwrap_or_default();
        let is_free = self.own.keys().all(|own| own != key);
        if !is_free {
            self.out.truncate(start);
        }
        is_free
    }

    /// Begins an association property, like [`implied`](Attributes::implied).
    pub fn associated(&mut self, name: &str) -> bool {
        let is_free = self.own.keys().all(|own| own.strip_prefix(ASSOCIATION.as_bytes()) != Some(name.as_bytes()));
        if is_free {
            self.out.extend_from_slice(ASSOCIATION.as_bytes());
            json::escape(self.out, name);
        }
        is_free
    }

    /// Free text, which the cap may cut. Returns where it is.
    pub fn text(&mut self, text: &str) -> Range<usize> {
        let cap = self.cap;
        self.string(|out| json::escape_capped(out, text, cap))
    }

    /// A text that was written before.
    pub fn again(&mut self, text: Range<usize>) {
        self.string(|out| out.extend_from_within(text));
    }

    /// A text that is not cut: a name or an id, which is no use in part, or one that fits.
    pub fn name(&mut self, name: &str) {
        self.string(|out| json::escape(out, name));
    }

    /// Whatever `write` writes, which must be escaped.
    pub fn string(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        self.out.extend_from_slice(br#"","value":{"stringValue":""#);
        let start = self.out.len();
        write(self.out);
        let end = self.out.len();
        self.out.extend_from_slice(br#""}},{"key":""#);
        start..end
    }

    /// A string as it is, anything else as compact JSON.
    pub fn json_as_text(&mut self, value: &Json) {
        if value.is_string() {
            self.out.extend_from_slice(br#"","value":{"stringValue":"#);
            json::value(self.out, value, self.cap);
            self.out.extend_from_slice(br#"}},{"key":""#);
        } else {
            self.text(value.as_str());
        }
    }

    /// The type that fits the value.
    pub fn json(&mut self, value: &Json) {
        match value.as_str().as_bytes().first() {
            Some(b't' | b'f') => self.verbatim(br#"boolValue":"#, value.as_str(), br#"}},{"key":""#),
            Some(b'-' | b'0'..=b'9') if is_i64(value.as_str()) => {
                self.verbatim(br#"intValue":""#, value.as_str(), br#""}},{"key":""#);
            }
            Some(b'-' | b'0'..=b'9') => self.verbatim(br#"doubleValue":"#, value.as_str(), br#"}},{"key":""#),
            _ => match json::strings(value) {
                Some(texts) => self.array(&texts, json::escaped),
                None => self.json_as_text(value),
            },
        }
    }

    pub fn int(&mut self, int: i64) {
        self.out.extend_from_slice(br#"","value":{"intValue":""#);
        json::signed(self.out, int);
        self.out.extend_from_slice(br#""}},{"key":""#);
    }

    fn typed(&mut self, value: &AttributeValue) {
        match value {
            AttributeValue::String(text) => drop(self.text(text)),
            AttributeValue::Int(int) => self.int(*int),
            AttributeValue::Float(float) => self.float(*float),
            AttributeValue::Bool(bool) => {
                self.verbatim(br#"boolValue":"#, if *bool { "true" } else { "false" }, br#"}},{"key":""#)
            }
            AttributeValue::StringArray(texts) => self.array(texts, json::text),
        }
    }

    /// JSON has no number for NaN and the infinities, and the backend takes no null.
    fn float(&mut self, float: f64) {
        if float.is_finite() {
            self.out.extend_from_slice(br#"","value":{"doubleValue":"#);
            json::float(self.out, float);
            self.out.extend_from_slice(br#"}},{"key":""#);
        } else {
            self.name(if float.is_nan() {
                "NaN"
            } else if float > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            });
        }
    }

    fn array<T: AsRef<str>>(&mut self, texts: &[T], write: fn(&mut Vec<u8>, &str, TextCap)) {
        self.out.extend_from_slice(br#"","value":{"arrayValue":{"values":["#);
        for (index, text) in texts.iter().enumerate() {
            self.out.extend_from_slice(if index > 0 { br#",{"stringValue":"# } else { br#"{"stringValue":"# });
            write(self.out, text.as_ref(), self.cap);
            self.out.push(b'}');
        }
        self.out.extend_from_slice(br#"]}}},{"key":""#);
    }

    fn verbatim(&mut self, before: &[u8], value: &str, after: &[u8]) {
        self.out.extend_from_slice(br#"","value":{""#);
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(value.as_bytes());
        self.out.extend_from_slice(after);
    }
}

/// Whether a number of JSON is an integer of 64 bits; told by its digits, because the parser weighs half a kilobyte on wasm.
fn is_i64(number: &str) -> bool {
    let (digits, largest) = match number.strip_prefix('-') {
        Some(digits) => (digits, "9223372036854775808"),
        None => (number, "9223372036854775807"),
    };
    let is_within = digits.len() < largest.len() || (digits.len() == largest.len() && digits <= largest);
    is_within && digits.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_i64;

    #[test]
    fn integers_are_told_from_other_numbers_as_a_parser_does() {
        for number in ["0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808"] {
            assert_eq!(is_i64(number), number.parse::<i64>().is_ok(), "{number}");
        }
        for number in ["-9223372036854775809", "10000000000000000000", "1.0", "1e3", "-0.5", "1E+2"] {
            assert!(!is_i64(number), "{number}");
        }
    }
}
