//! JSON values of the caller to compact text.

use std::collections::BTreeMap;

use serde_json::{Number, Value, map};

use super::{Scratch, json};
use crate::platform;
use crate::records::{Json, Properties};

pub(crate) fn compact(value: &Value) -> Json {
    written(&|out| write(out, value))
}

pub(crate) fn properties(values: BTreeMap<String, Value>) -> Properties {
    if values.is_empty() {
        return Properties::default();
    }
    let mut distinct = Vec::with_capacity(values.len());
    for (name, value) in values {
        distinct.push((name, compact(&value)));
    }
    Properties::from_distinct(distinct)
}

pub(crate) fn property(name: String, value: &Value) -> Properties {
    Properties::from_distinct(vec![(name, compact(value))])
}

pub(crate) fn texts(values: BTreeMap<String, String>) -> Properties {
    let mut distinct = Vec::with_capacity(values.len());
    for (name, value) in values {
        distinct.push((name, written(&|out| json::string(out, &value))));
    }
    Properties::from_distinct(distinct)
}

fn written(write: &dyn Fn(&mut Vec<u8>)) -> Json {
    let mut out = Scratch::new();
    write(&mut out);
    Json::from_text(String::from_utf8(out.as_slice().to_vec()).unwrap_or_default())
}

/// Depth costs heap, never stack.
fn write(out: &mut Vec<u8>, value: &Value) {
    enum Open<'a> {
        Array(std::slice::Iter<'a, Value>),
        Object(map::Iter<'a>),
    }

    let mut open = Vec::new();
    let mut next = Some(value);
    loop {
        match next.take() {
            None => {}
            Some(Value::Null) => out.extend_from_slice(b"null"),
            Some(Value::Bool(true)) => out.extend_from_slice(b"true"),
            Some(Value::Bool(false)) => out.extend_from_slice(b"false"),
            Some(Value::Number(number)) => self::number(out, number),
            Some(Value::String(string)) => json::string(out, string),
            Some(Value::Array(items)) => {
                out.push(b'[');
                open.push(Open::Array(items.iter()));
            }
            Some(Value::Object(entries)) => {
                out.push(b'{');
                open.push(Open::Object(entries.iter()));
            }
        }
        let comma = !matches!(out.last(), Some(b'[' | b'{'));
        match open.last_mut() {
            None => return,
            Some(Open::Array(items)) => match items.next() {
                Some(item) => {
                    if comma {
                        out.push(b',');
                    }
                    next = Some(item);
                }
                None => {
                    out.push(b']');
                    open.pop();
                }
            },
            Some(Open::Object(entries)) => match entries.next() {
                Some((key, item)) => {
                    if comma {
                        out.push(b',');
                    }
                    json::string(out, key);
                    out.push(b':');
                    next = Some(item);
                }
                None => {
                    out.push(b'}');
                    open.pop();
                }
            },
        }
    }
}

fn number(out: &mut Vec<u8>, number: &Number) {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(number), ..) => json::unsigned(out, number),
        (None, Some(number), _) => json::signed(out, number),
        (None, None, number) => {
            let number = number.unwrap_or(f64::NAN);
            json::float(out, number);
            // With a fraction, it is told from an integer.
            if number.trunc() == number && number.abs() < platform::EXPONENT_FROM {
                out.extend_from_slice(b".0");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn any_value_reads_back() {
        let sample = json!({
            "": [], "a": {}, "b": [[], [1, -2, 2.5, 1.0, -0.0, 1e300, 1e20, 1e16, -1e16, u64::MAX, i64::MIN]],
            "c": {"x": null, "y": [true, false]}, "k\"ey": "va\\lue[", "[": "{",
        });
        assert_eq!(serde_json::from_str::<Value>(compact(&sample).as_str()).unwrap(), sample);
    }

    #[test]
    fn nesting_takes_no_stack() {
        let mut deep = json!("bottom");
        for _ in 0..100_000 {
            deep = Value::Array(vec![deep]);
        }
        assert_eq!(compact(&deep).as_str().len(), 2 * 100_000 + "\"bottom\"".len());
        // serde_json drops recursively.
        std::mem::forget(deep);
    }
}
