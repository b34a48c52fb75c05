//! What callers hand over, as plain data. This module knows no other, but for the error type, where a key is kept and what
//! of it needs an escape.

mod attachment;
mod attribute;
mod event;
mod identity;
mod json;
mod key;
mod signal;
mod span;
mod user;

pub use attachment::Attachment;
pub use attribute::{Attribute, AttributeValue};
pub use event::{AiEvent, BeginOptions, Event, FinishOptions, PatchOptions};
pub use key::Key;
pub use signal::{Signal, SignalKind};
pub use span::{LlmMessage, SpanStatusCode};
pub use user::User;

pub(crate) use attribute::{distinct, set_attribute};
pub(crate) use event::EventFields;
pub(crate) use identity::Identity;
pub(crate) use json::{Json, Properties};
pub(crate) use signal::SignalFields;
pub(crate) use span::{Detail, LlmFields, Prompt, SpanFields, SpanIds, SpanRecord, ToolFields};

/// The name of an event that was given none.
pub(crate) const DEFAULT_EVENT: &str = "ai_generation";

/// One kind of record; each has a route of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// Users and their traits, from `identify`.
    User,
    /// Complete events, from `track_event` and `track_ai`.
    Event,
    /// Updates of an interaction: one for everything that changed since the last one was sent.
    Partial,
    /// Feedback and other signals about an event.
    Signal,
    /// Spans of a trace.
    Span,
}

impl RecordKind {
    /// Every kind, in the order in which a flush sends them.
    pub const ALL: &'static [RecordKind] = &Self::KINDS;
    pub(crate) const KINDS: [RecordKind; 5] =
        [RecordKind::User, RecordKind::Event, RecordKind::Partial, RecordKind::Signal, RecordKind::Span];
}
