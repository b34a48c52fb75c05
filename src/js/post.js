// One request: it is made, timed, and its answer read as far as it is of interest.
import { monotonic } from "./host.js";

// What stands for a status where there is none.
export const NO_ANSWER = 0;
const TIMED_OUT = 1;

/** How long a body may take once the status is there, and how much of it is read. */
const BODY_TIMEOUT_MS = 1000;
const BODY_LIMIT = 4096;

/** What a page may have under way, altogether, when it is left: other scripts' requests too, of which nothing is known here. */
const KEPT_ALIVE_LIMIT = 65536;
let keptAlive = 0;

/** A request that is under way. `settled` is called once, with it. */
export class Request {
  status = TIMED_OUT;
  retryAfter = "";
  /** The beginning of the body, or why there was no answer. */
  text = "";
  #abort = new AbortController();
  #kept = 0;
  #settled;

  constructor(deadline, settled) {
    this.deadline = deadline;
    this.#settled = settled;
  }

  async send(fetch, url, headers, body, size, mayOutlivePage) {
    // A redirect could lead the write key to another host.
    const init = { method: "POST", headers, body, signal: this.#abort.signal, redirect: "manual" };
    if (mayOutlivePage && typeof document == "object" && keptAlive + size <= KEPT_ALIVE_LIMIT) {
      init.keepalive = true;
      keptAlive += this.#kept = size;
    }
    try {
      const response = await fetch(url, init);
      this.status = response.status || 302;
      this.retryAfter = `${response.headers?.get?.("retry-after") ?? ""}`;
      this.deadline = Math.min(this.deadline, monotonic() + BODY_TIMEOUT_MS);
      await this.#read(response).catch(() => {});
      // Up to what is no text.
      [this.text] = this.text.split("\ufffd");
    } catch (error) {
      // Not at once: whoever sends has not yet seen it sent.
      await undefined;
      this.status = NO_ANSWER;
      this.text = reason(error);
    }
    this.#settle();
  }

  /** Its time is over. */
  giveUp() {
    this.#abort.abort();
    this.#settle();
  }

  #settle() {
    keptAlive -= this.#kept;
    this.#kept = 0;
    this.#settled?.(this);
    this.#settled = undefined;
  }

  /** Reads the body, of a success too: a connection whose body is read serves the next request. Only an error's is of interest. */
  async #read(response) {
    const { ok, headers } = response;
    const length = headers.get("content-length");
    // A stream takes longest of all that a request takes here. What is encoded is longer than it says.
    if (ok && length && length <= BODY_LIMIT && !headers.get("content-encoding")) return response.arrayBuffer();
    const decoder = ok ? undefined : new TextDecoder();
    const reader = response.body.getReader();
    for (let left = BODY_LIMIT; left > 0; ) {
      const { value } = await reader.read();
      if (!value) return;
      if (decoder) this.text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    // Frees the connection of a body that is not read to its end.
    this.#abort.abort();
  }

  /** How long the server asks to wait, in milliseconds. */
  get asked() {
    const header = this.retryAfter.trim();
    if (/^\d+(\.\d*)?$/.test(header)) return header * 1000;
    // The form of `asctime` names no zone: a date of HTTP is in UTC.
    const date = header.replace(/:\d\d \d{4}$/, "$& GMT");
    // `Date.parse` reads much that is no date; those have a time of day in them.
    return Math.max(header.includes(":") ? Date.parse(date) - Date.now() : 0, 0) || 0;
  }

  /** What went wrong: a message, a code, and the status if there was one. */
  failure(secret) {
    const { status } = this;
    const text = redacted(this.text, secret);
    if (status == NO_ANSWER) return [`request failed: ${text}`, "http"];
    if (status == TIMED_OUT) return ["the server did not answer in time: the request timeout is over", "timeout"];
    return [`the server answered ${status}${text && ": "}${text}`, "http_status", status];
  }
}

/** Why there was no answer. */
function reason(error) {
  try {
    // Node says only "fetch failed".
    const cause = error.cause?.message || error.cause?.code;
    if (error instanceof Error) return `${error.name}: ${error.message}${cause ? `: ${cause}` : ""}`;
  } catch {
    // Whoever has replaced `fetch` may throw anything.
  }
  return "the request could not be sent";
}

/** Stars in place of the write key: a server may repeat what it refuses, the last time where the text is cut. */
function redacted(text, secret) {
  const TELLING = 4;
  if (!secret) return text;
  const told = text.replaceAll(secret, (all) => "*".repeat(all.length));
  for (let length = secret.length - 1; length >= TELLING; length--) {
    if (told.endsWith(secret.slice(0, length))) return told.slice(0, -length) + "*".repeat(length);
  }
  return told;
}
