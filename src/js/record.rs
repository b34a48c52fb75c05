//! From the items of an array to records. The order is that of the tables in `raindrop.js`.

use crate::error::Result;
use crate::ids::numbered;
use crate::outbox::Call;
use crate::recorder::{Recorder, event_id_or_new};
use crate::records::{
    Attachment, DEFAULT_EVENT, Detail, EventFields, Identity, LlmFields, LlmMessage, Prompt, SignalFields, SpanFields,
    SpanIds, SpanRecord, ToolFields,
};

use super::read::Items;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The id of an event, and what it says.
fn event(mut items: Items<'_>) -> (String, EventFields) {
    let event_id = items.text();
    let fields = EventFields {
        user_id: items.text(),
        event: items.text(),
        convo_id: items.text(),
        model: items.text(),
        timestamp: items.time(),
        input: items.text(),
        output: items.text(),
        properties: items.object(),
        attachments: items.each(attachment),
        feature_flags: items.object(),
        is_pending: None,
    };
    (event_id, fields)
}

fn attachment(mut items: Items<'_>) -> Attachment {
    Attachment {
        kind: items.text(),
        role: items.text(),
        value: items.text(),
        name: items.text(),
        language: items.text(),
        attachment_id: items.text(),
    }
}

/// A complete event. Returns its id.
pub(super) fn complete_event(recorder: &Recorder, items: Items<'_>) -> Result<String> {
    let (event_id, fields) = event(items);
    recorder.event(event_id, &fields)
}

/// A call on an interaction, which says each time whose it is. Returns its id.
pub(super) fn interaction(recorder: &Recorder, items: Items<'_>, call: Call) -> Result<String> {
    let (event_id, mut fields) = event(items);
    let event_id = event_id_or_new(event_id);
    if call == Call::Begin && fields.event.is_empty() {
        DEFAULT_EVENT.clone_into(&mut fields.event);
    }
    recorder.interaction(&event_id, fields, call, None)?;
    Ok(event_id)
}

pub(super) fn signal(recorder: &Recorder, mut items: Items<'_>) -> Result<String> {
    let signal = SignalFields {
        event_id: items.text(),
        name: items.text(),
        kind: items.text(),
        sentiment: items.text(),
        timestamp: items.time(),
        attachment_id: items.text(),
        comment: items.text(),
        after: items.text(),
        properties: items.object(),
    };
    recorder.signal(&signal).map(|()| String::new())
}

pub(super) fn user(recorder: &Recorder, mut items: Items<'_>) -> Result<String> {
    recorder.user(&items.text(), &items.object()).map(|()| String::new())
}

/// A span that has ended. Spans and traces are numbered in JavaScript; their ids are made here.
pub(super) fn span(recorder: &Recorder, mut items: Items<'_>) {
    if !recorder.is_enabled() {
        return;
    }
    let name = items.text();
    let span = items.integer();
    let parent = items.integer();
    let trace = items.integer();
    let start = items.integer();
    let end = items.integer();
    let identity = Identity {
        event_id: items.text(),
        user_id: items.text(),
        event: items.text(),
        convo_id: items.text(),
        ..Identity::default()
    };
    let kind = items.integer();
    let mut fields = SpanFields {
        operation_id: items.text(),
        error: items.optional_text(),
        properties: items.object(),
        json_attributes: items.object(),
        ..SpanFields::default()
    };
    match kind {
        Some(1) => {
            fields.detail = Detail::Tool(Box::new(ToolFields { input: items.json(), output: items.json() }));
        }
        Some(2) => fields.detail = Detail::Llm(Box::new(llm(items))),
        _ => {}
    }
    let nanos = |millis: Option<i64>| {
        u64::try_from(millis.unwrap_or_default()).unwrap_or_default().saturating_mul(NANOS_PER_MILLI)
    };
    let number = |number: Option<i64>| number.unwrap_or_default() as u64;
    recorder.span(&SpanRecord {
        ids: SpanIds {
            trace: numbered::trace(number(trace)),
            span: numbered::span(number(span)),
            parent: parent.map(|parent| numbered::span(parent as u64)),
        },
        name: &name,
        start: nanos(start),
        end: nanos(end).max(nanos(start)),
        identity: &identity,
        sticky: None,
        fields: &fields,
    });
}

fn llm(mut items: Items<'_>) -> LlmFields {
    let input = items.optional_text();
    let output = items.text();
    let model = items.text();
    let response_model = items.text();
    let provider = items.text();
    let input_tokens = items.integer().unwrap_or_default();
    let output_tokens = items.integer().unwrap_or_default();
    let messages = items.each(|mut items| LlmMessage { role: items.text(), content: items.text() });
    let prompt = match input {
        _ if !messages.is_empty() => Prompt::Messages(messages),
        Some(input) => Prompt::Text(input),
        None => Prompt::None,
    };
    LlmFields { model, response_model, provider, prompt, output, input_tokens, output_tokens }
}
