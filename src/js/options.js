// The options of a client. The rules are those of `src/builder.rs` and `src/endpoint.rs`.
import { Client } from "./client.js";
import { REQUEST_LIMIT } from "./crossing.js";
import { Home } from "./home.js";
import { VERSION, core, runtime } from "./host.js";
import { demandObject, read, table, wrong } from "./input.js";
import { quoted, utf8 } from "./json.js";

/** What an entry of the package may change before the first client is made. */
export const defaults = { flushOnFinish: true };

const LIBRARY = "raindrop-edge";
const DEFAULT_ENDPOINT = "https://api.raindrop.ai/v1/";

const OPTIONS = table(
  "writeKey endpoint projectId serviceName |localWorkshopUrl ?disabled ?debug ?debugLogs ?flushOnFinish ?flushOnPageHide " +
    ">fetch >onError #maxTextFieldChars #eventMaxQueueSize #traceMaxQueueSize #traceMaxBatchSize #maxAttempts #baseDelayMs " +
    "#requestTimeoutMs #closeTimeoutMs",
);

/** A client with the options that a caller hands over. */
export function build(options) {
  if (!core) throw new Error("raindrop-edge is not ready: `await init()` before `new Raindrop()`");
  try {
    options ??= {};
    demandObject(options, "the argument");
    const client = new Client(home(read(OPTIONS, options)));
    warnOfUnknown(options);
    return client;
  } catch (error) {
    throw new TypeError(`new Raindrop: ${error?.message}`);
  }
}

function home(values) {
  const [writeKey = "", endpoint = DEFAULT_ENDPOINT, projectId = "", serviceName, workshopUrl = "", isDisabled, ...others] = values;
  const [debug, debugLogs, flushOnFinish = defaults.flushOnFinish, flushOnPageHide = true, ...more] = others;
  const [fetch, onError, textCap = 1_000_000, events = 5000, spans = 5000, batch = 50, attempts = 3, ...times] = more;
  const [baseDelay = 1000, requestTimeout = 30_000, closeTimeout = 10_000] = times;
  const url = httpUrl(endpoint);
  if (!url) wrong("endpoint", `${noUrl(endpoint)} ${DEFAULT_ENDPOINT}`);
  const secret = writeKey.trim();
  if (/[^!-~]/.test(secret)) wrong("writeKey", "has a character that cannot stand in a header: is it whole, and on one line?");
  const isOn = secret && !isDisabled;
  const isDebugging = debug || debugLogs;
  const cloud = isOn && { url, headers: headers(secret, project(projectId.trim()), isDebugging) };
  const workshop = !isDisabled && httpUrl(workshopUrl);
  if (workshopUrl && !isDisabled && !workshop) warn(`localWorkshopUrl ${noUrl(workshopUrl)} http://localhost:5899/v1/`);
  if (flushOnFinish && !defaults.flushOnFinish) warn("flushOnFinish is off here: a request that nobody waits for is cut off with the response");
  const before = tracePrefix(quoted(serviceName || LIBRARY));
  const prefix = utf8(before);
  const limit = REQUEST_LIMIT - prefix.length - TRACE_SUFFIX.length;
  const numbers = [!!cloud, !!workshop, events, spans, batch, attempts, baseDelay, requestTimeout, closeTimeout];
  return new Home({
    core: core.build(numbers, prefix),
    cloud,
    workshop: workshop && { url: workshop, headers: { "Content-Type": "application/json" } },
    secret,
    textCap,
    spans: { before, after: TRACE_SUFFIX, limit, batch },
    eventLimit: events,
    context: `{"library":{"name":"${LIBRARY}","version":"${VERSION}"},"metadata":{"language":"rust","runtime":"${runtime()}"}}`,
    isDebugging,
    flushOnFinish: flushOnFinish && defaults.flushOnFinish,
    flushOnPageHide,
    fetch,
    onError,
  });
}

/** An absolute http or https URL without user, query and fragment, with a slash at its end for a route to follow; else nothing. */
function httpUrl(text) {
  const url = text.trim();
  try {
    new URL(url);
  } catch {
    return;
  }
  if (/^https?:\/\/[^/]/i.test(url) && !/[\x00-\x20?#@\\\x7f]/.test(url)) return url.endsWith("/") ? url : `${url}/`;
}

/** Before an `@` there may be a password. */
const noUrl = (text) => `${quoted(text.includes("@") ? "…" : text)} is not an absolute http or https URL without @, like`;

/** The project to name, if it is a valid one. */
function project(id) {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) return id;
  if (id) {
    warn(`projectId ${quoted(id)} is left out: it must be 1 to 63 lower-case letters, digits and inner hyphens`);
  }
}

function headers(secret, projectId, isDebugging) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${secret}` };
  if (projectId) headers["X-Raindrop-Project-Id"] = projectId;
  if (isDebugging) headers["X-Raindrop-Sdk"] = LIBRARY;
  return headers;
}

/** A request of spans, before and behind them. */
const TRACE_SUFFIX = "]}]}]}";
const tracePrefix = (service) =>
  `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":${service}}},` +
  `{"key":"service.version","value":{"stringValue":"${VERSION}"}}]},` +
  `"scopeSpans":[{"scope":{"name":${service},"version":"${VERSION}"},"spans":[`;

/** What was warned about. */
const warned = new Set();

function warn(message) {
  if (warned.has(message)) return;
  warned.add(message);
  console.warn(`raindrop: new Raindrop: ${message}`);
}

function warnOfUnknown(options) {
  for (const name of Object.keys(options)) {
    if (options[name] != null && !OPTIONS.some(([, known]) => known == name)) warn(`there is no option "${name}"`);
  }
}
