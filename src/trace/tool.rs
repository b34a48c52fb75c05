use std::fmt;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::span::{Association, unix_nanos};
use super::{Span, ToolOptions, TrackToolOptions};
use crate::recorder::{self, Holder};
use crate::records::{Detail, SpanFields, ToolFields};
use crate::wire;

/// A call of a tool: what it was given, what it returned. A handle like [`Span`].
///
/// ```
/// # use raindrop::{Client, ToolOptions};
/// # use serde_json::json;
/// # let client = Client::builder().build()?;
/// let options = ToolOptions { input: Some(json!({"city": "Paris"})), ..Default::default() };
/// let call = client.start_tool_span("weather", options, "evt_123");
/// call.set_output(&json!({"celsius": 21}));
/// call.end();
/// # Ok::<(), raindrop::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ToolSpan {
    span: Span,
}

impl ToolSpan {
    /// A span that records nothing.
    pub fn noop() -> Self {
        Self::default()
    }

    /// Whether the span records nothing: the client is disabled or closed.
    pub fn is_noop(&self) -> bool {
        self.span.is_noop()
    }

    /// The span as a [`Span`], to be the parent of others or to set attributes on.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Sets what the tool was given.
    pub fn set_input(&self, input: &Value) {
        self.update("traceloop.entity.input", |tool| tool.input = Some(wire::compact(input)));
    }

    /// Sets what the tool returned.
    pub fn set_output(&self, output: &Value) {
        self.update("traceloop.entity.output", |tool| tool.output = Some(wire::compact(output)));
    }

    /// Marks the call as failed, with what went wrong.
    pub fn set_error(&self, error: impl fmt::Display) {
        self.span.set_error(error);
    }

    /// Sets a model that the tool used, unless it is empty, and how many tokens it took; 0 means unknown.
    pub fn set_token_usage(&self, model: impl Into<String>, input_tokens: i64, output_tokens: i64) {
        self.span.set_token_usage(model, input_tokens, output_tokens);
    }

    /// Ends the span now and records it.
    pub fn end(&self) {
        self.span.end();
    }

    /// Ends the span at a moment of your choice, or now, and records it.
    pub fn end_at(&self, end_time: Option<OffsetDateTime>) {
        self.span.end_at(end_time);
    }

    pub(crate) fn start(recorder: &Holder, association: Association, name: String, options: ToolOptions) -> Self {
        let ToolOptions { parent, properties, input, start_time } = options;
        let input = input.as_ref().map(wire::compact);
        let detail = Detail::Tool(Box::new(ToolFields { input, output: None }));
        let fields = SpanFields { properties: wire::properties(properties), detail, ..SpanFields::default() };
        Self { span: Span::open(recorder, association, name, parent, start_time, fields) }
    }

    fn update(&self, implied: &str, change: impl FnOnce(&mut ToolFields)) {
        self.span.update_implied(&[implied], |fields| {
            if let Detail::Tool(tool) = &mut fields.detail {
                change(tool);
            }
        });
    }
}

impl From<ToolSpan> for Span {
    fn from(span: ToolSpan) -> Self {
        span.span
    }
}

/// Records a call that is over.
pub(crate) fn track_tool(recorder: &Holder, association: Association, options: TrackToolOptions) {
    if !recorder.is_enabled() {
        return;
    }
    let TrackToolOptions { name, parent, input, output, error, properties, start_time, end_time, duration } = options;
    let (start, end) = extent(start_time, end_time, duration, recorder::now());
    let [input, output] = [input, output].map(|value| value.as_ref().map(wire::compact));
    let detail = Detail::Tool(Box::new(ToolFields { input, output }));
    let fields = SpanFields { properties: wire::properties(properties), detail, error, ..SpanFields::default() };
    Span::open(recorder, association, name, parent, Some(start), fields).end_at(Some(end));
}

/// Start and end, of which at most one and the duration may be missing.
fn extent(
    start: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
    duration: Option<Duration>,
    now: OffsetDateTime,
) -> (OffsetDateTime, OffsetDateTime) {
    let duration = duration.and_then(|duration| time::Duration::try_from(duration).ok());
    let after = |start: OffsetDateTime| duration.and_then(|duration| start.checked_add(duration));
    let before = |end: OffsetDateTime| duration.and_then(|duration| end.checked_sub(duration)).unwrap_or(end);
    let (start, end) = match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => (start, after(start).unwrap_or(now)),
        (None, end) => {
            let end = end.unwrap_or(now);
            (before(end), end)
        }
    };
    if unix_nanos(end) < unix_nanos(start) { (start, start) } else { (start, end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(second).unwrap()
    }

    fn seconds(start: Option<i64>, end: Option<i64>, duration: Option<u64>) -> (i64, i64) {
        let (start, end) = extent(start.map(at), end.map(at), duration.map(Duration::from_secs), at(1_000));
        (start.unix_timestamp(), end.unix_timestamp())
    }

    #[test]
    fn what_is_missing_of_start_end_and_duration_is_derived() {
        assert_eq!(seconds(Some(10), Some(30), None), (10, 30));
        assert_eq!(seconds(Some(10), None, Some(5)), (10, 15));
        assert_eq!(seconds(None, Some(30), Some(5)), (25, 30));
        assert_eq!(seconds(None, None, Some(5)), (995, 1_000));
        assert_eq!(seconds(Some(10), None, None), (10, 1_000));
        assert_eq!(seconds(None, Some(30), None), (30, 30));
        assert_eq!(seconds(None, None, None), (1_000, 1_000));
    }

    #[test]
    fn the_end_is_never_before_the_start() {
        assert_eq!(seconds(Some(30), Some(10), None), (30, 30));
        assert_eq!(seconds(Some(2_000), None, None), (2_000, 2_000));
        assert_eq!(seconds(None, Some(30), Some(u64::MAX)), (30, 30));
    }
}
