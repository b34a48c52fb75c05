use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;

use super::{Attachment, Properties};

/// Something that happened, without a model in it: a page view, a click, a purchase.
#[derive(Debug, Default, Clone)]
pub struct Event {
    /// The id of the event. Default: a new UUID v4.
    pub event_id: String,
    /// Whose event it is. Required.
    pub user_id: String,
    /// The name of the event. Default: `ai_generation`.
    pub event: String,
    /// When it happened. Default: the moment of the call.
    pub timestamp: Option<OffsetDateTime>,
    /// Anything else worth knowing, as JSON.
    pub properties: BTreeMap<String, Value>,
    /// Documents, images and code that belong to the event.
    pub attachments: Vec<Attachment>,
    /// The feature flags that were on, and their variants.
    pub feature_flags: BTreeMap<String, String>,
}

/// One finished request to a model, and its answer.
#[derive(Debug, Default, Clone)]
pub struct AiEvent {
    /// The id of the event. Default: a new UUID v4.
    pub event_id: String,
    /// Whose event it is. Required.
    pub user_id: String,
    /// The name of the event. Default: `ai_generation`.
    pub event: String,
    /// When it happened. Default: the moment of the call.
    pub timestamp: Option<OffsetDateTime>,
    /// What the user asked.
    pub input: String,
    /// What the model answered.
    pub output: String,
    /// The model, as its provider names it.
    pub model: String,
    /// The conversation that the event belongs to.
    pub convo_id: String,
    /// Anything else worth knowing, as JSON.
    pub properties: BTreeMap<String, Value>,
    /// Documents, images and code that belong to the event.
    pub attachments: Vec<Attachment>,
    /// The feature flags that were on, and their variants.
    pub feature_flags: BTreeMap<String, String>,
}

/// What is known when an interaction begins.
#[derive(Debug, Default, Clone)]
pub struct BeginOptions {
    /// The id of the event. Default: a new UUID v4.
    pub event_id: String,
    /// Whose interaction it is. Held back until it is known.
    pub user_id: String,
    /// The name of the event. Default: `ai_generation`.
    pub event: String,
    /// When it began. Default: the moment of the call.
    pub timestamp: Option<OffsetDateTime>,
    /// What the user asked.
    pub input: String,
    /// The model, as its provider names it.
    pub model: String,
    /// The conversation that the interaction belongs to.
    pub convo_id: String,
    /// Anything else worth knowing, as JSON.
    pub properties: BTreeMap<String, Value>,
    /// Documents, images and code that belong to the interaction.
    pub attachments: Vec<Attachment>,
    /// The feature flags that were on, and their variants.
    pub feature_flags: BTreeMap<String, String>,
}

/// What changes in an interaction: texts replace, properties merge by key, attachments are added.
#[derive(Debug, Default, Clone)]
pub struct PatchOptions {
    /// Whose interaction it is.
    pub user_id: String,
    /// The name of the event.
    pub event: String,
    /// When it happened.
    pub timestamp: Option<OffsetDateTime>,
    /// What the user asked.
    pub input: String,
    /// What the model answered.
    pub output: String,
    /// The model, as its provider names it.
    pub model: String,
    /// The conversation that the interaction belongs to.
    pub convo_id: String,
    /// Merged into the properties by key.
    pub properties: BTreeMap<String, Value>,
    /// Added to the attachments.
    pub attachments: Vec<Attachment>,
    /// Merged into the feature flags by key.
    pub feature_flags: BTreeMap<String, String>,
    /// Whether more is to come. Default: as it was, at first `true`.
    pub is_pending: Option<bool>,
}

/// How an interaction ends.
#[derive(Debug, Default, Clone)]
pub struct FinishOptions {
    /// When it happened. Default: the timestamp that the interaction has.
    pub timestamp: Option<OffsetDateTime>,
    /// What the model answered.
    pub output: String,
    /// The model, as its provider names it.
    pub model: String,
    /// Merged into the properties by key.
    pub properties: BTreeMap<String, Value>,
    /// Added to the attachments.
    pub attachments: Vec<Attachment>,
    /// Merged into the feature flags by key.
    pub feature_flags: BTreeMap<String, String>,
}

/// What an event says, or an update of an interaction: everything but its id.
#[derive(Debug, Default)]
pub(crate) struct EventFields {
    pub user_id: String,
    pub event: String,
    pub timestamp: Option<OffsetDateTime>,
    pub input: String,
    pub output: String,
    pub model: String,
    pub convo_id: String,
    pub properties: Properties,
    pub attachments: Vec<Attachment>,
    pub feature_flags: Properties,
    pub is_pending: Option<bool>,
}

impl EventFields {
    pub fn has_content(&self) -> bool {
        !(self.input.is_empty() && self.output.is_empty() && self.attachments.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        let texts = [&self.user_id, &self.event, &self.model, &self.convo_id];
        !self.has_content()
            && texts.iter().all(|text| text.is_empty())
            && self.timestamp.is_none()
            && self.is_pending.is_none()
            && self.properties.is_empty()
            && self.feature_flags.is_empty()
    }
}
