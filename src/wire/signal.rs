use super::body::MAX_BODY;
use super::fit::record;
use super::json::{self, Object};
use super::timestamp::rfc3339;
use super::{Encoding, TextCap};
use crate::records::{SignalFields, SignalKind};

/// Adds an element of a `signals/track` array. `false` when it is too large and has no text left to shorten.
pub(crate) fn signal(out: &mut Vec<u8>, signal: &SignalFields, encoding: &Encoding) -> bool {
    record(out, MAX_BODY.saturating_sub(2), encoding.text_cap, &|out, cap| encode(out, signal, cap))
}

fn encode(out: &mut Vec<u8>, signal: &SignalFields, cap: TextCap) {
    let mut object = Object::new(out);
    object.string("event_id", &signal.event_id);
    object.string("signal_name", &signal.name);
    object.string("signal_type", if signal.kind.is_empty() { SignalKind::DEFAULT } else { &signal.kind });
    if let Some(timestamp) = signal.timestamp {
        rfc3339(object.key("timestamp"), timestamp);
    }
    object.non_empty_string("sentiment", &signal.sentiment);
    object.non_empty_string("attachment_id", &signal.attachment_id);

    let words = [("comment", signal.comment.as_str()), ("after", signal.after.as_str())];
    let mut properties = Object::new(object.key("properties"));
    for (key, value) in signal.properties.iter() {
        if !words.iter().any(|(word, text)| *word == key && !text.is_empty()) {
            json::value(properties.key(key), value, cap);
        }
    }
    for (word, text) in words.iter().filter(|(_, text)| !text.is_empty()) {
        json::text(properties.key(word), text, cap);
    }
    properties.end();
    object.end();
}
