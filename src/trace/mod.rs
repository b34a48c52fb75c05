//! Spans: the handles that an app holds while a piece of work lasts.

mod llm;
mod options;
mod span;
mod tool;
mod tracer;

pub use llm::LlmSpan;
pub use options::{LlmOptions, SpanOptions, ToolOptions, TrackToolOptions};
pub use span::Span;
pub use tool::ToolSpan;
pub use tracer::Tracer;

pub(crate) use span::{Abandoned, Association, run_in_span};
pub(crate) use tool::track_tool;
