use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::span::{Association, run_in_span};
use super::tool::track_tool;
use super::{LlmOptions, LlmSpan, Span, SpanOptions, TrackToolOptions};
use crate::recorder::Holder;
use crate::wire;

/// Starts spans that all carry the same association properties: for batch jobs and other work without a conversation.
///
/// ```
/// # use raindrop::{Client, SpanOptions};
/// # let client = Client::builder().build()?;
/// let tracer = client.tracer([("job_id".to_owned(), "nightly".into())].into());
/// let span = tracer.start_span(SpanOptions {
///     name: "reindex".into(),
///     operation_id: "ai.workflow".into(),
///     ..Default::default()
/// });
/// span.end();
/// # Ok::<(), raindrop::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Tracer {
    inner: Option<(Holder, Association)>,
}

impl Tracer {
    pub(crate) fn new(recorder: &Holder, properties: BTreeMap<String, Value>) -> Self {
        let association =
            Association { sticky: Some(Arc::new(wire::properties(properties))), ..Association::default() };
        Self { inner: recorder.is_enabled().then(|| (recorder.share(), association)) }
    }

    /// A tracer that records nothing.
    pub fn noop() -> Self {
        Self::default()
    }

    /// Starts a span of any work.
    pub fn start_span(&self, options: SpanOptions) -> Span {
        self.started().map_or_else(Span::noop, |(recorder, association)| Span::start(recorder, association, options))
    }

    /// Starts a span for a call of a model.
    pub fn start_llm_span(&self, name: impl Into<String>, options: LlmOptions) -> LlmSpan {
        self.started().map_or_else(LlmSpan::noop, |(recorder, association)| {
            LlmSpan::start(recorder, association, name.into(), options)
        })
    }

    /// Runs `work` in a span, which ends with it and has failed if it returns an error.
    ///
    /// # Errors
    /// What `work` returns.
    pub async fn with_span<T, E, W, F>(&self, options: SpanOptions, work: W) -> Result<T, E>
    where
        E: fmt::Display,
        W: FnOnce(Span) -> F,
        F: Future<Output = Result<T, E>>,
    {
        run_in_span(self.start_span(options), work).await
    }

    /// Records a call of a tool that is over.
    pub fn track_tool(&self, options: TrackToolOptions) {
        if let Some((recorder, association)) = self.started() {
            track_tool(recorder, association, options);
        }
    }

    fn started(&self) -> Option<(&Holder, Association)> {
        self.inner.as_ref().map(|(recorder, association)| (recorder, association.clone()))
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").finish_non_exhaustive()
    }
}
