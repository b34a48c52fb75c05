// Interactions that may still change: calls on them merge here until a flush or `finish` makes them a record. The rules are
// those of `src/outbox/interactions.rs`.
import { REQUEST_LIMIT } from "./crossing.js";
import { eventText } from "./event.js";
import { NONE } from "./input.js";
import { textWithin } from "./json.js";
import { EMPTY_INTERACTION, PARTIAL, QUEUE_FULL, TOO_LARGE, UNKNOWN_USER } from "./report.js";

// The calls.
export const BEGIN = 0;
export const PATCH = 1;
export const FINISH = 2;

/** How many finished interactions are remembered, so that a second `finish` or a late property finds them. */
const FINISHED_KEPT = 1024;
/** How many open interactions without news are remembered. */
const IDLE_KEPT = 16_384;
/** Of more characters, the news of one interaction become a record at once: attachments add up, and a record has its limit. */
const LARGE_NEWS = 512 * 1024;
/** The same for the news of all. */
const LARGE_STORE = 1024 * 1024;
/** A scope that nothing was recorded in for so long is helped out of what it holds. */
const ABANDONED_AFTER_MS = 60_000;

const grown = ({ properties, attachments, flags }) => {
  let length = 0;
  for (const values of [properties, flags]) for (const [name, value] of values) length += name.length + value.length;
  for (const [, , value, name = ""] of attachments) length += value.length + name.length;
  return length;
};

const isNothing = ({ timestamp, input, output, model, properties, attachments, flags }) =>
  timestamp == null && !input && !output && !model && !properties.size && !attachments.length && !flags.size;

/** Those of a client or a scope. */
export class Interactions {
  /** Those with news, each a record to come, in the order of the news. */
  #changed = new Map();
  /** Those without, open and finished, in the order in which their news became a record. */
  #idle = new Map();
  #finished = new Map();
  /** About how many characters the news have. */
  #length = 0;
  /** How many calls there were, altogether and when that was last looked at. */
  #calls = 0;
  #seen = { calls: 0, at: 0 };

  #home;
  #core;
  #isScope;

  /** `home`: what the client shares with its scopes. `core`: where records go. */
  constructor(home, core, isScope) {
    this.#isScope = isScope;
    this.#home = home;
    this.#core = core;
  }

  /** Merges a call. `from` is what the caller's handle knows of the interaction. Returns why its record was dropped, if it was. */
  merge(from, news, call) {
    const id = from.identity.eventId;
    const known = this.#find(id);
    if (call == FINISH ? known?.isFinished : call == PATCH && isNothing(news)) return;
    this.#calls++;
    const isChanged = this.#changed.has(id);
    if (!isChanged && !this.#hasRoom()) return this.#lose(QUEUE_FULL);
    const entry = known ?? newEntry(from.identity, call);
    // Not what the handle knows: another may have told otherwise since.
    for (const it of [entry, from]) it.identity = told(it.identity, news);
    if (!isChanged) this.#change(entry);
    this.#length -= entry.length;
    // Begun again after its end, it is open once more. An end that still waits for its user stays one.
    entry.isFinished = call == FINISH || (entry.isFinished && (call != BEGIN || isChanged));
    entry.hasContent ||= !!(news.input || news.output || news.attachments.length);
    entry.timestamp = news.timestamp ?? entry.timestamp;
    entry.input = news.input || entry.input;
    entry.output = news.output || entry.output;
    entry.properties = joined(entry.properties, news.properties);
    entry.flags = joined(entry.flags, news.flags);
    entry.attachments = entry.attachments.concat(news.attachments);
    entry.grown += grown(news);
    entry.length = entry.grown + entry.input.length + entry.output.length;
    this.#length += entry.length;
    const dropped = entry.isFinished || entry.grown > LARGE_NEWS ? this.#seal(entry) : undefined;
    if (this.#length > LARGE_STORE) {
      this.seal();
      if (this.#length > LARGE_STORE) this.dropHeld();
    }
    return dropped;
  }

  /** Whether it has ended and is held back because its user is not known. */
  isHeld(id) {
    return this.#changed.get(id)?.isFinished;
  }

  /** Takes what a handle knows of an interaction, where nothing is known of it here, and what is told. Returns whether it was
      held back and could become a record at last. */
  learn({ identity }, news) {
    const { eventId } = identity;
    const entry = this.#find(eventId);
    if (!entry) return false;
    entry.identity = told(told(identity, entry.identity), news);
    if (!this.isHeld(eventId)) return false;
    this.#seal(entry);
    return !this.isHeld(eventId);
  }

  /** Makes records of all news, but of those whose user is not known. Returns how many were dropped as too large. */
  seal() {
    let dropped = 0;
    for (const entry of this.#changed.values()) if (this.#seal(entry) == TOO_LARGE) dropped++;
    return dropped;
  }

  /** Makes a record of the news of one, if its user is known. */
  sealOne(id) {
    const entry = this.#changed.get(id);
    if (entry) this.#seal(entry);
  }

  /** Gives up what is held because its user is not known. Returns how many. */
  dropHeld() {
    let dropped = 0;
    for (const [id, entry] of this.#changed) {
      if (entry.identity.userId) continue;
      this.#settle(entry);
      (entry.isFinished ? this.#finished : this.#idle).delete(id);
      this.#core.lose(PARTIAL, UNKNOWN_USER);
      dropped++;
    }
    return dropped;
  }

  /** The same for everything, if there was no call for so long that whoever made them seems to be dead. */
  sealAbandoned(now) {
    if (this.#seen.calls != this.#calls) this.#seen = { calls: this.#calls, at: now };
    else if (now - this.#seen.at >= ABANDONED_AFTER_MS) {
      this.seal();
      this.dropHeld();
    }
  }

  #hasRoom() {
    const { eventLimit } = this.#home;
    const isFull = () => this.#changed.size + this.#core.updates() >= eventLimit;
    if (isFull()) this.dropHeld();
    return !isFull();
  }

  #find(id) {
    return this.#changed.get(id) ?? this.#idle.get(id) ?? this.#finished.get(id);
  }

  /** Has the entry among those with news. */
  #change(entry) {
    const { eventId } = entry.identity;
    this.#idle.delete(eventId);
    this.#finished.delete(eventId);
    this.#changed.set(eventId, entry);
    this.#home.changed++;
    if (this.#isScope) this.#home.stores.add(this);
  }

  #lose(reason) {
    this.#core.lose(PARTIAL, reason);
    return reason;
  }

  /** Makes a record of the news, if the user is known. Returns why it was dropped, if it was. */
  #seal(entry) {
    const { identity, isFinished, hasContent } = entry;
    if (!identity.userId) return;
    const { textCap, context, crossing } = this.#home;
    let dropped;
    if (isFinished && !hasContent) {
      dropped = this.#lose(EMPTY_INTERACTION);
    } else {
      const text = textWithin(REQUEST_LIMIT, textCap, (cap) => eventText(identity, entry, context, cap, !isFinished));
      if (text) crossing.add(this.#core, PARTIAL, text);
      else dropped = this.#lose(TOO_LARGE);
    }
    this.#settle(entry);
    return dropped;
  }

  /** Remembers for a while one that has no news any more. */
  #settle(entry) {
    const { eventId } = entry.identity;
    this.#length -= entry.length;
    Object.assign(entry, noNews());
    this.#changed.delete(eventId);
    this.#home.changed--;
    if (!this.#changed.size) this.#home.stores.delete(this);
    const [settled, kept] = entry.isFinished ? [this.#finished, FINISHED_KEPT] : [this.#idle, IDLE_KEPT];
    keepLatest(settled, eventId, entry, kept);
  }
}

/** What is known of an interaction and what is told of it, in a new object: a span keeps what was known when it began. */
export const told = (known, { userId, event, convoId, model }) => ({
  eventId: known.eventId,
  userId: userId || known.userId,
  event: event || known.event,
  convoId: convoId || known.convoId,
  model: model || known.model,
});

/** Puts an entry behind all others, of which the first gives way if they are too many. */
export function keepLatest(map, key, value, kept) {
  map.delete(key);
  map.set(key, value);
  if (map.size > kept) map.delete(map.keys().next().value);
}

const newEntry = (identity, call) => ({
  identity,
  timestamp: Date.now(),
  ...noNews(),
  isFinished: false,
  // What began elsewhere may have had content there.
  hasContent: call != BEGIN,
});

/** No news. `grown`: about how many characters the parts have that only grow, `length`: and all of it. */
const noNews = () => ({ input: "", output: "", properties: NONE, attachments: [], flags: NONE, grown: 0, length: 0 });

/** Adds values to those that are known: of a name the later one counts. */
function joined(known, news) {
  if (!known.size) return news;
  for (const [name, value] of news) known.set(name, value);
  return known;
}
