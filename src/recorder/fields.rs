//! What callers hand over, made ready to be recorded.

use crate::records::{AiEvent, BeginOptions, Event, EventFields, FinishOptions, PatchOptions, Signal, SignalFields};
use crate::wire::{properties, texts};

/// Each returns the id of the event too, empty if the caller named none.
impl From<Event> for (String, EventFields) {
    fn from(event: Event) -> Self {
        let fields = EventFields {
            user_id: event.user_id,
            event: event.event,
            timestamp: event.timestamp,
            properties: properties(event.properties),
            attachments: event.attachments,
            feature_flags: texts(event.feature_flags),
            ..EventFields::default()
        };
        (event.event_id, fields)
    }
}

impl From<AiEvent> for (String, EventFields) {
    fn from(event: AiEvent) -> Self {
        let fields = EventFields {
            user_id: event.user_id,
            event: event.event,
            timestamp: event.timestamp,
            input: event.input,
            output: event.output,
            model: event.model,
            convo_id: event.convo_id,
            properties: properties(event.properties),
            attachments: event.attachments,
            feature_flags: texts(event.feature_flags),
            is_pending: None,
        };
        (event.event_id, fields)
    }
}

impl From<BeginOptions> for (String, EventFields) {
    fn from(begin: BeginOptions) -> Self {
        let fields = EventFields {
            user_id: begin.user_id,
            event: begin.event,
            timestamp: begin.timestamp,
            input: begin.input,
            model: begin.model,
            convo_id: begin.convo_id,
            properties: properties(begin.properties),
            attachments: begin.attachments,
            feature_flags: texts(begin.feature_flags),
            ..EventFields::default()
        };
        (begin.event_id, fields)
    }
}

impl From<PatchOptions> for EventFields {
    fn from(patch: PatchOptions) -> Self {
        EventFields {
            user_id: patch.user_id,
            event: patch.event,
            timestamp: patch.timestamp,
            input: patch.input,
            output: patch.output,
            model: patch.model,
            convo_id: patch.convo_id,
            properties: properties(patch.properties),
            attachments: patch.attachments,
            feature_flags: texts(patch.feature_flags),
            is_pending: patch.is_pending,
        }
    }
}

impl From<FinishOptions> for EventFields {
    fn from(finish: FinishOptions) -> Self {
        EventFields {
            timestamp: finish.timestamp,
            output: finish.output,
            model: finish.model,
            properties: properties(finish.properties),
            attachments: finish.attachments,
            feature_flags: texts(finish.feature_flags),
            is_pending: Some(false),
            ..EventFields::default()
        }
    }
}

impl From<Signal> for SignalFields {
    fn from(signal: Signal) -> Self {
        SignalFields {
            event_id: signal.event_id,
            name: signal.name,
            kind: signal.kind,
            sentiment: signal.sentiment,
            timestamp: signal.timestamp,
            properties: properties(signal.properties),
            attachment_id: signal.attachment_id,
            comment: signal.comment,
            after: signal.after,
        }
    }
}
