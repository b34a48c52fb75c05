use super::body::MAX_BODY;
use super::fit::record;
use super::json::{self, Object};
use super::{Encoding, TextCap};
use crate::records::Properties;

/// Adds an element of a `users/identify` array. `false` when it is too large and has no text left to shorten.
pub(crate) fn user(out: &mut Vec<u8>, user_id: &str, traits: &Properties, encoding: &Encoding) -> bool {
    record(out, MAX_BODY.saturating_sub(2), encoding.text_cap, &|out, cap| encode(out, user_id, traits, cap))
}

fn encode(out: &mut Vec<u8>, user_id: &str, known: &Properties, cap: TextCap) {
    let mut object = Object::new(out);
    object.string("user_id", user_id);
    let mut traits = Object::new(object.key("traits"));
    for (key, value) in known.iter() {
        json::value(traits.key(key), value, cap);
    }
    traits.end();
    object.end();
}
