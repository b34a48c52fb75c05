use std::borrow::Borrow;

use serde_json::Value;

use super::Key;

/// The value of a span attribute, in the types that OTLP knows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// Text.
    String(String),
    /// A signed integer.
    Int(i64),
    /// A double. NaN and the infinities, which JSON lacks, are sent as text.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A list of texts.
    StringArray(Vec<String>),
}

/// A key and a value on a span.
///
/// ```
/// # use raindrop::Attribute;
/// let attributes = [Attribute::string("retriever", "bm25"), Attribute::int("documents", 8)];
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name. A span has each name once: the last value set wins.
    pub key: Key,
    /// The value.
    pub value: AttributeValue,
}

impl Attribute {
    #[inline]
    fn new(key: Key, value: AttributeValue) -> Self {
        Self { key, value }
    }

    /// A text.
    #[inline]
    pub fn string(key: impl Into<Key>, value: impl Into<String>) -> Self {
        // First, or the key would have to be kept while it is made.
        let value = value.into();
        Self::new(key.into(), AttributeValue::String(value))
    }

    /// A signed integer.
    pub fn int(key: impl Into<Key>, value: i64) -> Self {
        Self::new(key.into(), AttributeValue::Int(value))
    }

    /// A double.
    pub fn float(key: impl Into<Key>, value: f64) -> Self {
        Self::new(key.into(), AttributeValue::Float(value))
    }

    /// A truth value.
    pub fn bool(key: impl Into<Key>, value: bool) -> Self {
        Self::new(key.into(), AttributeValue::Bool(value))
    }

    /// A list of texts.
    pub fn string_array<I>(key: impl Into<Key>, values: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self::new(key.into(), AttributeValue::StringArray(values.into_iter().map(Into::into).collect()))
    }

    /// The type that fits a JSON value: text, integer, double, truth value or list of texts. Everything else (objects,
    /// mixed lists, null) becomes its JSON text.
    pub fn from_json(key: impl Into<Key>, value: impl Borrow<Value>) -> Self {
        Self::new(key.into(), AttributeValue::from_json(value.borrow()))
    }
}

impl AttributeValue {
    fn from_json(value: &Value) -> Self {
        let text = || AttributeValue::String(value.to_string());
        match value {
            Value::String(string) => AttributeValue::String(string.clone()),
            Value::Bool(bool) => AttributeValue::Bool(*bool),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(int), _) => AttributeValue::Int(int),
                (None, Some(float)) => AttributeValue::Float(float),
                (None, None) => text(),
            },
            Value::Array(items) => {
                let strings: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                strings.map_or_else(text, AttributeValue::StringArray)
            }
            Value::Object(_) | Value::Null => text(),
        }
    }
}

/// The attributes as if they had been set one by one.
pub(crate) fn distinct(attributes: Vec<Attribute>) -> Vec<Attribute> {
    if are_distinct(&attributes) { attributes } else { set_one_by_one(attributes) }
}

fn are_distinct(attributes: &[Attribute]) -> bool {
    let mut rest = attributes;
    while let [before @ .., last] = rest {
        if last.key.is_empty() || before.iter().any(|other| other.key == last.key) {
            return false;
        }
        rest = before;
    }
    true
}

#[cold]
fn set_one_by_one(attributes: Vec<Attribute>) -> Vec<Attribute> {
    let mut distinct = Vec::new();
    for attribute in attributes {
        set_attribute(&mut distinct, attribute);
    }
    distinct
}

/// Adds an attribute, or replaces the one that has its key. One without a key is left out: the backend refuses it.
pub(crate) fn set_attribute(attributes: &mut Vec<Attribute>, attribute: Attribute) {
    if attribute.key.is_empty() {
        return;
    }
    match attributes.iter_mut().find(|present| present.key == attribute.key) {
        Some(present) => present.value = attribute.value,
        None => attributes.push(attribute),
    }
}
