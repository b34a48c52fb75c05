// A flush: the wasm module says what to send and when, and is told how that went.
import { shown, monotonic } from "./host.js";
import { NO_ANSWER, Request } from "./post.js";
import { RaindropError, TOO_LARGE, UNKNOWN_USER, addDropped, emptyReport, flushReport } from "./report.js";

// Why something is delivered, as wasm numbers it.
export const FLUSH = 0;
export const CLOSE = 1;
export const LEAVE = 2;

/** By the kind of record, as wasm numbers it. */
const ROUTES = ["users/identify", "events/track", "events/track_partial", "signals/track", "traces"];

// What is to be done, as wasm numbers it: this, or else to wait for so many milliseconds, or for an answer.
const DONE = -1;
const SEND = -2;

/** How often at least it is looked whether a request takes too long, while there is one: so each needs no timer of its own. */
const TICK_MS = 1000;

/** Those under way in a page that may be left. */
const flights = new Set();

/** Makes attempts now that wait for their time: a page that is left has none. */
export const hurry = () => flights.forEach((flight) => flight.isCut || flight.step(true));

/** Delivers what is recorded. What can be sent at once is sent before this returns. Nothing is left of a scope that was closed. */
export const deliver = (client, occasion) =>
  client.core
    ? new Promise((resolve, reject) => new Flight(client, occasion, resolve, reject).step())
    : Promise.resolve(emptyReport());

class Flight {
  #requests = new Set();
  #alarm;
  #alarmAt = Infinity;
  /**
   * Whether a request had no answer. The browser may still be making it for a page that is left, which no longer hears of it; or
   * had no room for one more that outlives the page.
   */
  isCut = false;
  /** Of the first request that failed for good. */
  #error;

  constructor(client, occasion, resolve, reject) {
    this.dropped = client.seal(occasion == CLOSE);
    this.client = client;
    this.occasion = occasion;
    this.journey = client.core.fly(occasion, monotonic());
    this.resolve = resolve;
    this.reject = reject;
    // A Worker may forget a flight under way: it is not to be kept.
    if (typeof document == "object" && client.home.flushOnPageHide) flights.add(this);
  }

  /** Does what is to be done now; in haste also what waits for its time. */
  step(inHaste) {
    const now = monotonic();
    let command;
    while ((command = this.journey.next(now, inHaste)) == SEND) this.#send(now, ...shown);
    if (command == DONE) this.#finish();
    else this.#wake(now, Math.min(now + command, ...Array.from(this.#requests, ({ deadline }) => deadline)));
  }

  /** Looks again then, or before. */
  #wake(now, then) {
    const at = Math.min(then, now + TICK_MS);
    if (this.#alarmAt <= at) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = at;
    this.#alarm = setTimeout(() => {
      this.#alarmAt = Infinity;
      const now = monotonic();
      const late = [...this.#requests].filter(({ deadline }) => deadline <= now);
      if (late.length) late.forEach((request) => request.giveUp());
      else this.step();
    }, at - now);
  }

  #send(now, slot, route, isToWorkshop, timeout, body, size) {
    const { journey } = this;
    const { cloud, workshop, secret, fetch } = this.client.home;
    const { url, headers } = isToWorkshop ? workshop : cloud;
    const request = new Request(now + timeout, () => {
      this.#requests.delete(request);
      this.isCut ||= request.status == NO_ANSWER;
      const hasFailed = journey.answered(slot, request.status, request.asked, monotonic());
      if (hasFailed) this.#error ??= new RaindropError(...request.failure(secret));
      this.step();
    });
    this.#requests.add(request);
    request.send(fetch ?? globalThis.fetch, url + ROUTES[route], headers, body, size, !this.isCut);
  }

  #finish() {
    clearTimeout(this.#alarm);
    flights.delete(this);
    const { client } = this;
    this.journey.finish();
    const numbers = shown;
    const isLate = numbers[numbers.length - 1];
    const [tooLarge, unknown] = this.dropped;
    addDropped(numbers, TOO_LARGE, tooLarge);
    addDropped(numbers, UNKNOWN_USER, unknown);
    const report = flushReport(numbers);
    const { requests, delivered, requeued, dropped } = report;
    const cause = this.#error?.message;
    if (isLate) client.home.warn("late", "close ran out of time with records undelivered: see `closeTimeoutMs`");
    else if (requeued) {
      const hope = this.occasion == CLOSE ? "" : " and wait for the next flush";
      client.home.warn("requeued", `${requeued} record(s) could not be delivered${hope}: ${cause}`);
    }
    if (dropped && cause) client.home.warn("dropped", `${dropped} record(s) are lost: ${cause}`);
    if (client.home.isDebugging && (requests || delivered || requeued || dropped)) {
      console.debug(`raindrop: flush: ${delivered} delivered in ${requests} request(s), ${requeued} left, ${dropped} dropped`);
    }
    if (this.#error) this.reject(this.#error);
    else this.resolve(report);
  }
}
