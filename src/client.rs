//! The handle that users hold.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Ready, ready};

use serde_json::Value;

use crate::builder::ClientBuilder;
use crate::delivery::{Flight, FlushReport, Outcome, drive};
use crate::error::Result;
use crate::interaction::Interaction;
use crate::outbox::Stats;
use crate::platform;
use crate::recorder::{Holder, Home, Recorder};
use crate::records::{AiEvent, BeginOptions, Event, FinishOptions, PatchOptions, RecordKind, Signal, User};
use crate::trace::{Association, LlmOptions, LlmSpan, Span, SpanOptions, ToolOptions, ToolSpan, Tracer};
use crate::wire;

/// Records events, interactions, signals, users and spans, and delivers them to Raindrop.
///
/// A handle: cheap to clone, and the clones are the same client. Only [`flush`](Client::flush) and
/// [`close`](Client::close) use the network. All other calls record and return at once: those to be awaited have recorded
/// when they return their future, which is ready.
///
/// Without a write key, and without a local Workshop, everything works and nothing is recorded.
#[derive(Clone)]
pub struct Client {
    pub(crate) recorder: Holder,
}

impl Client {
    /// The settings to build a client from.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn new(home: Home) -> Self {
        Self { recorder: Holder::hub(Recorder::root(home)) }
    }

    /// A client with the same settings, connections and [`stats`](Client::stats), and a buffer of its own: one for each
    /// request, where a platform forbids that requests share I/O.
    ///
    /// Close it when the request ends. What it could not deliver goes back to this client, and the next flush, of this
    /// client or of any of its scopes, takes it along.
    ///
    /// ```
    /// # use raindrop::{Client, Event};
    /// # async fn handle(client: &Client) -> raindrop::Result<()> {
    /// let raindrop = client.scope();
    /// raindrop.track_event(Event { user_id: "user_123".into(), event: "visit".into(), ..Default::default() }).await?;
    /// raindrop.close().await?; // in a Worker: in `ctx.wait_until`, behind the response
    /// # Ok(())
    /// # }
    /// ```
    pub fn scope(&self) -> Client {
        Self { recorder: Holder::One(self.recorder.scope()) }
    }

    /// Whether anything is recorded: there is a write key or a local Workshop.
    pub fn is_enabled(&self) -> bool {
        self.recorder.is_enabled()
    }

    /// Whether [`close`](Client::close) was called.
    pub fn is_closed(&self) -> bool {
        self.recorder.outbox.is_closed()
    }

    /// What became of everything that this client and its scopes were given.
    pub fn stats(&self) -> Stats {
        self.recorder.home().counters.snapshot()
    }

    /// Records an event without a model in it. Returns its id, also when there was no room for it or it was too large: that is
    /// counted, and warned of.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a `user_id` or with an invalid attachment,
    /// [`Error::Closed`](crate::Error::Closed) after [`close`](Client::close).
    pub fn track_event(&self, event: Event) -> Ready<Result<String>> {
        let (event_id, fields) = event.into();
        ready(self.recorder.event(event_id, &fields))
    }

    /// Records a finished request to a model and its answer. Returns the event's id.
    ///
    /// One that has neither input nor output nor attachments is not sent; it counts as dropped.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a `user_id` or with an invalid attachment,
    /// [`Error::Closed`](crate::Error::Closed) after [`close`](Client::close).
    pub fn track_ai(&self, event: AiEvent) -> Ready<Result<String>> {
        let (event_id, fields) = event.into();
        ready(self.recorder.ai_event(event_id, &fields))
    }

    /// Records a judgement on an event.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without an `event_id` or a `name`, or with an unknown `kind` or
    /// `sentiment`, [`Error::Closed`](crate::Error::Closed) after [`close`](Client::close).
    pub fn track_signal(&self, signal: Signal) -> Ready<Result<()>> {
        ready(self.recorder.signal(&signal.into()))
    }

    /// Records what is known of a user. A flush sends it before any event.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a `user_id`, [`Error::Closed`](crate::Error::Closed) after
    /// [`close`](Client::close).
    pub fn identify(&self, user: User) -> Ready<Result<()>> {
        ready(self.recorder.user(&user.user_id, &wire::properties(user.traits)))
    }

    /// Begins an interaction. What it says about itself that cannot be recorded, an invalid attachment for example, is
    /// left out and counted as refused.
    pub fn begin(&self, options: BeginOptions) -> Ready<Interaction> {
        let (event_id, fields) = options.into();
        let identity = self.recorder.begin(event_id, fields);
        ready(Interaction::new(&self.recorder, identity))
    }

    /// A handle for an interaction that was begun earlier: by this client, or by another one with the same id. In the
    /// latter case [`patch`](Interaction::patch) it with its `user_id`, or it is held back, and with its `event`, or it is
    /// called `ai_generation`.
    ///
    /// ```
    /// # use raindrop::{Client, FinishOptions, PatchOptions};
    /// # async fn run(client: &Client, event_id: String, answer: String) -> raindrop::Result<()> {
    /// let interaction = client.resume_interaction(event_id);
    /// interaction
    ///     .patch(PatchOptions { user_id: "user_123".into(), event: "chat_message".into(), ..Default::default() })
    ///     .await?;
    /// interaction.finish(FinishOptions { output: answer, ..Default::default() }).await
    /// # }
    /// ```
    pub fn resume_interaction(&self, event_id: impl Into<String>) -> Interaction {
        let known = self.recorder.resume(event_id.into());
        Interaction::new(&self.recorder, known)
    }

    /// Changes an interaction by its id.
    ///
    /// # Errors
    /// As for [`Interaction`].
    pub fn patch(&self, event_id: &str, options: PatchOptions) -> Ready<Result<()>> {
        self.resume_interaction(event_id).patch(options)
    }

    /// Ends an interaction by its id.
    ///
    /// # Errors
    /// As for [`Interaction`].
    pub fn finish(&self, event_id: &str, options: FinishOptions) -> Ready<Result<()>> {
        self.resume_interaction(event_id).finish(options)
    }

    /// Starts a span of any work.
    pub fn start_span(&self, options: SpanOptions) -> Span {
        Span::start(&self.recorder, Association::default(), options)
    }

    /// Starts a span for a call of a model, as a part of an event.
    pub fn start_llm_span(&self, name: impl Into<String>, options: LlmOptions, event_id: &str) -> LlmSpan {
        LlmSpan::start(&self.recorder, Association::to_event(event_id), name.into(), options)
    }

    /// Starts a span for a call of a tool, as a part of an event.
    pub fn start_tool_span(&self, name: impl Into<String>, options: ToolOptions, event_id: &str) -> ToolSpan {
        ToolSpan::start(&self.recorder, Association::to_event(event_id), name.into(), options)
    }

    /// A tracer whose spans all carry these association properties.
    pub fn tracer(&self, properties: BTreeMap<String, Value>) -> Tracer {
        Tracer::new(&self.recorder, properties)
    }

    /// Delivers everything that was recorded before the call, but for what another flush is at: that one takes care of it,
    /// and of updates of the same interaction. Dropping the future loses nothing: what was not delivered
    /// is back in the buffer. On native it needs a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// The first request's that failed for good, after up to [`max_attempts`](ClientBuilder::max_attempts). What a retry
    /// may still deliver is back in the buffer, the rest is counted in [`stats`](Client::stats).
    pub async fn flush(&self) -> Result<FlushReport> {
        self.deliver(|_| true).await.into_result()
    }

    /// Ends recording and delivers everything, within [`close_timeout`](ClientBuilder::close_timeout). Call it before the
    /// process ends, or the scope's request. Open interactions are sent as pending.
    ///
    /// When the deadline ends it, the report says what was left behind. A second call has nothing to do.
    ///
    /// # Errors
    /// The first request's that failed for good, after up to [`max_attempts`](ClientBuilder::max_attempts).
    pub async fn close(&self) -> Result<FlushReport> {
        self.recorder.outbox.close();
        if self.recorder.is_empty() {
            return Ok(FlushReport::default());
        }
        drive(Flight::close(&self.recorder, platform::monotonic())).await.into_result()
    }

    pub(crate) async fn deliver(&self, wants: fn(RecordKind) -> bool) -> Outcome {
        drive(Flight::flush(&self.recorder, wants, platform::monotonic())).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("is_enabled", &self.is_enabled())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
