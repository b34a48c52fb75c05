//! Where calls become records. Every handle holds one: the configuration and the buffer, never the client.

mod fields;
mod holder;
mod scopes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use time::OffsetDateTime;

use crate::config::Config;
use crate::diagnostics::{Diagnostics, Warning};
use crate::error::{Error, Result};
use crate::ids;
use crate::millis::Millis;
use crate::outbox::{Call, Common, Counters, DropReason, Dropped, Limits, Outbox, Update, Writer};
use crate::platform::{self, Transport};
use crate::records::{
    Attachment, DEFAULT_EVENT, EventFields, Identity, Properties, RecordKind, SignalFields, SpanRecord,
};
use crate::sink::Sink;
use crate::wire::{self, Encoding, EventView};

pub(crate) use holder::Holder;
use scopes::{ABANDONED_AFTER, Scopes};

/// What a client and its scopes share.
pub(crate) struct Home {
    pub config: Config,
    pub counters: Counters,
    pub diagnostics: Diagnostics,
    pub transport: Transport,
    /// Takes what would be sent, in place of the network.
    pub sink: Option<Arc<dyn Sink>>,
}

/// In this order, what every span reads is not in the cache line that every span writes: that of the reference count.
#[repr(C)]
pub(crate) struct Recorder {
    scopes: Scopes,
    /// With the client's scopes, when there is something to find.
    is_registered: AtomicBool,
    pub outbox: Outbox<Origin>,
}

/// Where it comes from. A scope refers to its client alone, and follows it to the rest: a reference takes more time to count
/// than to follow.
pub(crate) enum Origin {
    Client(Box<Home>),
    /// Of this client, which is no scope itself, and takes what the scope could not deliver.
    Scope(Arc<Recorder>),
}

impl Origin {
    fn home(&self) -> &Home {
        match self {
            Self::Client(home) => home,
            Self::Scope(client) => client.home(),
        }
    }
}

impl Common for Origin {
    fn counters(&self) -> &Counters {
        &self.home().counters
    }

    fn limits(&self) -> &Limits {
        &self.home().config.limits
    }

    fn encoding(&self) -> &Encoding {
        &self.home().config.encoding
    }
}

impl Recorder {
    pub fn root(home: Home) -> Arc<Self> {
        Self::new(Origin::Client(Box::new(home)))
    }

    pub fn scope(self: &Arc<Self>) -> Arc<Self> {
        let client = self.parent().unwrap_or(self);
        let scope = Self::new(Origin::Scope(Arc::clone(client)));
        if client.outbox.is_closed() {
            scope.outbox.close();
        }
        scope
    }

    /// Not inlined: in wasm, each of its callers would be 400 bytes longer.
    #[inline(never)]
    fn new(origin: Origin) -> Arc<Self> {
        let (outbox, scopes) = (Outbox::new(origin), Scopes::default());
        Arc::new(Self { outbox, scopes, is_registered: AtomicBool::new(false) })
    }

    pub fn home(&self) -> &Home {
        self.outbox.common.home()
    }

    /// The client, if it is a scope.
    pub fn parent(&self) -> Option<&Arc<Recorder>> {
        match &self.outbox.common {
            Origin::Client(_) => None,
            Origin::Scope(client) => Some(client),
        }
    }

    /// Itself, if it is no scope.
    fn client(&self) -> &Self {
        self.parent().map_or(self, |client| &**client)
    }

    /// To be called before anything is recorded: from then on somebody looks after the scope.
    pub fn register(self: &Arc<Self>) {
        if let Some(parent) = self.parent()
            && !self.is_registered.load(Relaxed)
            && !self.is_registered.swap(true, Relaxed)
        {
            parent.scopes.add(self);
        }
    }

    /// Takes over what scopes hold that seem to be dead.
    pub fn adopt_abandoned(&self, now: Millis) {
        let heir = self.client();
        let _care = heir.scopes.care();
        for scope in heir.scopes.due(now) {
            heir.outbox.adopt(scope.outbox.take_abandoned(now, ABANDONED_AFTER));
        }
    }

    /// Whether there is nothing to deliver, as at the end of a request that recorded nothing, nor in scopes that seem to be dead.
    pub fn is_empty(&self) -> bool {
        let client = self.client();
        if !client.scopes.is_empty() {
            self.adopt_abandoned(platform::monotonic());
        }
        self.outbox.is_empty() && client.outbox.is_empty()
    }

    pub fn is_enabled(&self) -> bool {
        self.home().config.is_enabled()
    }

    /// Records a complete event. Returns its id.
    pub fn event(self: &Arc<Self>, event_id: String, fields: &EventFields) -> Result<String> {
        let event_id = event_id_or_new(event_id);
        if !self.is_enabled() {
            return Ok(event_id);
        }
        if fields.user_id.is_empty() {
            return self.refuse(Error::required("user_id", "say whose event it is"));
        }
        self.check(Attachment::validate_all(&fields.attachments))?;
        let view = EventView {
            event_id: &event_id,
            user_id: &fields.user_id,
            event: if fields.event.is_empty() { DEFAULT_EVENT } else { &fields.event },
            timestamp: fields.timestamp.unwrap_or_else(now),
            input: &fields.input,
            output: &fields.output,
            model: &fields.model,
            convo_id: &fields.convo_id,
            properties: &fields.properties,
            attachments: &fields.attachments,
            feature_flags: &fields.feature_flags,
        };
        self.push(RecordKind::Event, &|out| wire::complete_event(out, &view, &self.home().config.encoding))?;
        Ok(event_id)
    }

    /// Records a complete event that had to do with a model; without content it is dropped.
    pub fn ai_event(self: &Arc<Self>, event_id: String, fields: &EventFields) -> Result<String> {
        if fields.has_content() || fields.user_id.is_empty() || !self.is_enabled() {
            return self.event(event_id, fields);
        }
        if self.outbox.is_closed() {
            return self.refuse(Error::Closed);
        }
        self.home().counters.accept(RecordKind::Event);
        self.home().counters.discard(RecordKind::Event, DropReason::EmptyInteraction, 1);
        self.home().diagnostics.warn(
            Warning::EmptyEvent,
            format_args!("event \"{}\" has no input, no output and no attachment: it is not sent", fields.event),
        );
        Ok(event_id_or_new(event_id))
    }

    pub fn signal(self: &Arc<Self>, signal: &SignalFields) -> Result<()> {
        if !self.is_enabled() {
            return Ok(());
        }
        self.check(signal.validate())?;
        self.push(RecordKind::Signal, &|out| wire::signal(out, signal, &self.home().config.encoding))
    }

    pub fn user(self: &Arc<Self>, user_id: &str, traits: &Properties) -> Result<()> {
        if !self.is_enabled() {
            return Ok(());
        }
        if user_id.is_empty() {
            return self.refuse(Error::required("user_id", "say who it is"));
        }
        self.push(RecordKind::User, &|out| wire::user(out, user_id, traits, &self.home().config.encoding))
    }

    /// Cannot fail: an invalid attachment is left out, with a warning. Returns what is known of the interaction.
    pub fn begin(self: &Arc<Self>, event_id: String, mut fields: EventFields) -> Arc<Identity> {
        let event = if fields.event.is_empty() { DEFAULT_EVENT } else { &fields.event };
        let identity = Arc::new(Identity {
            event_id: event_id_or_new(event_id),
            user_id: fields.user_id.clone(),
            event: event.to_owned(),
            convo_id: fields.convo_id.clone(),
            model: fields.model.clone(),
            trace: Some(ids::trace_id()),
        });
        if !self.is_enabled() {
            return identity;
        }
        fields.attachments.retain(|attachment| {
            let Err((field, reason)) = attachment.validate() else { return true };
            self.home().counters.refuse();
            self.home().diagnostics.warn(
                Warning::InvalidAttachment,
                format_args!("begin of \"{}\": `{field}` {reason}; the attachment is left out", identity.event_id),
            );
            false
        });
        // After `close` it is refused, and counted as such.
        let _ = self.interaction(&identity, fields, Call::Begin);
        identity
    }

    /// What is known of an interaction that was begun earlier, here or elsewhere.
    pub fn resume(&self, event_id: String) -> Arc<Identity> {
        self.identity(&event_id)
            .unwrap_or_else(|| Arc::new(Identity { event_id, trace: Some(ids::trace_id()), ..Identity::default() }))
    }

    /// What is remembered of an interaction, here or by the client that a scope comes from.
    pub fn identity(&self, event_id: &str) -> Option<Arc<Identity>> {
        self.outbox.identity(event_id).or_else(|| self.parent()?.outbox.identity(event_id))
    }

    /// Merges a call on an interaction. `known` is what the caller's handle knows of it.
    pub fn interaction(self: &Arc<Self>, known: &Arc<Identity>, fields: EventFields, call: Call) -> Result<()> {
        if !self.is_enabled() {
            return Ok(());
        }
        let event_id = known.event_id.as_str();
        if event_id.is_empty() {
            return self.refuse(Error::required("event_id", "name the interaction"));
        }
        self.check(Attachment::validate_all(&fields.attachments))?;
        self.register();
        let update = Update { known, fields, call, now };
        let dropped = self.check(self.outbox.update(update))?;
        self.warn_of_loss(RecordKind::Partial, dropped);
        if call == Call::Finish && self.outbox.is_held(event_id) {
            self.home().diagnostics.warn(
                Warning::UnknownUser,
                format_args!(
                    "interaction \"{event_id}\" is finished, and held back until its user is known: say whose it is"
                ),
            );
        }
        Ok(())
    }

    pub fn span(self: &Arc<Self>, span: &SpanRecord<'_>) {
        if !wire::has_ai_operation(span) {
            self.warn_useless(span.name);
        }
        // After `close` the span is refused, and counted as such.
        let _ = self.push(RecordKind::Span, &|out| wire::span(out, span, &self.home().config.encoding));
    }

    pub fn warn_useless(&self, name: &str) {
        self.home().diagnostics.warn(
            Warning::UselessSpan,
            format_args!(
                "span \"{name}\" has no event id, operation id, user or conversation: the backend drops such spans. \
                 Give it one"
            ),
        );
    }

    fn push(self: &Arc<Self>, kind: RecordKind, write: Writer<'_>) -> Result<()> {
        self.register();
        let dropped = self.check(self.outbox.push(kind, write))?;
        self.warn_of_loss(kind, dropped);
        Ok(())
    }

    fn warn_of_loss(&self, kind: RecordKind, dropped: Option<DropReason>) {
        if let Some(reason) = dropped.filter(|reason| *reason != DropReason::EmptyInteraction) {
            let diagnostics = &self.home().diagnostics;
            diagnostics.warn(Warning::Lost, format_args!("a record was dropped: {kind:?}, {reason:?}. See `stats`"));
        }
    }

    fn refuse<T>(&self, error: Error) -> Result<T> {
        self.home().counters.refuse();
        Err(error)
    }

    fn check<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.home().counters.refuse();
        }
        result
    }
}

/// A scope that goes away without being closed leaves what it holds to its client; a client counts it.
impl Drop for Recorder {
    fn drop(&mut self) {
        if self.outbox.is_empty() {
            return;
        }
        let leftover = self.outbox.take_leftover(&mut Dropped::default());
        let count = leftover.len();
        if count == 0 {
            return;
        }
        match self.parent() {
            Some(parent) => parent.outbox.adopt(leftover),
            None => {
                self.outbox.abandon(&leftover);
                self.home().diagnostics.warn(
                    Warning::NotClosed,
                    format_args!("{count} record(s) are lost with a client that was dropped: await `close` first"),
                );
            }
        }
    }
}

pub(crate) fn event_id_or_new(event_id: String) -> String {
    if event_id.is_empty() { ids::event_id() } else { event_id }
}

pub(crate) fn now() -> OffsetDateTime {
    const NANOS_PER_SECOND: u64 = 1_000_000_000;
    let nanos = platform::now();
    let seconds = i64::try_from(nanos / NANOS_PER_SECOND).unwrap_or_default();
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.replace_nanosecond((nanos % NANOS_PER_SECOND) as u32).unwrap_or(moment)
}
