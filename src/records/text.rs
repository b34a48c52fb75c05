use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::plain::plain_prefix;
use crate::platform;

/// A text of an attribute: made of any text, and read like a `str`.
///
/// On native targets, up to 30 bytes that were borrowed take no memory of their own.
///
/// ```
/// # use raindrop::{Attribute, AttributeValue, Text};
/// let attribute = Attribute::string("retriever", "bm25");
/// assert_eq!(attribute.key, "retriever");
/// assert!(attribute.key.starts_with("retr"));
/// assert_eq!(attribute.value, AttributeValue::String("bm25".into()));
/// assert_eq!(attribute.key, Text::from(String::from("retriever")));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(platform::Text);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is the empty text.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The same with padding behind it and how many bytes are the text's, if it is kept so and needs no escape in JSON.
    #[inline]
    pub(crate) fn padded(&self) -> Option<(&[u8; platform::SHORT_TEXT], usize)> {
        platform::padded_text(&self.0)
    }

    /// The text in UTF-8.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        Self(platform::short_text(text, || plain_prefix(text.as_bytes()) == text.len()))
    }
}

impl From<&mut str> for Text {
    fn from(text: &mut str) -> Self {
        Self::from(&*text)
    }
}

impl From<&String> for Text {
    #[inline]
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Text {
    #[allow(clippy::useless_conversion, reason = "in wasm it is a string already")]
    #[inline]
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Box<str>> for Text {
    fn from(text: Box<str>) -> Self {
        Self::from(String::from(text))
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}

impl From<char> for Text {
    fn from(text: char) -> Self {
        Self::from(&*text.encode_utf8(&mut [0; 4]))
    }
}

impl From<Text> for String {
    #[allow(clippy::useless_conversion, reason = "in wasm it is a string already")]
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Text {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        *self == **other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        *other == *self
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *other == **self
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        *other == **self
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    /// From the empty text to one that is longer than any that is kept in place, of one byte or more for each character.
    fn texts() -> impl Iterator<Item = String> {
        (0..50).flat_map(|length| ["k", "é", "😀", "\0"].map(|character| character.repeat(length)))
    }

    #[test]
    fn a_text_is_made_of_all_that_a_string_is_made_of() {
        for text in texts() {
            let mut borrowed = text.clone();
            let made = [
                Text::from(text.as_str()),
                Text::from(borrowed.as_mut_str()),
                Text::from(&text),
                Text::from(text.clone()),
                Text::from(text.clone().into_boxed_str()),
                Text::from(Cow::Borrowed(text.as_str())),
                Text::from(Cow::<str>::Owned(text.clone())),
            ];
            for own in made {
                assert_eq!((own.as_str(), own.len(), own.is_empty()), (text.as_str(), text.len(), text.is_empty()));
                assert_eq!(
                    (format!("{own:>60?}"), format!("{own:>60}")),
                    (format!("{text:>60?}"), format!("{text:>60}"))
                );
                assert_eq!(String::from(own), text);
            }
        }
        assert_eq!(Text::from('é'), "é");
        assert_eq!(Text::default(), "");
    }

    #[test]
    fn a_text_equals_what_it_was_made_of_and_nothing_else() {
        let texts: Vec<String> = texts().chain(["k ", "k"].map(|end| "k".repeat(28) + end)).collect();
        let made = || texts.iter().flat_map(|text| [(text, Text::from(text)), (text, Text::from(text.clone()))]);
        for (one, own) in made() {
            for (other, other_own) in made() {
                let is_same = one == other;
                assert_eq!(own == other_own, is_same, "{one:?} {other:?}");
                assert_eq!([own == **other, own == other.as_str(), own == *other], [is_same; 3]);
                assert_eq!([**other == own, other.as_str() == own, *other == own], [is_same; 3]);
            }
        }
    }

    #[test]
    fn a_text_is_found_and_sorted_as_a_string() {
        let sorted: BTreeMap<Text, String> = texts().map(|text| (Text::from(&text), text)).collect();
        assert!(sorted.values().is_sorted());
        let hashed: HashMap<Text, String> = sorted.into_iter().collect();
        assert!(texts().all(|text| hashed.get(text.as_str()) == Some(&text)));
    }
}
