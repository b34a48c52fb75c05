/// As much as makes it 32 bytes long.
pub(crate) const SHORT_TEXT: usize = 30;

const WORD: usize = 8;

/// A text that takes no memory of its own if it is short and was not given any.
#[derive(Clone)]
pub(crate) enum Text {
    /// The bytes with zeros behind them, and how many they are without.
    Short(Length, [u8; SHORT_TEXT]),
    Long(String),
}

/// Of a short text. Its highest bit is set if an escape is needed, which equal texts need alike.
#[derive(Clone, Copy, PartialEq)]
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
    if text.len() > SHORT_TEXT {
        return Text::Long(text.to_owned());
    }
    let escaped = if is_plain() { 0 } else { Length::ESCAPED };
    Text::Short(Length(text.len() as u8 | escaped), padded(text.as_bytes()))
}

/// The text with zeros behind it. It is written in the words in which it will be moved: a processor that reads what it wrote a
/// moment ago in other pieces has to wait. Of a text that the compiler knows, they are constants.
#[inline]
fn padded(text: &[u8]) -> [u8; SHORT_TEXT] {
    let mut bytes = [0; SHORT_TEXT];
    // In a `Text`, the tag and the length come before them, in the first word.
    let (start, rest) = bytes.split_at_mut(SHORT_TEXT % WORD);
    let mut at = start.len();
    start.iter_mut().zip(word(text, 0)).for_each(|(place, byte)| *place = byte);
    for place in rest.as_chunks_mut().0 {
        *place = word(text, at);
        at = at.wrapping_add(WORD);
    }
    bytes
}

/// The bytes from there on, with zeros behind them.
#[inline]
fn word(text: &[u8], at: usize) -> [u8; WORD] {
    let rest = text.get(at..).unwrap_or_default();
    let missing = (WORD.saturating_sub(rest.len()) as u32).wrapping_mul(u8::BITS);
    let number = match (rest.first_chunk(), text.last_chunk()) {
        (Some(word), _) => u64::from_le_bytes(*word),
        (None, Some(last)) => u64::from_le_bytes(*last).checked_shr(missing).unwrap_or_default(),
        (None, None) => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    number.to_le_bytes()
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
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Short(length, _) => length.get() == 0,
            Self::Long(text) => text.is_empty(),
        }
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..length.get()).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    /// Apart, because few keys are longer than what is kept in place, or were strings of the caller's.
    #[cold]
    fn has_bytes_of(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
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
                length == other_length && bytes == others
            }
            _ => self.has_bytes_of(other),
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
