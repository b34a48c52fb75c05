// What records: a client or a scope, as its handles see it.
import { ARRAY } from "./crossing.js";
import { CLOSE, FLUSH, deliver } from "./delivery.js";
import { Home } from "./home.js";
import { shown } from "./host.js";
import { errorText, fieldOf } from "./input.js";
import { FINISH, Interactions } from "./interactions.js";
import { textWithin } from "./json.js";
import { forget, watch } from "./page.js";
import { EMPTY_INTERACTION, SPAN, TOO_LARGE, addChanged, counts } from "./report.js";
import { isOfUse, spanText } from "./span.js";

const CLOSED = "the client is closed: record before calling `close`";

export class Client {
  /** The flushes under way that `soon` began. */
  unasked = new Set();

  isClosed = false;

  /** `home`: what a client and its scopes share. `parent`: the client that a scope is of. */
  constructor(home, core = home.core, parent = undefined) {
    this.core = core;
    this.home = home;
    this.parent = parent;
    this.interactions = new Interactions(home, core, !!parent);
    if (home.flushOnPageHide) watch(this);
  }

  /** One that records nothing. */
  static off() {
    return new Client(new Home());
  }

  scope() {
    return new Client(this.home, this.home.core.scope(), this.parent ?? this);
  }

  /** Runs a call of the app, to which no error gets. */
  attempt(call, work) {
    try {
      return work();
    } catch (error) {
      this.refuse(call, error);
    }
  }

  /** Whether a call comes too late: then that is said. */
  isTooLate(call) {
    const { isClosed } = this;
    if (isClosed) this.refuse(call, CLOSED);
    return isClosed;
  }

  refuse(call, error) {
    this.home.refused++;
    this.report(call, error);
  }

  report(call, cause) {
    const error = new TypeError(`${call}: ${errorText(cause)}`);
    const { onError } = this.home;
    if (!onError) return this.home.warn(`${call} ${fieldOf(cause)}`, error.message);
    try {
      onError(error)?.then?.(undefined, () => {});
    } catch {
      // It is the app's own; the call that it is about goes on.
    }
  }

  /** Records one, or each of several, as `prepare` reads it. Returns the ids. */
  record(call, kind, prepare, input) {
    const one = (item) =>
      this.attempt(call, () => {
        const { isOn, textCap, context } = this.home;
        const [id, encode] = prepare(item, context);
        if (isOn) {
          if (this.isTooLate(call)) return;
          this.push(kind, textWithin(ARRAY.limit, textCap, encode));
          this.soon();
        }
        return id;
      });
    return this.attempt(call, () => (Array.isArray(input) ? Array.from(input, one) : one(input)));
  }

  /** Records a span that ended. */
  recordSpan(call, span, end) {
    const { isOn, textCap, spans } = this.home;
    if (!isOn) return;
    const text = spanText(span, end, textCap, spans.limit);
    // Only now: a `toJSON` of the app's own may have closed the client.
    if (this.isTooLate(call)) return;
    if (!isOfUse(span)) {
      const told = `span "${span.name}" has no event id, operation id, user or conversation: the backend drops such spans.`;
      this.home.warn("useless", `${told} Set \`eventId\` or \`operationId\``);
    }
    this.push(SPAN, text);
  }

  push(kind, text) {
    if (text) return this.home.crossing.add(this.core, kind, text);
    this.core.lose(kind, TOO_LARGE);
    this.home.warnOfLoss();
  }

  /** What a handle knows of an interaction may be what its end waits for. */
  learn(from, news) {
    const isReleased = [this.parent, this].map((client) => client?.interactions.learn(from, news)).includes(true);
    if (isReleased) this.soon();
  }

  /** Merges a call on an interaction. Returns whether it was taken. */
  merge(call, from, news, number) {
    if (!this.home.isOn) return true;
    if (this.isTooLate(call)) return false;
    const { eventId } = from.identity;
    // An end becomes a record at once: what its client still holds of the interaction comes before.
    if (number == FINISH) this.parent?.interactions.sealOne(eventId);
    const dropped = this.interactions.merge(from, news, number);
    if (dropped != null && dropped != EMPTY_INTERACTION) this.home.warnOfLoss();
    if (number == FINISH) {
      if (this.interactions.isHeld(eventId)) {
        this.home.warn("held", `interaction "${eventId}" is finished and held back: its user is not known. Resume it with \`userId\``);
      }
      this.soon();
    }
    return true;
  }

  /**
   * Makes records of what is new in interactions, for a flight: the last one if `isLast`. Returns how many were dropped because
   * they are too large, and because their user is not known.
   */
  seal(isLast) {
    this.home.sealAbandoned();
    const tooLarge = (this.parent?.interactions.seal() ?? 0) + this.interactions.seal();
    this.home.crossing.cross();
    return [tooLarge, isLast ? this.interactions.dropHeld() : 0];
  }

  stats() {
    const { refused, changed, crossing } = this.home;
    crossing.cross();
    this.home.core.stats();
    addChanged(shown, changed);
    return { refused, ...counts(shown, "accepted", "pending") };
  }

  /** Flushes at the end of the current task, unless the app does before. */
  soon() {
    if (!this.home.flushOnFinish || this.scheduled) return;
    try {
      this.scheduled = setTimeout(() => {
        this.scheduled = undefined;
        const flush = deliver(this, FLUSH);
        this.unasked.add(flush);
        const forgotten = () => this.unasked.delete(flush);
        flush.then(forgotten, forgotten);
      });
    } catch {
      // There are no timers here, as in a Worker's global scope.
    }
  }

  /** A flush that the app waits for: all that is recorded has arrived when it ends, whoever sends it. */
  flush() {
    clearTimeout(this.scheduled);
    this.scheduled = undefined;
    const flushes = [deliver(this, FLUSH), ...this.unasked];
    return Promise.allSettled(flushes).then(() => Promise.all(flushes)).then(([report]) => report);
  }

  close() {
    this.isClosed = true;
    forget(this);
    const closed = deliver(this, CLOSE);
    // A platform may never collect what is in the wasm module: Workers of before May 2025 do not.
    if (this.parent) closed.then(this.free, this.free);
    return closed;
  }

  free = () => {
    this.core?.free();
    this.core = undefined;
  };
}
