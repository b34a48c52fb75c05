// The classes of the npm package. Spans cross into wasm as the bytes that are sent; anything else as the JSON text of an
// array: the tables below say what stands in it, in the order that `record.rs` and `options.rs` read.
import { isOfUse, json, LLM_KIND, spanBytes, spanId, TOOL_KIND, traceId } from "./span.js";

/** What an entry of the package may change before the first client is made. */
export const defaults = { flushOnFinish: true, flushOnPageHide: true };

/** Builds clients; there once the wasm module has started. */
let core;

export function connect(first) {
  core = first;
}

// ---- What the wasm module asks of its host ----

export const monotonic = () => (globalThis.performance ?? Date).now();

/** 32 random bits; nothing where they are refused, as in a Worker's global scope. */
export function entropy32() {
  try {
    return crypto.getRandomValues(new Uint32Array(1))[0];
  } catch {}
}

/** Which of the known runtimes this is. Workers come first: with `nodejs_compat` they have a `process` too. */
export const runtime = () =>
  [
    globalThis.navigator?.userAgent == "Cloudflare-Workers",
    globalThis.Deno,
    globalThis.Bun,
    globalThis.process?.versions?.node,
    globalThis.document,
    globalThis.WorkerGlobalScope,
    true,
  ].findIndex(Boolean);

export class RaindropError extends Error {
  constructor(message, code, status) {
    super(message);
    this.name = "RaindropError";
    this.code = code;
    if (status) this.status = status;
  }
}

// ---- What callers hand over ----

/** A table: the kind of each field, by the sign in front of it, and its name. */
const fields = (text) => text.split(" ").map((field) => /(\W?)(\w*)/.exec(field).slice(1));

// `!` required text, `@` time, `#` number, `?` boolean, `{` object, `=` object of texts, `[` attachments, `-` nothing.
const EVENT = fields("eventId !userId event convoId model @timestamp input output {properties [attachments =featureFlags");
const PLAIN_EVENT = fields("eventId !userId event - - @timestamp - - {properties [attachments =featureFlags");
const PATCH = fields("eventId userId event convoId model @timestamp input output {properties [attachments =featureFlags");
const ATTACHMENT = fields("type role value name language attachmentId");
const SIGNAL = fields("!eventId !name type sentiment @timestamp attachmentId comment after {properties");
const USER = fields("!userId {traits");
const OPTIONS = fields(
  "writeKey endpoint projectId serviceName localWorkshopUrl ?debug #maxTextFieldChars #maxAttempts #traceMaxBatchSize " +
    "#traceMaxQueueSize #eventMaxQueueSize #baseDelayMs #requestTimeoutMs #closeTimeoutMs " +
    "?disabled ?debugLogs ?flushOnFinish ?flushOnPageHide >fetch >onError",
);
const SPAN = fields("!name eventId operationId {properties {attributes @startTime");
const LLM = fields("input output model - provider #inputTokens #outputTokens");
const USAGE = fields("model #inputTokens #outputTokens");
const TOOL = fields("@startTime @endTime #durationMs");

// The calls as wasm numbers them.
const EVENT_CALL = 0;
const BEGIN = 1;
const PATCH_CALL = 2;
const FINISH = 3;
const SIGNAL_CALL = 4;
const USER_CALL = 5;
const REFUSE = 6;
const STATS = 7;
const PROBLEM = 8;
const LIMITS = 9;

// Why something is delivered, as wasm numbers it.
const FLUSH = 0;
const CLOSE = 1;
const LEAVE = 2;

/** What a value is, for where its text should not show: it may be private, or the write key. */
const kindOf = (value) => (Array.isArray(value) ? "an array" : `${typeof value == "object" ? "an" : "a"} ${typeof value}`);
/** A value as it is; an object as what it is. */
const shown = (value) => (typeof value == "string" ? JSON.stringify(value) : /^[nb]/.test(typeof value) ? `${value}` : kindOf(value));

/** `given`: what was there, told by `tell`; nothing if nothing was. */
const wrong = (field, expected, given = "", tell = shown) => {
  const told = given === "" || given === null ? "" : `, not ${tell(given)}`;
  throw Object.assign(new TypeError(`${field} ${expected}${told}`), { field });
};

const isObject = (value) => typeof value == "object" && !Array.isArray(value);

/** Epoch milliseconds. */
function time(value, field) {
  const millis =
    typeof value == "string"
      ? Date.parse(/^\d{4}-\d\d/.test(value) ? value : "")
      : typeof value == "number"
        ? value
        : value.getTime?.();
  // The years 0 to 9999, which RFC 3339 can write.
  if (!(millis >= -62167219200000 && millis < 253402300800000)) {
    wrong(field, "must be a Date, an ISO 8601 string or epoch milliseconds", value);
  }
  return Math.trunc(millis);
}

/** A value that its kind allows, as it crosses; `undefined` is no value. */
function checked(kind, value, field) {
  if (kind == "-" || (value == null && kind != "!")) return;
  switch (kind) {
    case "@":
      return time(value, field);
    case "#":
      return value >= 0 && typeof value == "number" ? Math.min(Math.round(value), 1e15) : wrong(field, "must be a number, 0 or more", value);
    case "?":
      return typeof value == "boolean" ? value : wrong(field, "must be true or false", value);
    case ">":
      return typeof value == "function" ? value : wrong(field, "must be a function", value, kindOf);
    case "[":
      if (!Array.isArray(value)) wrong(field, "must be an array", value, kindOf);
      return value.map((item, index) => attachment(item, `${field}[${index}]`));
    case "{":
    case "=":
      if (!isObject(value)) wrong(field, "must be an object", value, kindOf);
      for (const key in value) {
        const type = typeof value[key];
        if (kind == "=" && type != "string") wrong(`${field}.${key}`, "must be a string", value[key]);
        if (kind == "{" && /^(sy|fu|bi)/.test(type)) wrong(`${field}.${key}`, `cannot be JSON: it is a ${type}`);
      }
      return value;
  }
  if (typeof value != "string" || (kind && !value)) wrong(field, `must be a ${kind ? "non-empty " : ""}string`, value);
  return value;
}

function demandObject(value, field) {
  if (!value || !isObject(value)) wrong(field, "must be an object", value, kindOf);
}

/** The values of a table's fields, in its order. */
function read(table, input, path = "") {
  demandObject(input, path || "the argument");
  return table.map(([kind, name]) => checked(kind, input[name], path ? `${path}.${name}` : name));
}

function attachment(item, path) {
  const values = read(ATTACHMENT, item, path);
  values[5] ??= checked("", item.attachment_id, `${path}.attachment_id`);
  return values;
}

/** A value as one text: a text as it is, anything else as JSON. */
function asText(value, field) {
  if (value == null || typeof value == "string") return value;
  try {
    return JSON.stringify(value) ?? wrong(field, `cannot be JSON: it is a ${typeof value}`);
  } catch (error) {
    wrong(field, `cannot be JSON: ${firstLine(error)}`);
  }
}

const firstLine = (error) => `${error?.message}`.split("\n")[0];

const errorText = (error) =>
  error == null ? "unknown error" : String(error instanceof Error ? error.message || error.name : error);

// ---- Recording ----

/** The interactions begun last, so that resuming one finds what is known of it. */
const recent = new Map();
const RECENT_KEPT = 1000;

const WARN_INTERVAL_MS = 30_000;

/** Everything that is to be delivered when its page is hidden. */
const onPage = new Set();

class Client {
  /** When each kind of error was last written. */
  warned = {};
  /** The flushes under way that the app has asked for, and those of `soon`. One kind waits for the other. */
  asked = new Set();
  unasked = new Set();

  /** `limits`: how many code points a text and how many bytes a span may have, the latter only if anything is recorded. */
  constructor(from, options, limits = from.call(LIMITS, "").split(" ").map(Number)) {
    this.core = from;
    this.options = options;
    this.limits = limits;
    if (options.flushOnPageHide) watchPage(this);
  }

  scope() {
    const scope = new Client(this.core.scope(), this.options, this.limits);
    scope.warned = this.warned;
    return scope;
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
    const { onError } = this.options;
    if (onError) {
      try {
        onError(error);
      } catch {
        // It is the app's own; the call that it is about goes on.
      }
      return;
    }
    const kind = `${call} ${field.split(/[.[]/)[0]}`;
    const now = Date.now();
    if (!(now - this.warned[kind] < WARN_INTERVAL_MS)) {
      this.warned[kind] = now;
      console.warn(`raindrop: ${error.message}`);
    }
  }

  /** Hands a record to wasm. Returns its event id, if it was taken. */
  record(call, number, items, table) {
    let text;
    try {
      text = json(items);
    } catch (error) {
      items.forEach((item, index) => asText(item, table?.[index][1] ?? "the argument"));
      throw error;
    }
    const answer = this.core.call(number, text);
    if (answer[0] == "!") {
      const [, field, reason] = /^!`(.*?)` (.*)/s.exec(answer) ?? [, "", answer.slice(1)];
      const name = field.replace(/_(.)/g, (_, letter) => letter.toUpperCase()).replace("kind", "type");
      return this.report(call, { field: name, message: name ? `${name} ${reason}` : reason });
    }
    if (number != BEGIN && number != PATCH_CALL) this.soon();
    return answer.slice(1);
  }

  /** Hands a span that ended to wasm, unless the client is disabled. */
  recordSpan(place, span, end) {
    const [textCap, spanLimit] = this.limits;
    if (!spanLimit) return;
    if (!isOfUse(place, span)) this.core.warn_useless(span.name);
    this.core.span(spanBytes(place, span, end, textCap, spanLimit));
  }

  /** One record, or each of several. */
  each(call, number, table, input, check) {
    const one = (item) =>
      this.attempt(call, () => {
        const items = read(table, item);
        check?.(items);
        return this.record(call, number, items, table);
      });
    return Array.isArray(input) ? input.map(one) : one(input);
  }

  /** Flushes at the end of the current task, unless the app does before. */
  soon() {
    if (!this.options.flushOnFinish || this.scheduled) return;
    try {
      this.scheduled = setTimeout(() => {
        this.scheduled = undefined;
        keep(this.unasked, Promise.all(this.asked).then(() => this.drive())).catch(noop);
      });
    } catch {
      // There are no timers here, as in a Worker's global scope.
    }
  }

  /** A flush that the app waits for: all that is recorded has arrived when it ends, whoever sent it. */
  flush() {
    clearTimeout(this.scheduled);
    this.scheduled = undefined;
    return keep(this.asked, Promise.all(this.unasked).then(() => this.drive()));
  }

  /** Delivers what is recorded: the wasm module says what to do, and is told how it went. */
  async drive(occasion = FLUSH) {
    if (occasion == CLOSE) onPage.delete(this);
    const journey = this.core.fly(occasion);
    const underWay = new Set();
    let answer;
    try {
      for (let command; (command = journey.next()); ) {
        const [slot, timeout, bytes, url] = command.split("\n", 4);
        if (url) {
          const exchange = post(this.options.fetch, url, command, +bytes, +timeout).then(([status, text]) => {
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
}

// ---- Delivering ----

const noop = () => {};

/** Has the promise in a set until it is settled. */
function keep(set, promise) {
  const kept = promise.then(noop, noop).then(() => set.delete(kept));
  set.add(kept);
  return promise;
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

/** The beginning of a body. */
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
  return text;
}

let isWatching = false;

function watchPage(client) {
  if (typeof document == "undefined") return;
  onPage.add(client);
  if (isWatching) return;
  isWatching = true;
  const flush = () => onPage.forEach((client) => client.drive(LEAVE).catch(() => {}));
  document.addEventListener("visibilitychange", () => document.visibilityState == "hidden" && flush());
  addEventListener("pagehide", flush);
}

const KINDS = ["users", "events", "partials", "signals", "spans"];
const REASONS = ["queueFull", "tooLarge", "rejected", "emptyInteraction", "unknownUser", "undelivered", "workshop"];

/** Counts that come in the order of their names. */
function named(names, counts) {
  const of = Object.fromEntries(names.map((name, index) => [name, counts[index]]));
  return [counts.reduce((sum, count) => sum + count, 0), of];
}

function counts(numbers, left) {
  const [delivered, deliveredOf] = named(KINDS, numbers.slice(2, 7));
  const [remaining, remainingOf] = named(KINDS, numbers.slice(7, 12));
  const [dropped, droppedOf] = named(KINDS, numbers.slice(12, 17));
  const [, droppedBy] = named(REASONS, numbers.slice(17));
  return { delivered, deliveredOf, [left]: remaining, [`${left}Of`]: remainingOf, dropped, droppedOf, droppedBy };
}

const flushReport = (numbers) => ({ requests: numbers[0], ...counts(numbers, "requeued") });

// ---- Spans ----

class Span {
  #client;
  /** Nothing once it has ended, or if it could not begin. */
  #open;
  /** What its children need to know, also later. */
  #place;

  constructor(client, call, kind, from, options, extra) {
    this.#client = client;
    client.attempt(call, () => {
      const [name, eventId, operationId, properties, attributes, startTime] = read(SPAN, options);
      const { parent } = options;
      if (parent != null && !(parent instanceof Span)) wrong("parent", "must be a span", parent, kindOf);
      const above = parent?.#place;
      let { identity, trace, sticky } = from;
      if (eventId) identity = { ...identity, eventId };
      if (above && !identity.userId && (!identity.eventId || identity.eventId == above.identity.eventId)) identity = above.identity;
      sticky ??= above?.sticky;
      this.#place = { id: spanId(), parent: above?.id, trace: above?.trace ?? trace ?? traceId(), identity, sticky };
      this.#open = {
        name,
        kind,
        start: startTime ?? Date.now(),
        operationId,
        properties: { ...sticky, ...properties },
        attributes: { ...attributes },
        detail: [],
        ...extra?.(options),
      };
    });
  }

  /** Changes what the span will say, unless it has ended. */
  static update(span, call, change) {
    if (span.#open) span.#client.attempt(call, () => change(span.#open));
  }

  setAttributes(attributes) {
    Span.update(this, "setAttributes", (open) => Object.assign(open.attributes, checked("{", attributes, "attributes")));
  }

  setInput(input) {
    setContent(this, "setInput", 0, "input", input);
  }

  setOutput(output) {
    setContent(this, "setOutput", 1, "output", output);
  }

  setError(error) {
    Span.update(this, "setError", (open) => {
      open.error = errorText(error);
    });
  }

  setTokenUsage(usage) {
    Span.update(this, "setTokenUsage", ({ kind, detail, attributes }) => {
      const [model, inputTokens, outputTokens] = read(USAGE, usage);
      if (kind == LLM_KIND) {
        detail[3] = model ?? detail[3];
        detail[5] = inputTokens;
        detail[6] = outputTokens;
      } else {
        if (model) attributes["gen_ai.response.model"] = model;
        if (inputTokens) attributes["gen_ai.usage.input_tokens"] = inputTokens;
        if (outputTokens) attributes["gen_ai.usage.output_tokens"] = outputTokens;
      }
    });
  }

  end(at) {
    const open = this.#open;
    if (!open) return;
    this.#client.attempt("end", () => {
      const end = checked("@", at, "time") ?? Date.now();
      this.#open = undefined;
      this.#client.recordSpan(this.#place, open, end);
    });
  }
}

const setContent = (span, call, index, name, value) =>
  Span.update(span, call, ({ kind, detail, attributes }) => {
    if (kind == LLM_KIND) detail[index] = checked("", value, name);
    else if (kind == TOOL_KIND) detail[index] = asText(value, name);
    else attributes[`traceloop.entity.${name}`] = asText(value, name);
  });

class ToolSpan extends Span {}

class LlmSpan extends Span {
  setModel(model) {
    Span.update(this, "setModel", ({ detail }) => {
      detail[2] = checked("", model, "model");
      detail[3] = undefined;
    });
  }

  setProvider(provider) {
    Span.update(this, "setProvider", ({ detail }) => {
      detail[4] = checked("", provider, "provider");
    });
  }

  setMessages(list) {
    Span.update(this, "setMessages", ({ detail }) => {
      detail[7] = messages(list);
    });
  }
}

if (Symbol.dispose) {
  Span.prototype[Symbol.dispose] = function () {
    this.end();
  };
}

function messages(list) {
  if (!Array.isArray(list)) wrong("messages", "must be an array", list, kindOf);
  return list.map((message, index) => {
    const path = `messages[${index}]`;
    demandObject(message, path);
    return [checked("!", message.role, `${path}.role`), asText(message.content, `${path}.content`)];
  });
}

const llmDetail = (options) => {
  const detail = read(LLM, options);
  if (options.messages != null) detail[7] = messages(options.messages);
  return { detail };
};

const toolDetail = (options) => ({
  detail: [
    asText(options.inputParameters ?? options.input, options.input == null ? "inputParameters" : "input"),
    asText(options.output, "output"),
  ],
});

/** Runs `work` in a span, which ends with it. */
function run(span, work, keepsOutput) {
  const succeed = (result) => {
    if (keepsOutput) span.setOutput(result);
    span.end();
    return result;
  };
  const fail = (error) => {
    span.setError(error);
    span.end();
    throw error;
  };
  let result;
  try {
    result = work(span);
  } catch (error) {
    fail(error);
  }
  return typeof result?.then == "function" ? Promise.resolve(result).then(succeed, fail) : succeed(result);
}

/** What starts spans: a client, an interaction, a tracer. */
class Source {
  #client;
  #from;

  constructor(client, from) {
    this.#client = client;
    this.#from = from;
  }

  static client(source) {
    return source.#client;
  }

  static identity(source) {
    return source.#from.identity;
  }

  startSpan(options) {
    return new Span(this.#client, "startSpan", 0, this.#from, options);
  }

  startLlmSpan(options) {
    return new LlmSpan(this.#client, "startLlmSpan", LLM_KIND, this.#from, options, llmDetail);
  }

  startToolSpan(options) {
    return new ToolSpan(this.#client, "startToolSpan", TOOL_KIND, this.#from, options, toolDetail);
  }

  withSpan(options, work) {
    return run(this.startSpan(options), work);
  }

  withTool(options, work) {
    return run(this.startToolSpan(options), work, true);
  }

  trackTool(options) {
    this.#client.attempt("trackTool", () => {
      const [start, end = start == null ? Date.now() : undefined, duration] = read(TOOL, options);
      const began = start ?? end - (duration ?? 0);
      const span = new ToolSpan(
        this.#client,
        "trackTool",
        TOOL_KIND,
        this.#from,
        { ...options, startTime: began },
        toolDetail,
      );
      if (options.error != null) span.setError(options.error);
      span.end(end ?? (duration == null ? Date.now() : start + duration));
    });
  }
}

class Tracer extends Source {}

class Interaction extends Source {
  get eventId() {
    return Source.identity(this).eventId;
  }

  getEventId() {
    return this.eventId;
  }

  setProperty(key, value) {
    if (value !== undefined) update(this, "setProperty", PATCH_CALL, { properties: { [key]: value } });
  }

  setProperties(properties) {
    update(this, "setProperties", PATCH_CALL, { properties });
  }

  setInput(input) {
    update(this, "setInput", PATCH_CALL, { input });
  }

  addAttachments(attachments) {
    update(this, "addAttachments", PATCH_CALL, { attachments });
  }

  finish(options) {
    update(this, "finish", FINISH, options);
  }
}

function update(interaction, call, number, patch) {
  const client = Source.client(interaction);
  client.attempt(call, () => {
    patch ??= {};
    demandObject(patch, "the argument");
    const identity = Source.identity(interaction);
    const items = read(PATCH, { ...patch, ...identity, model: patch.model ?? identity.model });
    client.record(call, number, items, PATCH);
    identity.model = items[4];
  });
}

// ---- The client ----

export class Raindrop extends Source {
  constructor(options) {
    super(options instanceof Client ? options : build(options), { identity: {} });
  }

  begin(options) {
    const client = Source.client(this);
    const identity = { eventId: options?.eventId };
    // What could not begin records nothing.
    let of = client;
    const id = client.attempt("begin", () => {
      const items = read(EVENT, options);
      const id = client.record("begin", BEGIN, items, EVENT);
      [, identity.userId, identity.event, identity.convoId, identity.model] = items;
      identity.event ||= "ai_generation";
      return id;
    });
    identity.eventId = id ?? identity.eventId ?? "";
    const from = { identity, trace: traceId() };
    if (id == null) {
      of = new Client(core, {});
    } else {
      recent.delete(id);
      recent.set(id, from);
      if (recent.size > RECENT_KEPT) recent.delete(recent.keys().next().value);
    }
    return new Interaction(of, from);
  }

  resumeInteraction(eventId, known) {
    const client = Source.client(this);
    let from = recent.get(eventId);
    from ??= client.attempt("resumeInteraction", () => {
      const [id, userId, event, convoId, model] = read(PATCH, { ...known, eventId });
      checked("!", id, "eventId");
      return { identity: { eventId: id, userId, event, convoId, model }, trace: traceId() };
    });
    return new Interaction(from ? client : new Client(core, {}), from ?? { identity: { eventId: "" } });
  }

  trackAi(events) {
    return Source.client(this).each("trackAi", EVENT_CALL, EVENT, events, (items) => {
      if (!items[6] && !items[7] && !items[9]?.length) wrong("input", "or output must be a non-empty string");
    });
  }

  track(events) {
    return Source.client(this).each("track", EVENT_CALL, PLAIN_EVENT, events);
  }

  trackSignal(signals) {
    Source.client(this).each("trackSignal", SIGNAL_CALL, SIGNAL, signals);
  }

  identify(users) {
    Source.client(this).each("identify", USER_CALL, USER, users);
  }

  setUserDetails(user) {
    Source.client(this).each("setUserDetails", USER_CALL, USER, user);
  }

  tracer(properties) {
    const client = Source.client(this);
    const sticky = client.attempt("tracer", () => checked("{", properties, "properties"));
    return new Tracer(client, { identity: {}, sticky: { ...sticky } });
  }

  scope() {
    return new Raindrop(Source.client(this).scope());
  }

  stats() {
    const numbers = JSON.parse(Source.client(this).core.call(STATS, ""));
    return { refused: numbers[0], accepted: numbers[1], ...counts(numbers, "pending") };
  }

  flush() {
    return Source.client(this).flush();
  }

  forceFlush() {
    return this.flush();
  }

  close() {
    return Source.client(this).drive(CLOSE);
  }
}

if (Symbol.asyncDispose) {
  Raindrop.prototype[Symbol.asyncDispose] = function () {
    return this.close();
  };
}

function build(options) {
  if (!core) throw new Error("raindrop-edge is not ready: `await init()` before `new Raindrop()`");
  try {
    // Nothing is sent to Workshop unless its URL is given.
    options ??= {};
    demandObject(options, "the argument");
    const items = read(OPTIONS, { ...options, localWorkshopUrl: options.localWorkshopUrl || undefined });
    const [disabled, debugLogs, flushOnFinish, flushOnPageHide, fetch, onError] = items.splice(14);
    items[5] = items[5] || debugLogs ? 1 : undefined;
    if (disabled) items[0] = items[4] = undefined;
    const built = core.build(json(items));
    const problem = built.call(PROBLEM, "");
    if (problem) throw new Error(problem.replace("invalid configuration: ", "").replace("write_key", "writeKey"));
    return new Client(built, {
      flushOnFinish: flushOnFinish ?? defaults.flushOnFinish,
      flushOnPageHide: flushOnPageHide ?? defaults.flushOnPageHide,
      fetch,
      onError,
    });
  } catch ({ message }) {
    throw new TypeError(`new Raindrop: ${message}`);
  }
}
