use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use crate::plain::plain_prefix;
use crate::platform;

/// The name of an attribute: made of any text, and read like a `str`.
///
/// ```
/// # use raindrop::{Attribute, Key};
/// let attribute = Attribute::int("documents", 8);
/// assert_eq!(attribute.key, "documents");
/// assert!(attribute.key.starts_with("doc"));
/// assert_eq!(attribute.key, Key::from(String::from("documents")));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Key(platform::Text);

impl Key {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is the empty text.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with padding behind it and how many bytes are the key's, if it is kept so and needs no escape in JSON.
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

impl From<&str> for Key {
    #[inline]
    fn from(key: &str) -> Self {
        Self(platform::short_text(key, || plain_prefix(key.as_bytes()) == key.len()))
    }
}

impl From<&mut str> for Key {
    fn from(key: &mut str) -> Self {
        Self::from(&*key)
    }
}

impl From<&String> for Key {
    fn from(key: &String) -> Self {
        Self::from(key.as_str())
    }
}

impl From<String> for Key {
    #[allow(clippy::useless_conversion, reason = "in wasm it is a string already")]
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl From<Box<str>> for Key {
    fn from(key: Box<str>) -> Self {
        Self::from(String::from(key))
    }
}

impl From<Cow<'_, str>> for Key {
    fn from(key: Cow<'_, str>) -> Self {
        match key {
            Cow::Borrowed(key) => Self::from(key),
            Cow::Owned(key) => Self::from(key),
        }
    }
}

impl From<char> for Key {
    fn from(key: char) -> Self {
        Self::from(&*key.encode_utf8(&mut [0; 4]))
    }
}

impl From<Key> for String {
    #[allow(clippy::useless_conversion, reason = "in wasm it is a string already")]
    fn from(key: Key) -> Self {
        key.0.into()
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Key {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<String> for Key {
    fn eq(&self, other: &String) -> bool {
        *self == **other
    }
}

impl PartialEq<Key> for str {
    fn eq(&self, other: &Key) -> bool {
        *other == *self
    }
}

impl PartialEq<Key> for &str {
    fn eq(&self, other: &Key) -> bool {
        *other == **self
    }
}

impl PartialEq<Key> for String {
    fn eq(&self, other: &Key) -> bool {
        *other == **self
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Key {
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
    fn a_key_is_made_of_all_that_a_string_is_made_of() {
        for text in texts() {
            let mut borrowed = text.clone();
            let keys = [
                Key::from(text.as_str()),
                Key::from(borrowed.as_mut_str()),
                Key::from(&text),
                Key::from(text.clone()),
                Key::from(text.clone().into_boxed_str()),
                Key::from(Cow::Borrowed(text.as_str())),
                Key::from(Cow::<str>::Owned(text.clone())),
            ];
            for key in keys {
                assert_eq!((key.as_str(), key.len(), key.is_empty()), (text.as_str(), text.len(), text.is_empty()));
                assert_eq!(
                    (format!("{key:>60?}"), format!("{key:>60}")),
                    (format!("{text:>60?}"), format!("{text:>60}"))
                );
                assert_eq!(String::from(key), text);
            }
        }
        assert_eq!(Key::from('é'), "é");
        assert_eq!(Key::default(), "");
    }

    #[test]
    fn a_key_equals_its_text_and_no_other() {
        let texts: Vec<String> = texts().chain(["k".repeat(29) + "\0", "k".repeat(30) + "\0"]).collect();
        let keys = || texts.iter().flat_map(|text| [(text, Key::from(text)), (text, Key::from(text.clone()))]);
        for (one, key) in keys() {
            for (other, other_key) in keys() {
                let is_same = one == other;
                assert_eq!(key == other_key, is_same, "{one:?} {other:?}");
                assert_eq!([key == **other, key == other.as_str(), key == *other], [is_same; 3]);
                assert_eq!([**other == key, other.as_str() == key, *other == key], [is_same; 3]);
            }
        }
    }

    #[test]
    fn a_key_is_found_and_sorted_as_its_text() {
        let sorted: BTreeMap<Key, String> = texts().map(|text| (Key::from(&text), text)).collect();
        assert!(sorted.values().is_sorted());
        let hashed: HashMap<Key, String> = sorted.into_iter().collect();
        assert!(texts().all(|text| hashed.get(text.as_str()) == Some(&text)));
    }
}
