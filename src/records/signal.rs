use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;

use super::Properties;
use crate::error::{Error, Result};

/// The kinds of signal, for [`Signal::kind`].
#[derive(Debug, Clone, Copy)]
pub struct SignalKind;

impl SignalKind {
    const ALL: [&'static str; 6] =
        [Self::DEFAULT, Self::STANDARD, Self::FEEDBACK, Self::EDIT, Self::AGENT, Self::AGENT_INTERNAL];

    /// A rating without further meaning; what an empty `kind` means.
    pub const DEFAULT: &'static str = "default";
    /// One of Raindrop's standard signals.
    pub const STANDARD: &'static str = "standard";
    /// What a user said about an answer; see [`Signal::comment`].
    pub const FEEDBACK: &'static str = "feedback";
    /// What a user made of an answer; see [`Signal::after`].
    pub const EDIT: &'static str = "edit";
    /// What an agent said about its own work.
    pub const AGENT: &'static str = "agent";
    /// What an agent said about its own work, for its makers only.
    pub const AGENT_INTERNAL: &'static str = "agent_internal";
}

/// A judgement on an event: a thumbs up, a comment, an edit.
///
/// ```
/// # use raindrop::{Client, Signal, SignalKind};
/// # async fn run(client: &Client, event_id: String) -> raindrop::Result<()> {
/// client
///     .track_signal(Signal {
///         event_id, // of `track_ai`, or `Interaction::event_id`
///         name: "thumbs_down".into(),
///         kind: SignalKind::FEEDBACK.into(),
///         sentiment: "NEGATIVE".into(),
///         comment: "Too long.".into(),
///         ..Default::default()
///     })
///     .await
/// # }
/// ```
#[derive(Debug, Default, Clone)]
pub struct Signal {
    /// The event that is judged. Required.
    pub event_id: String,
    /// The name of the signal, `thumbs_up` for example. Required.
    pub name: String,
    /// One of [`SignalKind`]. Default: `default`.
    pub kind: String,
    /// `POSITIVE` or `NEGATIVE`, or nothing.
    pub sentiment: String,
    /// When it was given. Default: when it arrives.
    pub timestamp: Option<OffsetDateTime>,
    /// Anything else worth knowing, as JSON.
    pub properties: BTreeMap<String, Value>,
    /// The attachment that is judged.
    pub attachment_id: String,
    /// The user's words; sent as `properties.comment`.
    pub comment: String,
    /// The text as the user changed it; sent as `properties.after`.
    pub after: String,
}

/// A signal, ready to be recorded.
#[derive(Debug, Default)]
pub(crate) struct SignalFields {
    pub event_id: String,
    pub name: String,
    pub kind: String,
    pub sentiment: String,
    pub timestamp: Option<OffsetDateTime>,
    pub properties: Properties,
    pub attachment_id: String,
    pub comment: String,
    pub after: String,
}

impl SignalFields {
    pub fn validate(&self) -> Result<()> {
        if self.event_id.is_empty() {
            return Err(Error::required("event_id", "name the event that the signal is about"));
        }
        if self.name.is_empty() {
            return Err(Error::required("name", "\"thumbs_up\" for example"));
        }
        if !self.kind.is_empty() && !SignalKind::ALL.contains(&self.kind.as_str()) {
            let kind = &self.kind;
            let expected = "default, standard, feedback, edit, agent, agent_internal";
            return Err(Error::invalid("kind", format!("must be one of {expected}, not \"{kind}\"")));
        }
        if !matches!(self.sentiment.as_str(), "" | "POSITIVE" | "NEGATIVE") {
            return Err(Error::invalid(
                "sentiment",
                format!("must be POSITIVE or NEGATIVE, not \"{}\"", self.sentiment),
            ));
        }
        Ok(())
    }
}
