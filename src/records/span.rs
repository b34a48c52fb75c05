use std::num::{NonZeroU64, NonZeroU128};

use super::{Attribute, Identity, Json, Properties};

/// A message of a chat, as a model takes it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LlmMessage {
    /// `system`, `user`, `assistant`, or what the provider calls it.
    pub role: String,
    /// The text.
    pub content: String,
}

impl LlmMessage {
    /// A message in any role.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }

    /// A system message.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new("system", content)
    }

    /// A message of the user.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new("user", content)
    }

    /// A message of the model.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new("assistant", content)
    }
}

/// How a span ended, as OTLP numbers it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanStatusCode {
    /// Not said.
    #[default]
    Unset = 0,
    /// Well.
    Ok = 1,
    /// With an error.
    Error = 2,
}

/// Where a span stands in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanIds {
    pub trace: NonZeroU128,
    pub span: NonZeroU64,
    pub parent: Option<NonZeroU64>,
}

/// A span that has ended. Times are nanoseconds since the Unix epoch.
#[derive(Debug)]
pub(crate) struct SpanRecord<'a> {
    pub ids: SpanIds,
    pub name: &'a str,
    pub start: u64,
    pub end: u64,
    /// The interaction that the span belongs to, or just an event id.
    pub identity: &'a Identity,
    /// Association properties of the tracer; the span's own win.
    pub sticky: Option<&'a Properties>,
    pub fields: &'a SpanFields,
}

/// Everything about a span that may change until it ends.
#[derive(Debug, Default)]
pub(crate) struct SpanFields {
    pub operation_id: String,
    pub properties: Properties,
    pub attributes: Vec<Attribute>,
    pub detail: Detail,
    pub error: Option<String>,
}

impl SpanFields {
    /// Removes the attributes of these keys. One that ends with a dot stands for all that begin with it.
    pub fn forget(&mut self, keys: &[&str]) {
        self.attributes.retain(|attribute| {
            let own = attribute.key.as_bytes();
            let is_meant =
                |key: &&str| own == key.as_bytes() || (key.ends_with('.') && own.starts_with(key.as_bytes()));
            !keys.iter().any(is_meant)
        });
    }

    /// The keys of the attributes that the caller set, in UTF-8.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.attributes.iter().map(|attribute| attribute.key.as_bytes())
    }
}

#[derive(Debug, Default)]
pub(crate) enum Detail {
    #[default]
    Plain,
    Llm(Box<LlmFields>),
    Tool(Box<ToolFields>),
}

#[derive(Debug, Default)]
pub(crate) struct LlmFields {
    pub model: String,
    /// What the provider says it used, when that is not `model`.
    pub response_model: String,
    pub provider: String,
    pub prompt: Prompt,
    pub output: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
}

#[derive(Debug, Default)]
pub(crate) enum Prompt {
    #[default]
    None,
    Text(String),
    Messages(Vec<LlmMessage>),
}

#[derive(Debug, Default)]
pub(crate) struct ToolFields {
    pub input: Option<Json>,
    pub output: Option<Json>,
}
