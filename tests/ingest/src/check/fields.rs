//! Strict reading of JSON objects: every key is asked for by name, and what was not asked for is an
//! error.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Checked;

/// The keys of one object, and where in the body it stands.
pub(super) struct Fields<'a> {
    at: String,
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, at: impl Into<String>) -> Checked<Fields<'a>> {
        let at = at.into();
        match value {
            Value::Object(object) => Ok(Fields { at, object, known: Vec::new() }),
            _ => Err(format!("{at}: not an object")),
        }
    }

    /// Where a key of this object stands.
    pub(super) fn at(&self, key: &str) -> String {
        if self.at.is_empty() {
            return key.to_owned();
        }
        format!("{}.{key}", self.at)
    }

    pub(super) fn optional(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.object.get(key)
    }

    pub(super) fn required(&mut self, key: &'static str) -> Checked<&'a Value> {
        let value = self.optional(key);
        value.ok_or_else(|| format!("{}: missing", self.at(key)))
    }

    /// A string that must be there and not be empty.
    pub(super) fn text(&mut self, key: &'static str) -> Checked<&'a str> {
        match self.required(key)?.as_str() {
            Some("") => Err(format!("{}: empty", self.at(key))),
            Some(text) => Ok(text),
            None => Err(format!("{}: not a string", self.at(key))),
        }
    }

    /// A string that may be left out.
    pub(super) fn optional_text(&mut self, key: &'static str) -> Checked<Option<&'a str>> {
        match self.optional(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{}: not a string", self.at(key))),
        }
    }

    /// A string out of a list.
    pub(super) fn one_of(&mut self, key: &'static str, names: &[&str]) -> Checked<&'a str> {
        let text = self.text(key)?;
        match names.contains(&text) {
            true => Ok(text),
            false => Err(format!("{}: {text:?} is none of {}", self.at(key), names.join(", "))),
        }
    }

    /// An object that must be there.
    pub(super) fn object(&mut self, key: &'static str) -> Checked<Fields<'a>> {
        let value = self.required(key)?;
        Fields::of(value, self.at(key))
    }

    /// An array that must be there.
    pub(super) fn array(&mut self, key: &'static str) -> Checked<&'a [Value]> {
        match self.required(key)? {
            Value::Array(items) => Ok(items),
            _ => Err(format!("{}: not an array", self.at(key))),
        }
    }

    /// A moment in RFC 3339, in UTC and written with a `Z`.
    pub(super) fn timestamp(&mut self, key: &'static str) -> Checked<()> {
        let text = self.text(key)?;
        let parsed = OffsetDateTime::parse(text, &Rfc3339);
        if parsed.is_ok() && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
            return Ok(());
        }
        Err(format!("{}: {text:?} is not RFC 3339 in UTC with a Z", self.at(key)))
    }

    /// Everything in the object, known or not.
    pub(super) fn all(&self) -> &'a Map<String, Value> {
        self.object
    }

    /// The object must have no other keys than those asked for.
    pub(super) fn nothing_else(&self) -> Checked<()> {
        let unknown = |key: &&String| !self.known.contains(&key.as_str());
        match self.object.keys().find(unknown) {
            Some(key) => Err(format!("{}: unknown key", self.at(key))),
            None => Ok(()),
        }
    }
}
