use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::SpanOptions;
use crate::ids;
use crate::platform;
use crate::recorder::Holder;
use crate::records::{
    Attribute, Detail, Identity, Properties, SpanFields, SpanIds, SpanRecord, distinct, set_attribute,
};
use crate::wire;

const RESPONSE_MODEL: &str = "gen_ai.response.model";
const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";

/// A piece of work with a beginning and an end, part of a trace.
///
/// A handle: cheap to clone, and the clones are the same span. It is recorded when it [ends](Span::end), at the latest
/// when its last handle is dropped. After that nothing changes it.
///
/// ```
/// # use raindrop::{Attribute, Client, SpanOptions};
/// # let client = Client::builder().build()?;
/// let retrieval = client.start_span(SpanOptions {
///     name: "retrieve documents".into(),
///     event_id: "evt_123".into(),
///     ..Default::default()
/// });
/// retrieval.set_attributes([Attribute::int("documents", 8)]);
/// retrieval.end();
/// # Ok::<(), raindrop::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Span {
    /// `None` records nothing.
    shared: Option<Arc<Shared>>,
}

struct Shared {
    recorder: Holder,
    ids: SpanIds,
    name: String,
    start: u64,
    /// `None`: nothing is known.
    identity: Option<Arc<Identity>>,
    sticky: Option<Arc<Properties>>,
    /// `None` once it has ended.
    open: Mutex<Option<SpanFields>>,
}

fn known(identity: &Option<Arc<Identity>>) -> &Identity {
    static NOTHING: Identity = Identity::NOTHING;
    identity.as_deref().unwrap_or(&NOTHING)
}

/// What a span belongs to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Association {
    /// `None`: nothing is known.
    pub identity: Option<Arc<Identity>>,
    pub sticky: Option<Arc<Properties>>,
}

impl Association {
    pub fn to_event(event_id: &str) -> Self {
        let identity = Identity { event_id: event_id.to_owned(), ..Identity::default() };
        Self { identity: Some(Arc::new(identity)), ..Self::default() }
    }

    /// What a span of this association inherits when it names another event.
    pub fn with_event_id(mut self, event_id: String) -> Self {
        if !event_id.is_empty() && event_id != known(&self.identity).event_id {
            Arc::make_mut(self.identity.get_or_insert_default()).event_id = event_id;
        }
        self
    }
}

impl Span {
    /// A span that records nothing and ends without a trace.
    pub fn noop() -> Self {
        Self::default()
    }

    /// Whether the span records nothing: the client is disabled or closed.
    pub fn is_noop(&self) -> bool {
        self.shared.is_none()
    }

    /// What the span was called when it began; empty for a no-op.
    pub fn name(&self) -> &str {
        self.shared.as_ref().map_or("", |shared| &shared.name)
    }

    /// Sets attributes; one that is set again replaces the earlier value.
    pub fn set_attributes(&self, attributes: impl IntoIterator<Item = Attribute>) {
        let attributes: Vec<Attribute> = attributes.into_iter().collect();
        self.update(|fields| {
            for attribute in attributes {
                set_attribute(&mut fields.attributes, attribute);
            }
        });
    }

    /// Marks the span as failed, with what went wrong.
    pub fn set_error(&self, error: impl fmt::Display) {
        if !self.is_noop() {
            let message = error.to_string();
            self.update(|fields| fields.error = Some(message));
        }
    }

    /// Sets the model that answered, unless it is empty, and how many tokens it took; 0 means unknown.
    pub fn set_token_usage(&self, model: impl Into<String>, input_tokens: i64, output_tokens: i64) {
        let model = model.into();
        let implied: &[&str] = if model.is_empty() {
            &[INPUT_TOKENS, OUTPUT_TOKENS]
        } else {
            &[RESPONSE_MODEL, INPUT_TOKENS, OUTPUT_TOKENS]
        };
        self.update_implied(implied, |fields| {
            if let Detail::Llm(llm) = &mut fields.detail {
                if !model.is_empty() {
                    llm.response_model = model;
                }
                llm.input_tokens = input_tokens;
                llm.output_tokens = output_tokens;
                return;
            }
            if !model.is_empty() {
                fields.attributes.push(Attribute::string(RESPONSE_MODEL, model));
            }
            for (key, tokens) in [(INPUT_TOKENS, input_tokens), (OUTPUT_TOKENS, output_tokens)] {
                if tokens > 0 {
                    fields.attributes.push(Attribute::int(key, tokens));
                }
            }
        });
    }

    /// Ends the span now and records it.
    pub fn end(&self) {
        self.end_at(None);
    }

    /// Ends the span at a moment of your choice, or now, and records it. A moment before its start counts as its start.
    pub fn end_at(&self, end_time: Option<OffsetDateTime>) {
        if let Some(shared) = &self.shared {
            shared.end(end_time);
        }
    }

    pub(crate) fn start(recorder: &Holder, association: Association, options: SpanOptions) -> Self {
        let SpanOptions { name, event_id, operation_id, parent, properties, attributes, start_time } = options;
        let (properties, attributes) = (wire::properties(properties), distinct(attributes));
        let fields = SpanFields { operation_id, properties, attributes, ..SpanFields::default() };
        Self::open(recorder, association.with_event_id(event_id), name, parent, start_time, fields)
    }

    /// Begins a span as a part of `parent`, from which it inherits what `association` does not say.
    pub(super) fn open(
        recorder: &Holder,
        association: Association,
        name: String,
        parent: Option<Span>,
        start_time: Option<OffsetDateTime>,
        fields: SpanFields,
    ) -> Self {
        if !recorder.is_enabled() || recorder.outbox.is_closed() {
            return Self::noop();
        }
        // Before the rest, so that it is out of the processor's store buffer when it is moved.
        let open = Mutex::new(Some(fields));
        let parent = parent.and_then(|parent| parent.shared);
        let Association { mut identity, mut sticky } = association;
        if let Some(parent) = &parent {
            let Identity { user_id, event_id, .. } = known(&identity);
            let says_no_more = user_id.is_empty() && *event_id == known(&parent.identity).event_id;
            if event_id.is_empty() || says_no_more {
                identity = parent.identity.clone();
            }
            sticky = sticky.or_else(|| parent.sticky.clone());
        }
        let ids = SpanIds {
            trace: parent
                .as_ref()
                .map(|parent| parent.ids.trace)
                .or(known(&identity).trace)
                .unwrap_or_else(ids::trace_id),
            span: ids::span_id(),
            parent: parent.map(|parent| parent.ids.span),
        };
        let start = start_time.map_or_else(platform::now, unix_nanos);
        let recorder = recorder.share();
        Self { shared: Some(Arc::new(Shared { recorder, ids, name, start, identity, sticky, open })) }
    }

    /// Changes what the span will say, unless it has ended.
    pub(super) fn update(&self, change: impl FnOnce(&mut SpanFields)) {
        if let Some(shared) = &self.shared
            && let Some(fields) = shared.open.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
        {
            change(fields);
        }
    }

    /// Like [`update`](Span::update), for a field that implies attributes: values set for those earlier give way. A key
    /// that ends with a dot stands for all that begin with it.
    pub(super) fn update_implied(&self, implied: &[&str], change: impl FnOnce(&mut SpanFields)) {
        self.update(|fields| {
            fields.forget(implied);
            change(fields);
        });
    }
}

impl Shared {
    fn end(&self, end_time: Option<OffsetDateTime>) {
        let fields = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(fields) = &fields {
            self.record(fields, end_time);
        }
    }

    fn record(&self, fields: &SpanFields, end_time: Option<OffsetDateTime>) {
        let end = end_time.map_or_else(platform::now, unix_nanos).max(self.start);
        self.recorder.span(&SpanRecord {
            ids: self.ids,
            name: &self.name,
            start: self.start,
            end,
            identity: known(&self.identity),
            sticky: self.sticky.as_deref(),
            fields,
        });
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let open = mem::take(self.open.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(fields) = open {
            self.record(&fields, None);
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// Nanoseconds since the Unix epoch, between its beginning and the year 2554.
pub(super) fn unix_nanos(moment: OffsetDateTime) -> u64 {
    u64::try_from(moment.unix_timestamp_nanos().max(0)).unwrap_or(u64::MAX)
}

/// Runs `work` in a span that ends with it, failed if it returns an error or is abandoned.
pub(crate) async fn run_in_span<T, E, W, F>(span: Span, work: W) -> Result<T, E>
where
    E: fmt::Display,
    W: FnOnce(Span) -> F,
    F: Future<Output = Result<T, E>>,
{
    let guard = Abandoned(span.clone());
    let result = work(span.clone()).await;
    if let Err(error) = &result {
        span.set_error(error);
    }
    span.end();
    drop(guard);
    result
}

/// Ends a span whose work was dropped before its end. Does nothing to one that has ended.
pub(crate) struct Abandoned(pub Span);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.set_error("abandoned before its end");
        self.0.end();
    }
}
