//! From the items of an array to records. The order is that of the tables in `interaction.js`.

use crate::error::Result;
use crate::outbox::Call;
use crate::recorder::{Recorder, event_id_or_new};
use crate::records::{Attachment, DEFAULT_EVENT, EventFields};

use super::read::Items;

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
