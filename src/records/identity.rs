use std::num::NonZeroU128;

/// What every update of an interaction repeats, and what its spans inherit. Empty means unknown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub event_id: String,
    pub user_id: String,
    pub event: String,
    pub convo_id: String,
    pub model: String,
    /// The trace of its spans, unless they have a parent elsewhere.
    pub trace: Option<NonZeroU128>,
}

impl Identity {
    pub const NOTHING: Self = Self {
        event_id: String::new(),
        user_id: String::new(),
        event: String::new(),
        convo_id: String::new(),
        model: String::new(),
        trace: None,
    };

    /// Whether it says what something belongs to. An event has an id before it has a name.
    pub fn is_known(&self) -> bool {
        !(self.event_id.is_empty() && self.user_id.is_empty() && self.convo_id.is_empty())
    }
}
