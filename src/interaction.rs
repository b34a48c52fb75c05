//! The handle of an interaction that is being built up: begin, patch, finish.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::error::Result;
use crate::outbox::Call;
use crate::recorder::Holder;
use crate::records::{Attachment, EventFields, FinishOptions, Identity, PatchOptions, Properties};
use crate::trace::{
    Abandoned, Association, LlmOptions, LlmSpan, Span, SpanOptions, ToolOptions, ToolSpan, TrackToolOptions,
    run_in_span, track_tool,
};
use crate::wire;

/// A request of a user and the app's answer, from [`begin`](crate::Client::begin) to [`finish`](Interaction::finish).
///
/// A handle: cheap to clone. What is set merges until a flush sends it: texts replace each other, properties merge by
/// key, attachments add up. Its spans inherit user, conversation and event, and share one trace.
///
/// The methods that change it never wait: they record at once, their future is ready, and a flush delivers.
///
/// # Errors
/// All of them return [`Error::Closed`](crate::Error::Closed) after the client was closed, and
/// [`Error::Invalid`](crate::Error::Invalid) for an attachment of unknown kind or role or without a value, and if the handle was
/// resumed without an id.
#[derive(Clone)]
pub struct Interaction {
    /// As it was when the handle was made.
    known: Arc<Identity>,
    /// `None` records nothing.
    recorder: Option<Holder>,
}

impl Interaction {
    pub(crate) fn new(recorder: &Holder, known: Arc<Identity>) -> Self {
        Self { known, recorder: recorder.is_enabled().then(|| recorder.share()) }
    }

    /// The id of the event, for signals and for [`resume_interaction`](crate::Client::resume_interaction).
    pub fn event_id(&self) -> &str {
        &self.known.event_id
    }

    /// The same as [`event_id`](Interaction::event_id).
    pub fn get_event_id(&self) -> &str {
        self.event_id()
    }

    /// Changes whatever is set in `options`.
    pub fn patch(&self, options: PatchOptions) -> Ready<Result<()>> {
        self.update(options.into(), Call::Patch)
    }

    /// Merges properties, by key.
    pub fn set_properties(&self, properties: BTreeMap<String, Value>) -> Ready<Result<()>> {
        self.set(wire::properties(properties))
    }

    /// Sets one property.
    pub fn set_property(&self, key: impl Into<String>, value: impl Into<Value>) -> Ready<Result<()>> {
        self.set(wire::property(key.into(), &value.into()))
    }

    /// Adds attachments.
    pub fn add_attachments(&self, attachments: Vec<Attachment>) -> Ready<Result<()>> {
        self.update(EventFields { attachments, ..EventFields::default() }, Call::Patch)
    }

    /// Sets what the user asked.
    pub fn set_input(&self, input: impl Into<String>) -> Ready<Result<()>> {
        self.update(EventFields { input: input.into(), ..EventFields::default() }, Call::Patch)
    }

    /// Ends the interaction, which is complete with that. A second call does nothing.
    ///
    /// An interaction that never had input, output or attachments is not sent; it counts as dropped.
    pub fn finish(&self, options: FinishOptions) -> Ready<Result<()>> {
        self.update(options.into(), Call::Finish)
    }

    /// Starts a span of any work.
    pub fn start_span(&self, options: SpanOptions) -> Span {
        self.associated().map_or_else(Span::noop, |(recorder, association)| Span::start(recorder, association, options))
    }

    /// Starts a span for a call of a model.
    pub fn start_llm_span(&self, name: impl Into<String>, options: LlmOptions) -> LlmSpan {
        self.associated().map_or_else(LlmSpan::noop, |(recorder, association)| {
            LlmSpan::start(recorder, association, name.into(), options)
        })
    }

    /// Starts a span for a call of a tool.
    pub fn start_tool_span(&self, name: impl Into<String>, options: ToolOptions) -> ToolSpan {
        self.associated().map_or_else(ToolSpan::noop, |(recorder, association)| {
            ToolSpan::start(recorder, association, name.into(), options)
        })
    }

    /// Records a call of a tool that is over.
    pub fn track_tool(&self, options: TrackToolOptions) {
        if let Some((recorder, association)) = self.associated() {
            track_tool(recorder, association, options);
        }
    }

    /// Runs `work` in a span, which ends with it and has failed if it returns an error.
    ///
    /// ```
    /// # use raindrop::{Attribute, Interaction, SpanOptions};
    /// # async fn search(_: &str) -> Result<Vec<String>, String> { Ok(Vec::new()) }
    /// # async fn run(interaction: &Interaction) -> Result<Vec<String>, String> {
    /// let options = SpanOptions { name: "search".into(), ..Default::default() };
    /// interaction
    ///     .with_span(options, |span| async move {
    ///         let articles = search("refunds").await?;
    ///         span.set_attributes([Attribute::int("articles", articles.len() as i64)]);
    ///         Ok(articles)
    ///     })
    ///     .await
    /// # }
    /// ```
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

    fn set(&self, properties: Properties) -> Ready<Result<()>> {
        self.update(EventFields { properties, ..EventFields::default() }, Call::Patch)
    }

    fn update(&self, fields: EventFields, call: Call) -> Ready<Result<()>> {
        ready(match &self.recorder {
            Some(recorder) => recorder.interaction(&self.known, fields, call),
            None => Ok(()),
        })
    }

    fn associated(&self) -> Option<(&Holder, Association)> {
        self.recorder.as_ref().map(|recorder| {
            let identity = recorder.identity(self.event_id()).unwrap_or_else(|| Arc::clone(&self.known));
            (recorder, Association { identity: Some(identity), ..Association::default() })
        })
    }
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction").field("event_id", &self.event_id()).finish_non_exhaustive()
    }
}

/// Runs `tool` in a tool span. What it returns is recorded as the span's output, an error as its failure.
///
/// ```
/// # use raindrop::{Client, Interaction, ToolOptions, with_tool};
/// fn words(interaction: &Interaction, text: &str) -> Result<usize, String> {
///     with_tool(interaction, "count words", ToolOptions::default(), || Ok(text.split(' ').count()))
/// }
/// ```
///
/// # Errors
/// What `tool` returns.
pub fn with_tool<T, E>(
    interaction: &Interaction,
    name: impl Into<String>,
    options: ToolOptions,
    tool: impl FnOnce() -> Result<T, E>,
) -> Result<T, E>
where
    T: Serialize,
    E: fmt::Display,
{
    let span = interaction.start_tool_span(name, options);
    let _abandoned = Abandoned(span.span());
    let result = tool();
    record_result(&span, &result);
    result
}

/// Runs `tool` in a tool span, like [`with_tool`], and awaits it.
///
/// # Errors
/// What `tool` returns.
pub async fn with_tool_async<T, E, F>(
    interaction: &Interaction,
    name: impl Into<String>,
    options: ToolOptions,
    tool: impl FnOnce() -> F,
) -> Result<T, E>
where
    T: Serialize,
    E: fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let span = interaction.start_tool_span(name, options);
    let _abandoned = Abandoned(span.span());
    let result = tool().await;
    record_result(&span, &result);
    result
}

fn record_result<T: Serialize, E: fmt::Display>(span: &ToolSpan, result: &Result<T, E>) {
    match result {
        _ if span.is_noop() => {}
        Ok(value) => match serde_json::to_value(value) {
            Ok(output) => span.set_output(&output),
            Err(error) => span.set_output(&Value::String(format!("not representable as JSON: {error}"))),
        },
        Err(error) => span.set_error(error),
    }
    span.end();
}
