/// As much as makes it 32 bytes long.
pub(crate) const SHORT_TEXT: usize = 30;

/// A text that takes no memory of its own if it is short and was not given any.
#[derive(Clone)]
pub(crate) enum Text {
    /// The bytes with zeros behind them, and how many they are without.
    Short(Length, [u8; SHORT_TEXT]),
    Long(String),
}

/// Of a short text. Its highest bit is set if an escape is needed.
#[derive(Clone, Copy)]
pub(crate) struct Length(u8);

impl Length {
    const ESCAPED: u8 = 0x80;

    fn get(self) -> usize {
        usize::from(self.0 & !Self::ESCAPED)
    }

    fn is_plain(self) -> bool {
        self.0 & Self::ESCAPED == 0
    }
}

/// `is_plain` says whether it needs no escape in JSON.
#[inline]
pub(crate) fn short_text(text: &str, is_plain: impl FnOnce() -> bool) -> Text {
    let mut bytes = [0; SHORT_TEXT];
    let Some(place) = bytes.get_mut(..text.len()) else { return Text::Long(text.to_owned()) };
    place.copy_from_slice(text.as_bytes());
    let escaped = if is_plain() { 0 } else { Length::ESCAPED };
    Text::Short(Length(text.len() as u8 | escaped), bytes)
}

/// The bytes of a short text that needs no escape, with their padding, and how many they are without.
#[inline]
pub(crate) fn padded_text(text: &Text) -> Option<(&[u8; SHORT_TEXT], usize)> {
    match text {
        Text::Short(length, bytes) if length.is_plain() => Some((bytes, length.get())),
        _ => None,
    }
}

impl Text {
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..length.get()).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Short(..) => str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Short(length, bytes), Self::Short(other_length, others)) => {
                length.get() == other_length.get() && bytes == others
            }
            _ => self.as_bytes() == other.as_bytes(),
        }
    }
}

impl Eq for Text {}

impl Default for Text {
    fn default() -> Self {
        Self::Long(String::new())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Long(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        match text {
            Text::Short(..) => text.as_str().to_owned(),
            Text::Long(text) => text,
        }
    }
}
