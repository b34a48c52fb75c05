use time::OffsetDateTime;

use super::body::MAX_BODY;
use super::fit::record;
use super::json::{self, Object};
use super::timestamp::rfc3339;
use super::{Encoding, Library, TextCap};
use crate::records::{Attachment, Properties};

const ARRAY_BRACKETS: usize = 2;

/// An event as it goes on the wire, complete or partial. Empty texts are left out.
#[derive(Clone, Copy)]
pub(crate) struct EventView<'a> {
    pub event_id: &'a str,
    pub user_id: &'a str,
    pub event: &'a str,
    pub timestamp: OffsetDateTime,
    pub input: &'a str,
    pub output: &'a str,
    pub model: &'a str,
    pub convo_id: &'a str,
    pub properties: &'a Properties,
    pub attachments: &'a [Attachment],
    pub feature_flags: &'a Properties,
}

/// The `$context` object, which names the library that recorded an event.
pub(crate) fn context(library: &Library<'_>) -> Box<[u8]> {
    json::template(&[
        (r#"{"library":{"name":""#, library.name),
        (r#"","version":""#, library.version),
        (r#""},"metadata":{"language":"rust","runtime":""#, library.runtime),
        (r#""}}"#, ""),
    ])
}

/// Adds an element of an `events/track` array. `false` when it is too large and has no text left to shorten.
pub(crate) fn complete_event(out: &mut Vec<u8>, event: &EventView<'_>, encoding: &Encoding) -> bool {
    let limit = MAX_BODY.saturating_sub(ARRAY_BRACKETS);
    // The schema of `events/track` refuses `ai_data` without content.
    let is_ai = !(event.input.is_empty() && event.output.is_empty());
    let (model, convo_id) = if is_ai { (event.model, event.convo_id) } else { ("", "") };
    let event = EventView { model, convo_id, ..*event };
    record(out, limit, encoding.text_cap, &|out, cap| encode(out, &event, None, encoding, cap))
}

/// Adds a body of `events/track_partial`. `false` when it is too large and has no text left to shorten.
pub(crate) fn partial(out: &mut Vec<u8>, event: &EventView<'_>, is_pending: bool, encoding: &Encoding) -> bool {
    record(out, MAX_BODY, encoding.text_cap, &|out, cap| encode(out, event, Some(is_pending), encoding, cap))
}

fn encode(out: &mut Vec<u8>, event: &EventView<'_>, is_pending: Option<bool>, encoding: &Encoding, cap: TextCap) {
    let mut object = Object::new(out);
    object.string("event_id", event.event_id);
    object.string("user_id", event.user_id);
    object.string("event", event.event);
    rfc3339(object.key("timestamp"), event.timestamp);
    ai_data(&mut object, event, cap);
    properties(object.key("properties"), event.properties, &encoding.context, cap);
    attachments(object.key("attachments"), event.attachments, cap);
    if !event.feature_flags.is_empty() {
        let mut flags = Object::new(object.key("feature_flags"));
        for (name, variant) in event.feature_flags.iter() {
            json::value(flags.key(name), variant, TextCap(usize::MAX));
        }
        flags.end();
    }
    if let Some(is_pending) = is_pending {
        object.key("is_pending").extend_from_slice(if is_pending { b"true" } else { b"false" });
    }
    object.end();
}

fn ai_data(object: &mut Object<'_>, event: &EventView<'_>, cap: TextCap) {
    if [event.input, event.output, event.model, event.convo_id].iter().all(|text| text.is_empty()) {
        return;
    }
    let mut data = Object::new(object.key("ai_data"));
    for (key, text) in [("input", event.input), ("output", event.output)] {
        if !text.is_empty() {
            json::text(data.key(key), text, cap);
        }
    }
    data.non_empty_string("model", event.model);
    data.non_empty_string("convo_id", event.convo_id);
    data.end();
}

fn properties(out: &mut Vec<u8>, properties: &Properties, context: &[u8], cap: TextCap) {
    let mut object = Object::new(out);
    for (key, value) in properties.iter().filter(|(key, _)| *key != "$context") {
        json::value(object.key(key), value, cap);
    }
    object.key("$context").extend_from_slice(context);
    object.end();
}

fn attachments(out: &mut Vec<u8>, attachments: &[Attachment], cap: TextCap) {
    out.push(b'[');
    for (index, attachment) in attachments.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let mut object = Object::new(out);
        object.string("type", &attachment.kind);
        object.string("role", &attachment.role);
        object.non_empty_string("attachment_id", &attachment.attachment_id);
        object.non_empty_string("name", &attachment.name);
        json::text(object.key("value"), &attachment.value, cap);
        object.non_empty_string("language", &attachment.language);
        object.end();
    }
    out.push(b']');
}
