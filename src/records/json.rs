/// A JSON value as its compact text, the form in which it waits and travels.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Json(String);

impl Json {
    /// `text` must be one JSON value without whitespace around its parts.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_string(&self) -> bool {
        self.0.starts_with('"')
    }

    /// Whether it is the empty string.
    pub fn is_empty(&self) -> bool {
        self.0 == "\"\""
    }

    pub fn is_null(&self) -> bool {
        self.0 == "null"
    }
}

/// JSON values by name, in the order in which the names were first set.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Properties(Vec<(String, Json)>);

impl Properties {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long names and values are altogether.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len().saturating_add(value.0.len())).sum()
    }

    /// The value of this name, if it says anything: null does not.
    pub fn known(&self, name: &str) -> Option<&Json> {
        self.iter().find(|(known, value)| *known == name && !value.is_null()).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Adds a value, or replaces the one that has its name.
    pub fn set(&mut self, name: String, value: Json) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name, value)),
        }
    }

    pub fn merge(&mut self, newer: Properties) {
        if self.is_empty() {
            *self = newer;
            return;
        }
        for (name, value) in newer.0 {
            self.set(name, value);
        }
    }

    /// Values whose names are known to differ.
    pub fn from_distinct(values: Vec<(String, Json)>) -> Self {
        Self(values)
    }
}
