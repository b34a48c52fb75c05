// What records: a client or a scope, as its handles see it.
import { drive, keep, noop, watchPage } from "./delivery.js";
import { context, core } from "./host.js";
import { asText, read } from "./input.js";
import { bytesOf, json } from "./json.js";
import { isOfUse, spanBytes } from "./span.js";

// The calls as wasm numbers them.
export const BEGIN = 1;
export const PATCH = 2;
export const FINISH = 3;
const REFUSE = 6;
const STATS = 7;
const LIMITS = 9;

// The kinds of records as wasm numbers them.
export const USER = 0;
export const EVENT = 1;
export const SIGNAL = 3;
const SPAN = 4;

/** The most that an element of an array may take, in bytes: it is a request of 1 MiB with its brackets. */
const ELEMENT_LIMIT = 1048574;

const CLOSED = { message: "the client is closed: record before calling `close`" };

const WARN_INTERVAL_MS = 30_000;

export class Client {
  /** The flushes under way that the app has asked for, and those of `soon`. One kind waits for the other. */
  asked = new Set();
  unasked = new Set();

  /**
   * `home`: what a client and its scopes share. Its options, how many code points a text and how many bytes a span may have,
   * the latter only if anything is recorded, what events say of what recorded them, and when each kind of error was last
   * written.
   */
  constructor(from, home) {
    this.core = from;
    this.home = home;
    if (home.options.flushOnPageHide) watchPage(this);
  }

  static of(from, options) {
    const [textCap, spanLimit] = from.call(LIMITS, "").split(" ").map(Number);
    return new Client(from, { options, textCap, spanLimit, context: context(), warned: {} });
  }

  /** One that records nothing. */
  static off() {
    return Client.of(core, {});
  }

  scope() {
    return new Client(this.core.scope(), this.home);
  }

  /** Runs a call of the app, to which no error gets. */
  attempt(call, work) {
    try {
      return work();
    } catch (error) {
      this.core.call(REFUSE, "");
      this.report(call, error);
    }
  }

  report(call, { field = "", message }) {
    const error = new TypeError(`${call}: ${message}`);
    const { onError } = this.home.options;
    if (onError) {
      try {
        onError(error);
      } catch {
        // It is the app's own; the call that it is about goes on.
      }
      return;
    }
    const { warned } = this.home;
    const kind = `${call} ${field.split(/[.[]/)[0]}`;
    const now = Date.now();
    if (!(now - warned[kind] < WARN_INTERVAL_MS)) {
      warned[kind] = now;
      console.warn(`raindrop: ${error.message}`);
    }
  }

  /** Records one, or each of several, as `prepare` reads it. Returns the ids. */
  record(call, kind, prepare, input) {
    const one = (item) =>
      this.attempt(call, () => {
        const { textCap, spanLimit, context } = this.home;
        const [id, encode] = prepare(item, context);
        if (spanLimit && !this.core.record(kind, bytesOf(ELEMENT_LIMIT, textCap, encode))) return this.report(call, CLOSED);
        this.soon();
        return id;
      });
    return Array.isArray(input) ? input.map(one) : one(input);
  }

  /** Hands a span that ended to wasm, unless the client is disabled. */
  recordSpan(place, span, end) {
    const { textCap, spanLimit } = this.home;
    if (!spanLimit) return;
    if (!isOfUse(place, span)) this.core.warn_useless(span.name);
    this.core.record(SPAN, spanBytes(place, span, end, textCap, spanLimit));
  }

  /** Hands a call on an interaction to wasm. Returns the event's id, if it was taken. */
  update(call, number, table, input) {
    const items = read(table, input);
    let text;
    try {
      text = json(items);
    } catch (error) {
      items.forEach((item, index) => asText(item, table[index][1]));
      throw error;
    }
    const answer = this.core.call(number, text);
    if (answer[0] == "!") return this.report(call, CLOSED);
    if (number == FINISH) this.soon();
    return answer.slice(1);
  }

  stats() {
    return JSON.parse(this.core.call(STATS, ""));
  }

  /** Flushes at the end of the current task, unless the app does before. */
  soon() {
    if (!this.home.options.flushOnFinish || this.scheduled) return;
    try {
      this.scheduled = setTimeout(() => {
        this.scheduled = undefined;
        keep(this.unasked, Promise.all(this.asked).then(() => drive(this))).catch(noop);
      });
    } catch {
      // There are no timers here, as in a Worker's global scope.
    }
  }

  /** A flush that the app waits for: all that is recorded has arrived when it ends, whoever sent it. */
  flush() {
    clearTimeout(this.scheduled);
    this.scheduled = undefined;
    return keep(this.asked, Promise.all(this.unasked).then(() => drive(this)));
  }
}
