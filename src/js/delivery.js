// Making the requests that a flush asks for.
import { RaindropError, flushReport } from "./report.js";

// Why something is delivered, as wasm numbers it.
const FLUSH = 0;
export const CLOSE = 1;
const LEAVE = 2;

export const noop = () => {};

/** Has the promise in a set until it is settled. */
export function keep(set, promise) {
  const kept = promise.then(noop, noop).then(() => set.delete(kept));
  set.add(kept);
  return promise;
}

/** Delivers what is recorded: the wasm module says what to do, and is told how it went. */
export async function drive(client, occasion = FLUSH) {
  if (occasion == CLOSE) onPage.delete(client);
  const journey = client.core.fly(occasion);
  const underWay = new Set();
  let answer;
  try {
    for (let command; (command = journey.next()); ) {
      const [slot, timeout, bytes, url] = command.split("\n", 4);
      if (url) {
        const exchange = post(client.home.options.fetch, url, command, +bytes, +timeout).then(([status, text]) => {
          underWay.delete(exchange);
          journey.answered(slot, status, text);
        });
        underWay.add(exchange);
      } else {
        await within(slot, ...underWay);
      }
    }
  } finally {
    answer = journey.finish();
  }
  if (answer[0] != "!") return flushReport(JSON.parse(answer));
  const [, code, status, message] = /^!(\S+) (\d+) (.*)/s.exec(answer);
  throw new RaindropError(message, code, +status);
}

/** Waits for the first of these promises, at most so many milliseconds; `-` is for ever. */
async function within(millis, ...promises) {
  let timer;
  const alarm = new Promise((resolve) => {
    // `setTimeout` takes more for nothing at all.
    if (millis != "-") timer = setTimeout(resolve, Math.min(millis, 2 ** 31 - 1));
  });
  try {
    return await Promise.race([...promises, alarm]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a page may have under way, altogether, when it is left. */
const KEPT_ALIVE_LIMIT = 65536;
let keptAlive = 0;

/** Makes a request. Answers with its status and what is of interest: 0 and the reason if there was no answer, 1 if there was none in time. */
async function post(fetch = globalThis.fetch, url, command, bytes, timeout) {
  const bodyAt = command.indexOf("\n\n") + 2;
  const headers = command.slice(0, bodyAt - 2).split("\n").slice(4).map((line) => /(.*?):(.*)/.exec(line).slice(1));
  const abort = new AbortController();
  const init = { method: "POST", headers: Object.fromEntries(headers), body: command.slice(bodyAt), signal: abort.signal };
  // A redirect could lead the write key to another host.
  init.redirect = "manual";
  init.keepalive = typeof document == "object" && keptAlive + bytes <= KEPT_ALIVE_LIMIT;
  if (!init.keepalive) delete init.keepalive;
  const kept = init.keepalive ? bytes : 0;
  keptAlive += kept;
  try {
    const response = await within(timeout, fetch(url, init));
    if (!response) return [1, ""];
    const retryAfter = response.headers.get("retry-after") ?? "";
    // Also of a success: a connection whose body is read serves the next request.
    const text = await within(Math.min(timeout, BODY_TIMEOUT_MS), beginning(response).catch(() => ""));
    return [response.status || 302, `${retryAfter}\n${text ?? ""}`];
  } catch (error) {
    return [0, error instanceof Error ? `${error.name}: ${error.message}${because(error.cause)}` : "the request could not be sent"];
  } finally {
    keptAlive -= kept;
    // Frees the connection of a body that is not read to its end.
    abort.abort();
  }
}

/** Why, where node says only "fetch failed". */
const because = (cause) => (cause?.message || cause?.code ? `: ${cause.message || cause.code}` : "");

/** How long a body may take once the status is there. */
const BODY_TIMEOUT_MS = 1000;
const BODY_LIMIT = 4096;

/** The beginning of a body, up to what is no text. */
async function beginning({ body }) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  for (let left = BODY_LIMIT; left > 0; ) {
    const { value } = await reader.read();
    if (!value) break;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  return text.split("\ufffd")[0];
}

/** Everything that is to be delivered when its page is hidden. */
const onPage = new Set();
let isWatching = false;

export function watchPage(client) {
  if (typeof document == "undefined") return;
  onPage.add(client);
  if (isWatching) return;
  isWatching = true;
  const flush = () => onPage.forEach((client) => drive(client, LEAVE).catch(noop));
  document.addEventListener("visibilitychange", () => document.visibilityState == "hidden" && flush());
  addEventListener("pagehide", flush);
}
