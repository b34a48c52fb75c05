use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::Span;
use crate::records::{Attribute, LlmMessage};

/// How a span of any work begins.
#[derive(Debug, Clone)]
pub struct SpanOptions {
    /// What is done.
    pub name: String,
    /// The event that the span belongs to. Default: that of the interaction, or of the parent.
    pub event_id: String,
    /// Sent as `ai.operationId`. The backend drops a span that has neither this nor an event, user or conversation.
    pub operation_id: String,
    /// The span that this one is a part of. Default: none, it is the root of a trace.
    pub parent: Option<Span>,
    /// Association properties: `user_id`, `convo_id`, and whatever helps to find the span.
    pub properties: BTreeMap<String, Value>,
    /// Further attributes.
    pub attributes: Vec<Attribute>,
    /// When it began. Default: now.
    pub start_time: Option<OffsetDateTime>,
}

impl SpanOptions {
    /// Constant, so that it is copied from memory as it is: put together field by field, each copy of two fields at once would
    /// wait for both to be stored.
    const EMPTY: Self = Self {
        name: String::new(),
        event_id: String::new(),
        operation_id: String::new(),
        parent: None,
        properties: BTreeMap::new(),
        attributes: Vec::new(),
        start_time: None,
    };
}

impl Default for SpanOptions {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

/// How a call of a model begins.
#[derive(Debug, Default, Clone)]
pub struct LlmOptions {
    /// The span that this one is a part of. Default: none, it is the root of a trace.
    pub parent: Option<Span>,
    /// Association properties: `user_id`, `convo_id`, and whatever helps to find the span.
    pub properties: BTreeMap<String, Value>,
    /// Sent as `ai.operationId`. Default: `ai.generateText`.
    pub operation_id: String,
    /// The model, as its provider names it.
    pub model: String,
    /// `openai`, `anthropic` and the like.
    pub provider: String,
    /// The prompt, if it is one text.
    pub input: Option<String>,
    /// The prompt, if it is a chat. Wins over `input`.
    pub messages: Vec<LlmMessage>,
    /// What the model answered.
    pub output: Option<String>,
    /// Tokens of the prompt; 0 means unknown.
    pub input_tokens: i64,
    /// Tokens of the answer; 0 means unknown.
    pub output_tokens: i64,
    /// When it began. Default: now.
    pub start_time: Option<OffsetDateTime>,
}

/// How a call of a tool begins.
#[derive(Debug, Default, Clone)]
pub struct ToolOptions {
    /// The span that this one is a part of. Default: none, it is the root of a trace.
    pub parent: Option<Span>,
    /// Association properties: `user_id`, `convo_id`, and whatever helps to find the span.
    pub properties: BTreeMap<String, Value>,
    /// What the tool was given.
    pub input: Option<Value>,
    /// When it began. Default: now.
    pub start_time: Option<OffsetDateTime>,
}

/// A call of a tool that is over.
///
/// Of start, end and duration give any two, one or none: what is missing is derived. The end is never before the start.
///
/// ```
/// # use std::time::Duration;
/// # use raindrop::{Interaction, TrackToolOptions};
/// # fn run(interaction: &Interaction) {
/// interaction.track_tool(TrackToolOptions {
///     name: "forecast".into(),
///     input: Some("Lisbon".into()),
///     output: Some("showers".into()),
///     duration: Some(Duration::from_millis(120)), // until now
///     ..Default::default()
/// });
/// # }
/// ```
#[derive(Debug, Default, Clone)]
pub struct TrackToolOptions {
    /// The name of the tool.
    pub name: String,
    /// The span that this one is a part of. Default: none, it is the root of a trace.
    pub parent: Option<Span>,
    /// What the tool was given.
    pub input: Option<Value>,
    /// What it returned.
    pub output: Option<Value>,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// Association properties: `user_id`, `convo_id`, and whatever helps to find the span.
    pub properties: BTreeMap<String, Value>,
    /// When it began. Default: the end less the duration.
    pub start_time: Option<OffsetDateTime>,
    /// When it ended. Default: the start and the duration, or now.
    pub end_time: Option<OffsetDateTime>,
    /// How long it took. Default: from start to end.
    pub duration: Option<Duration>,
}
