//! Reading what JavaScript hands over: the items of a JSON array, one after the other.
//!
//! The text comes from `JSON.stringify`, so it is valid and has no white space. What is missing or null reads as empty.

use time::OffsetDateTime;

use crate::records::{Json, Properties};

/// The items of an array, or the keys and values of an object.
#[derive(Clone, Copy)]
pub(crate) struct Items<'a>(&'a str);

impl<'a> Items<'a> {
    /// `text` is an array or an object; anything else has no items.
    pub fn of(text: &'a str) -> Self {
        Self(text.strip_prefix(['[', '{']).unwrap_or_default())
    }

    /// The next item as it stands; empty at the end.
    pub fn raw(&mut self) -> &'a str {
        let end = end_of_item(self.0.as_bytes());
        let (item, rest) = self.0.split_at_checked(end).unwrap_or_default();
        self.0 = rest.get(1..).unwrap_or_default();
        item
    }

    pub fn text(&mut self) -> String {
        unquote(self.raw())
    }

    /// The next item if it is a string.
    pub fn optional_text(&mut self) -> Option<String> {
        let raw = self.raw();
        raw.starts_with('"').then(|| unquote(raw))
    }

    pub fn integer(&mut self) -> Option<i64> {
        self.raw().parse().ok()
    }

    /// Milliseconds since the Unix epoch.
    pub fn time(&mut self) -> Option<OffsetDateTime> {
        let millis = self.integer()?;
        let second = OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000)).ok()?;
        second.replace_millisecond(u16::try_from(millis.rem_euclid(1000)).ok()?).ok()
    }

    /// The next item as an object of any values.
    pub fn object(&mut self) -> Properties {
        let mut items = Items::of(self.raw());
        let entries = std::iter::from_fn(|| {
            let name = items.raw();
            (!name.is_empty()).then(|| (unquote(name), Json::from_text(items.raw().to_owned())))
        });
        Properties::from_distinct(entries.collect())
    }

    /// The next item as an array of arrays.
    pub fn each<T>(&mut self, read: impl FnMut(Items<'a>) -> T) -> Vec<T> {
        let mut items = Items::of(self.raw());
        std::iter::from_fn(|| Some(items.raw()).filter(|raw| !raw.is_empty())).map(Items::of).map(read).collect()
    }
}

/// Where the item ends that the bytes begin with: at a comma, a colon or a bracket that is not inside of it.
fn end_of_item(bytes: &[u8]) -> usize {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let ends = |byte: &u8| {
        if in_string {
            in_string = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            return false;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth = depth.saturating_add(1),
            b',' | b':' => return depth == 0,
            b']' | b'}' if depth == 0 => return true,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    };
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// The text that a JSON string stands for; empty for anything else. A surrogate without its other half, which UTF-8
/// cannot hold, becomes U+FFFD.
fn unquote(raw: &str) -> String {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut after = escaped.chars();
        match after.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('u') => {
                let (code, tail) = after.as_str().split_at_checked(4).unwrap_or_default();
                let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
                after = tail.chars();
            }
            Some(itself) => text.push(itself),
            None => {}
        }
        rest = after.as_str();
    }
    text.push_str(rest);
    text
}
