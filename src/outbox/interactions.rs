//! Interactions that may still change: updates merge here until a flush or `finish` makes them a record.

use std::mem;
use std::sync::Arc;

use time::OffsetDateTime;

use super::index::Index;
use crate::platform;
use crate::records::{Attachment, DEFAULT_EVENT, EventFields, Identity, Properties};
use crate::wire::{Encoding, EventView, Scratch, partial};

/// How many finished interactions are remembered, so that a second `finish` or a late property finds them.
const FINISHED_KEPT: usize = 1_024;
/// News of more bytes become a record at once: attachments add up, and a record has its limit.
const LARGE_NEWS: usize = 512 * 1024;
/// What a call may add to any news without making a record too large.
pub(super) const SMALL_NEWS: usize = LARGE_NEWS / 2;
/// How many open interactions without news are remembered.
const IDLE_KEPT: usize = 16_384;

/// Where it is not, all that becomes of interactions is left out.
const IS_USED: bool = platform::MERGES_INTERACTIONS;

#[derive(Debug, Default)]
pub(super) struct Interactions {
    /// In the order in which they were first heard of.
    entries: Vec<Entry>,
    index: Index,
    /// Interactions with news: each is one record to come.
    changed: usize,
    /// Those of them that are held because their user is not known.
    held: usize,
    /// About how much memory the news take.
    bytes: usize,
    /// How often news became a record, or were given up.
    sealings: usize,
    finished: Settled,
    idle: Settled,
}

#[derive(Debug)]
struct Entry {
    identity: Arc<Identity>,
    timestamp: OffsetDateTime,
    news: News,
    /// About how much memory `news` takes.
    bytes: usize,
    /// The sequence number of the first call that `news` holds.
    changed_at: Option<u64>,
    /// The number of its sealing.
    sealed_at: usize,
    /// The sequence number of its latest record, or 0.
    record: u64,
    is_pending: bool,
    finished: bool,
    /// Whether it ever had input, output or an attachment.
    has_content: bool,
}

/// What was set since the last record was made.
#[derive(Debug, Default)]
struct News {
    input: String,
    output: String,
    properties: Properties,
    attachments: Vec<Attachment>,
    feature_flags: Properties,
}

impl News {
    fn weight(&self) -> usize {
        weight(&self.properties, &self.attachments, &self.feature_flags)
    }

    /// About how many bytes all of it takes.
    fn bytes(&self) -> usize {
        self.weight().saturating_add(self.input.len()).saturating_add(self.output.len())
    }
}

/// About how many bytes the parts of an update take that add up.
fn weight(properties: &Properties, attachments: &[Attachment], feature_flags: &Properties) -> usize {
    let bytes = |attachment: &Attachment| attachment.name.len().saturating_add(attachment.value.len());
    let attachments = attachments.iter().map(bytes).sum::<usize>();
    attachments.saturating_add(properties.bytes()).saturating_add(feature_flags.bytes())
}

/// A call on an interaction.
pub(crate) struct Update<'a> {
    /// What the caller's handle knows of the interaction.
    pub known: &'a Arc<Identity>,
    pub fields: EventFields,
    pub call: Call,
    /// Tells the time, which a new interaction has to know.
    pub now: fn() -> OffsetDateTime,
}

impl Update<'_> {
    /// How much it adds to the news.
    pub(super) fn weight(&self) -> usize {
        weight(&self.fields.properties, &self.fields.attachments, &self.fields.feature_flags)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Begin,
    Patch,
    Finish,
}

/// What an update did to the number of records.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// Nothing new in it.
    Nothing,
    /// It joined what was waiting already, of the interaction at this position.
    Joined(usize),
    /// It is a new record to come, of the interaction at this position.
    Added(usize),
    /// It would be a new record, and there is no room.
    NoRoom,
}

/// A record that is ready, or why it will never be.
#[derive(Debug)]
pub(super) enum Sealed {
    Ready { seq: u64, event_id: String, bytes: Scratch },
    Empty,
    TooLarge,
}

impl Interactions {
    pub fn changed(&self) -> usize {
        if IS_USED { self.changed } else { 0 }
    }

    /// About how much memory takes what is not yet a record.
    pub fn bytes(&self) -> usize {
        if IS_USED { self.bytes } else { 0 }
    }

    pub fn identity(&self, event_id: &str) -> Option<Arc<Identity>> {
        self.entries.get(self.find(event_id)?).map(|entry| Arc::clone(&entry.identity))
    }

    pub fn find(&self, event_id: &str) -> Option<usize> {
        if !IS_USED {
            return None;
        }
        self.index.find(event_id, |position| {
            self.entries.get(position).is_some_and(|entry| entry.identity.event_id == event_id)
        })
    }

    /// Whether there is a record to come of it already.
    pub fn has_news(&self, event_id: &str) -> bool {
        let entry = self.find(event_id).and_then(|position| self.entries.get(position));
        entry.is_some_and(|entry| entry.changed_at.is_some())
    }

    pub fn merge(&mut self, update: Update<'_>, seq: u64, room: bool) -> Merged {
        let Update { known, fields, call, now } = update;
        let position = self.find(&known.event_id);
        let entry = position.and_then(|position| self.entries.get(position));
        let is_finished = entry.is_some_and(|entry| entry.finished);
        let is_changed = entry.is_some_and(|entry| entry.changed_at.is_some());
        if (call == Call::Patch && fields.is_empty()) || (is_finished && call == Call::Finish) {
            return Merged::Nothing;
        }
        if !is_changed && !room {
            return Merged::NoRoom;
        }
        if let Some(entry) = entry.filter(|_| !is_changed) {
            let settled = if is_finished { &mut self.finished } else { &mut self.idle };
            settled.remove(entry.sealed_at);
        }
        let position = position.unwrap_or_else(|| self.add(Entry::new(known, call, now())));
        let Some(entry) = self.entries.get_mut(position) else { return Merged::Nothing };
        let was_held = entry.is_held();
        entry.merge(fields, call);
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        entry.bytes = entry.news.bytes();
        self.bytes = self.bytes.saturating_add(entry.bytes);
        entry.changed_at = entry.changed_at.or(Some(seq));
        self.held = self.held.saturating_sub(was_held.into()).saturating_add(entry.is_held().into());
        if is_changed {
            return Merged::Joined(position);
        }
        self.changed = self.changed.saturating_add(1);
        Merged::Added(position)
    }

    fn add(&mut self, entry: Entry) -> usize {
        let position = self.entries.len();
        let id_at = |position: usize| self.entries.get(position).map(|entry| entry.identity.event_id.as_str());
        self.index.push(&entry.identity.event_id, position, id_at);
        self.entries.push(entry);
        position
    }

    fn retain(&mut self, keeps: &dyn Fn(&Entry) -> bool) {
        let mut entries = mem::take(&mut self.entries);
        entries.retain(keeps);
        self.index = Index::default();
        for entry in entries {
            self.add(entry);
        }
    }

    /// Makes the record of one interaction at once, if it is finished, or large with what is `coming`, and its user is known.
    pub fn seal_ripe(&mut self, position: usize, coming: usize, encoding: &Encoding) -> Option<Sealed> {
        let entry = self.entries.get(position)?;
        // All of them take at least as much as those that add up, and that is known.
        let is_large = |bytes: usize| bytes.saturating_add(coming) > LARGE_NEWS;
        let is_ripe = entry.finished || (is_large(entry.bytes) && is_large(entry.news.weight()));
        if is_ripe { self.seal(position, encoding) } else { None }
    }

    /// Makes a record of the news of one interaction, if they begin at `awaited` or before and its user is known.
    pub fn seal_awaited(&mut self, event_id: &str, awaited: u64, encoding: &Encoding) -> Option<Sealed> {
        if self.changed == 0 {
            return None;
        }
        let position = self.find(event_id)?;
        let changed_at = self.entries.get(position)?.changed_at?;
        if changed_at <= awaited { self.seal(position, encoding) } else { None }
    }

    /// Makes a record of news up to `last` and goes on from there: `from` is where to look, at first 0. Interactions without
    /// a user stay, and those whose latest record is on its way.
    pub fn seal_next(
        &mut self,
        last: u64,
        from: &mut usize,
        is_on_its_way: impl Fn(u64) -> bool,
        encoding: &Encoding,
    ) -> Option<Sealed> {
        if !IS_USED || self.changed == self.held {
            return None;
        }
        let is_due = |entry: &Entry| {
            entry.changed_at.is_some_and(|seq| seq <= last) && !entry.is_held() && !is_on_its_way(entry.record)
        };
        let (before, after) = self.entries.split_at_checked(*from).unwrap_or((&[], &self.entries));
        // From the start again: calls that came between two of these move entries.
        let found = after.iter().position(is_due).map(|at| before.len().saturating_add(at));
        let position = found.or_else(|| before.iter().position(is_due))?;
        *from = position.saturating_add(1);
        self.seal(position, encoding)
    }

    /// Gives up the interactions that are held for want of a user. Returns how many.
    pub fn drop_held(&mut self) -> usize {
        let held = mem::take(&mut self.held);
        if IS_USED && held > 0 {
            let freed = self.entries.iter().filter(|entry| entry.is_held()).map(|entry| entry.bytes).sum();
            self.bytes = self.bytes.saturating_sub(freed);
            self.retain(&|entry| !entry.is_held());
            self.changed = self.changed.saturating_sub(held);
        }
        held
    }

    /// Gives up the news of the oldest interaction that has any. Returns whether there is one.
    pub fn drop_oldest(&mut self) -> bool {
        if !IS_USED {
            return false;
        }
        let Some(position) = self.entries.iter().position(|entry| entry.changed_at.is_some()) else { return false };
        let Some(entry) = self.entries.get_mut(position) else { return false };
        self.held = self.held.saturating_sub(entry.is_held().into());
        entry.changed_at = None;
        entry.news = News::default();
        self.settle(position);
        true
    }

    /// Whether an interaction has ended and is held for want of a user.
    pub fn is_held(&self, event_id: &str) -> bool {
        let entry = self.find(event_id).and_then(|position| self.entries.get(position));
        entry.is_some_and(|entry| entry.finished && entry.is_held())
    }

    /// Forgets everything; returns how many interactions had news.
    pub fn clear(&mut self) -> usize {
        mem::take(self).changed
    }

    fn seal(&mut self, position: usize, encoding: &Encoding) -> Option<Sealed> {
        let entry = self.entries.get_mut(position)?;
        if entry.identity.user_id.is_empty() {
            return None;
        }
        let seq = entry.changed_at.take()?;
        let sealed = entry.seal(seq, encoding);
        self.settle(position);
        Some(sealed)
    }

    /// Remembers for a while one that has no news any more.
    fn settle(&mut self, position: usize) {
        let Some(entry) = self.entries.get_mut(position) else { return };
        self.sealings = self.sealings.wrapping_add(1);
        entry.sealed_at = self.sealings;
        self.changed = self.changed.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(mem::take(&mut entry.bytes));
        let is_finished = entry.finished;
        let (settled, kept) =
            if is_finished { (&mut self.finished, FINISHED_KEPT) } else { (&mut self.idle, IDLE_KEPT) };
        if let Some(forgotten) = settled.add(self.sealings, kept) {
            self.retain(&|entry| {
                entry.changed_at.is_some() || entry.finished != is_finished || entry.sealed_at >= forgotten
            });
        }
    }
}

/// How many interactions without news there are, counted in two generations: the younger of at least as many as are kept.
#[derive(Debug, Default)]
struct Settled {
    /// Since when the younger ones were sealed.
    since: usize,
    younger: usize,
}

impl Settled {
    /// Adds one. When the older generation may be forgotten, returns which those are: all sealed before this number.
    fn add(&mut self, sealed_at: usize, kept: usize) -> Option<usize> {
        self.younger = self.younger.saturating_add(1);
        if self.younger < kept {
            return None;
        }
        self.younger = 0;
        Some(mem::replace(&mut self.since, sealed_at))
    }

    /// One of them has news again.
    fn remove(&mut self, sealed_at: usize) {
        if sealed_at > self.since {
            self.younger = self.younger.saturating_sub(1);
        }
    }
}

impl Entry {
    fn new(known: &Arc<Identity>, call: Call, now: OffsetDateTime) -> Self {
        Self {
            identity: Arc::clone(known),
            timestamp: now,
            news: News::default(),
            bytes: 0,
            changed_at: None,
            sealed_at: 0,
            record: 0,
            is_pending: true,
            finished: false,
            // What began elsewhere may have had content there.
            has_content: call != Call::Begin,
        }
    }

    fn is_held(&self) -> bool {
        self.changed_at.is_some() && self.identity.user_id.is_empty()
    }

    fn merge(&mut self, mut fields: EventFields, call: Call) {
        self.has_content |= fields.has_content();
        self.merge_identity(&mut fields);
        self.timestamp = fields.timestamp.unwrap_or(self.timestamp);
        // Open once more: begun again after its end, if that does not still wait for its user, or said to be.
        if fields.is_pending == Some(true) || (call == Call::Begin && self.changed_at.is_none()) {
            self.finished = false;
            self.is_pending = true;
        }
        self.is_pending = fields.is_pending.unwrap_or(self.is_pending);
        if call == Call::Finish {
            self.finished = true;
            self.is_pending = false;
        }
        let news = &mut self.news;
        replace(&mut news.input, fields.input);
        replace(&mut news.output, fields.output);
        news.properties.merge(fields.properties);
        news.attachments.extend(fields.attachments);
        news.feature_flags.merge(fields.feature_flags);
    }

    fn merge_identity(&mut self, fields: &mut EventFields) {
        let changes = |known: &str, new: &str| !new.is_empty() && known != new;
        let known = &self.identity;
        if changes(&known.user_id, &fields.user_id)
            || changes(&known.event, &fields.event)
            || changes(&known.convo_id, &fields.convo_id)
            || changes(&known.model, &fields.model)
        {
            let identity = Arc::make_mut(&mut self.identity);
            replace(&mut identity.user_id, mem::take(&mut fields.user_id));
            replace(&mut identity.event, mem::take(&mut fields.event));
            replace(&mut identity.convo_id, mem::take(&mut fields.convo_id));
            replace(&mut identity.model, mem::take(&mut fields.model));
        }
    }

    fn seal(&mut self, seq: u64, encoding: &Encoding) -> Sealed {
        let news = mem::take(&mut self.news);
        if self.finished && !self.has_content {
            return Sealed::Empty;
        }
        let identity = &self.identity;
        let view = EventView {
            event_id: &identity.event_id,
            user_id: &identity.user_id,
            event: if identity.event.is_empty() { DEFAULT_EVENT } else { &identity.event },
            timestamp: self.timestamp,
            input: &news.input,
            output: &news.output,
            model: &identity.model,
            convo_id: &identity.convo_id,
            properties: &news.properties,
            attachments: &news.attachments,
            feature_flags: &news.feature_flags,
        };
        let mut bytes = Scratch::new();
        if !partial(&mut bytes, &view, self.is_pending, encoding) {
            return Sealed::TooLarge;
        }
        if super::GOES_ON_MERGING {
            self.record = seq;
        }
        Sealed::Ready { seq, event_id: self.identity.event_id.clone(), bytes }
    }
}

fn replace(slot: &mut String, new: String) {
    if !new.is_empty() {
        *slot = new;
    }
}
