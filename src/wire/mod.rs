//! Records to bytes. Pure functions: no clock, no randomness, no I/O.
//!
//! Every record becomes its JSON when it is recorded; a request body is those bytes joined, plus the envelope of its route.

mod attributes;
pub(crate) mod body;
mod event;
mod fit;
pub(crate) mod ids;
pub(crate) mod json;
mod scratch;
mod signal;
mod span;
mod text;
mod times;
mod timestamp;
mod user;
mod value;

pub(crate) use event::{EventView, complete_event, partial};
pub(crate) use scratch::Scratch;
pub(crate) use signal::signal;
pub(crate) use span::{has_ai_operation, span};
pub(crate) use text::TextCap;
pub(crate) use user::user;
pub(crate) use value::{compact, properties, property, texts};

/// What the encoders need to know of the configuration, encoded once.
#[derive(Debug)]
pub(crate) struct Encoding {
    pub text_cap: TextCap,
    /// The `$context` object of events.
    pub context: Box<[u8]>,
    /// The body of a trace request up to its spans.
    pub trace_prefix: Box<[u8]>,
}

/// Who is sending, for [`Encoding`].
pub(crate) struct Library<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub service_name: &'a str,
    pub runtime: &'a str,
}

impl Encoding {
    pub fn new(text_cap: TextCap, library: &Library<'_>) -> Self {
        Self { text_cap, context: event::context(library), trace_prefix: body::trace_prefix(library) }
    }
}
