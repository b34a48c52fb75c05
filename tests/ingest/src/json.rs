//! JSON in which no object says the same key twice.
//!
//! Readers differ in which of the two they take, so a body that relies on one of them is wrong. It
//! is an easy mistake to make when a serialiser writes caller's properties and its own into the
//! same object.
//!
//! Nesting goes deeper than `serde_json` allows by itself, since clients send caller's properties
//! however deep they are.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The deepest nesting that is read, so that no body can exhaust the stack.
const MAX_DEPTH: usize = 512;

/// The one JSON value that the bytes are.
pub(crate) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.disable_recursion_limit();
    let value = AnyValue { depth: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct AnyValue {
    depth: usize,
}

impl AnyValue {
    fn inside<E: Error>(self) -> Result<AnyValue, E> {
        match self.depth {
            MAX_DEPTH => Err(E::custom(format!("nested more than {MAX_DEPTH} levels deep"))),
            depth => Ok(AnyValue { depth: depth + 1 }),
        }
    }
}

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} is there twice")));
            }
            let value = entries.next_value_seed(inside)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    #[test]
    fn every_kind_of_value_survives() {
        let value = json!({"a": [null, true, -1, u64::MAX, 0.5, "x\u{1F600}", {}], "b": {"a": []}});
        assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
        assert_eq!(parse(b" 1 ").unwrap(), Value::from(1));
        assert!(parse(b"1 1").is_err());
    }

    #[test]
    fn a_repeated_key_is_refused_at_any_depth() {
        let error = parse(br#"[{"a":{"b":1,"b":1}}]"#).unwrap_err().to_string();
        assert!(error.contains(r#""b" is there twice"#), "{error}");
    }

    #[test]
    fn nesting_may_be_deep_but_not_without_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(500).as_bytes()).is_ok());
        let error = parse(nested(500_000).as_bytes()).unwrap_err().to_string();
        assert!(error.contains("512 levels"), "{error}");
    }
}
