//! The handle that users hold.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::builder::ClientBuilder;
use crate::delivery::{Delivery, FlushReport, Outcome};
use crate::diagnostics::Warning;
use crate::error::Result;
use crate::interaction::Interaction;
use crate::outbox::{Call, Outbox, Stats};
use crate::platform::{self, Transport};
use crate::recorder::{Home, Recorder};
use crate::records::{AiEvent, BeginOptions, Event, FinishOptions, PatchOptions, RecordKind, Signal, User};
use crate::trace::{Association, LlmOptions, LlmSpan, Span, SpanOptions, ToolOptions, ToolSpan, Tracer};
use crate::wire;

/// How often `close` looks whether another flush is over.
const POLL: Duration = Duration::from_millis(20);
/// Records events, interactions, signals, users and spans, and delivers them to Raindrop.
///
/// A handle: cheap to clone, and the clones are the same client. Only [`flush`](Client::flush) and
/// [`close`](Client::close) use the network. All other calls record and return at once, the `async` ones too: their
/// future is ready when it is first polled.
///
/// Without a write key, and without a local Workshop, everything works and nothing is recorded.
#[derive(Clone)]
pub struct Client {
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) transport: Arc<Transport>,
}

impl Client {
    /// The settings to build a client from.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn new(home: Home, transport: Transport) -> Self {
        Self { recorder: Arc::new(Recorder::root(home)), transport: Arc::new(transport) }
    }

    /// A client with the same settings, connections and [`stats`](Client::stats), and a buffer of its own: one for each
    /// request, where a platform forbids that requests share I/O.
    ///
    /// Close it when the request ends. What it could not deliver goes back to this client, and the next flush, of this
    /// client or of any of its scopes, takes it along.
    pub fn scope(&self) -> Client {
        Self { recorder: self.recorder.scope(), transport: Arc::clone(&self.transport) }
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
        self.recorder.home.counters.snapshot()
    }

    /// Records an event without a model in it. Returns its id.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a `user_id` or with an invalid attachment,
    /// [`Error::Closed`](crate::Error::Closed) after [`close`](Client::close).
    pub async fn track_event(&self, event: Event) -> Result<String> {
        let (event_id, fields) = event.into();
        self.recorder.event(event_id, &fields)
    }

    /// Records a finished request to a model and its answer. Returns the event's id.
    ///
    /// One that has neither input nor output nor attachments is not sent; it counts as dropped.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a `user_id` or with an invalid attachment,
    /// [`Error::Closed`](crate::Error::Closed) after [`close`](Client::close).
    pub async fn track_ai(&self, event: AiEvent) -> Result<String> {
        let (event_id, fields) = event.into();
        self.recorder.ai_event(event_id, &fields)
    }

    /// Records a judgement on an event.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without an `event_id` or a `name`, or with an unknown `kind` or
    /// `sentiment`, [`Error::Closed`](crate::Error::Closed) after [`close`](Client::close).
    pub async fn track_signal(&self, signal: Signal) -> Result<()> {
        self.recorder.signal(&signal.into())
    }

    /// Records what is known of a user. A flush sends it before any event.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a `user_id`, [`Error::Closed`](crate::Error::Closed) after
    /// [`close`](Client::close).
    pub async fn identify(&self, user: User) -> Result<()> {
        self.recorder.user(&user.user_id, &wire::properties(user.traits))
    }

    /// Begins an interaction. What it says about itself that cannot be recorded, an invalid attachment for example, is
    /// left out and counted as refused.
    pub async fn begin(&self, options: BeginOptions) -> Interaction {
        let (event_id, fields) = options.into();
        let identity = self.recorder.begin(event_id, fields);
        Interaction::new(&self.recorder, identity)
    }

    /// A handle for an interaction that was begun earlier: by this client, or by another one with the same id. In the
    /// latter case [`patch`](Interaction::patch) it with its `user_id`, or it is held back, and with its `event`, or it is
    /// called `ai_generation`.
    pub fn resume_interaction(&self, event_id: impl Into<String>) -> Interaction {
        let known = self.recorder.resume(event_id.into());
        Interaction::new(&self.recorder, known)
    }

    /// Changes an interaction by its id.
    ///
    /// # Errors
    /// As for [`Interaction`].
    pub async fn patch(&self, event_id: &str, options: PatchOptions) -> Result<()> {
        self.recorder.interaction(event_id, options.into(), Call::Patch, None)
    }

    /// Ends an interaction by its id.
    ///
    /// # Errors
    /// As for [`Interaction`].
    pub async fn finish(&self, event_id: &str, options: FinishOptions) -> Result<()> {
        self.recorder.interaction(event_id, options.into(), Call::Finish, None)
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
        let home = &self.recorder.home;
        let outbox = &self.recorder.outbox;
        outbox.close();
        let now = platform::monotonic();
        let deadline = home.config.close_timeout.map(|timeout| now.saturating_add(timeout));
        self.recorder.adopt_abandoned(now);
        let delivery = self.delivery(deadline);
        let mut outcome = Outcome::default();
        let mut is_first = true;
        while !outbox.is_empty() || (is_first && !self.parent_is_empty()) {
            is_first = false;
            let pass = delivery.flush(&self.outboxes(), |_| true).await;
            let is_stuck = pass.report.is_empty();
            let is_kept_back = pass.report.requeued() > 0;
            outcome.merge(pass);
            if is_kept_back || (is_stuck && !self.is_lent()) || !platform::can_sleep() {
                break;
            }
            if is_stuck {
                if delivery.time_left() == Some(Duration::ZERO) {
                    outcome.out_of_time = true;
                    break;
                }
                platform::sleep(POLL).await;
            }
        }
        self.settle_leftover(&mut outcome);
        outcome.into_result()
    }

    pub(crate) async fn deliver(&self, wants: fn(RecordKind) -> bool) -> Outcome {
        self.recorder.adopt_abandoned(platform::monotonic());
        self.delivery(None).flush(&self.outboxes(), wants).await
    }

    fn delivery(&self, deadline: Option<Duration>) -> Delivery<'_> {
        let Home { config, diagnostics, .. } = &*self.recorder.home;
        Delivery { config, diagnostics, transport: &self.transport, deadline }
    }

    /// The buffers that a flush empties. What a scope left behind is older, and goes first.
    fn outboxes(&self) -> Vec<&Outbox> {
        self.recorder.parent().map(|parent| &parent.outbox).into_iter().chain([&self.recorder.outbox]).collect()
    }

    /// Whether another flush has something that this one would have to wait for.
    fn is_lent(&self) -> bool {
        self.outboxes().into_iter().any(|outbox| outbox.lent() > 0)
    }

    fn parent_is_empty(&self) -> bool {
        self.recorder.parent().is_none_or(|parent| parent.outbox.is_empty())
    }

    fn settle_leftover(&self, outcome: &mut Outcome) {
        let Recorder { home, outbox, .. } = &*self.recorder;
        let (leftover, dropped) = outbox.take_leftover(&home.config.encoding);
        outcome.report.merge_dropped(&dropped);
        let count = leftover.len().saturating_add(outbox.lent());
        match self.recorder.parent() {
            Some(parent) => parent.outbox.adopt(leftover),
            None => outbox.abandon(&leftover),
        }
        if outcome.out_of_time {
            home.diagnostics.warn(Warning::CloseDeadline, || {
                format!("close ran out of time with {count} record(s) undelivered: see `close_timeout`")
            });
        }
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
