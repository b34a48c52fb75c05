/// As much as makes it four words long.
const SHORT: usize = 30;

/// A text that is usually short: then it takes no memory of its own.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// So many of the bytes; those behind them are zeros.
    Short(u8, [u8; SHORT]),
    /// What is too long for it.
    Long(String),
}

impl Text {
    #[inline]
    fn short(text: &str) -> Option<Self> {
        let mut bytes = [0; SHORT];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self::Short(text.len() as u8, bytes))
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
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

impl Default for Text {
    fn default() -> Self {
        Self::Short(0, [0; SHORT])
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        Self::short(text).unwrap_or_else(|| Self::Long(text.to_owned()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::short(&text).unwrap_or(Self::Long(text))
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
