// The JSON text of a span, as OTLP has it. The rules are those of `src/wire/span.rs`.
import { LONGEST_KEY, codePoints, cut, escaped, fitted, json, quoted, remembered, textWithin } from "./json.js";

/** The kind of a span that is not plain. */
export const TOOL_KIND = 1;
export const LLM_KIND = 2;

const ASSOCIATION = "traceloop.association.properties.";

const KEPT = /^(gen_ai\..*|ai\.operationId|traceloop\.(span\.kind|workflow\.name|association\.properties\.(user|convo|event)_id))$/;

/** What closes an attribute that is a text or an integer. It is written together with what opens the next one. */
const ATTRIBUTE_END = '"}}';

const opening = (key, type) => pieces(`${ATTRIBUTE_END},{"key":"${escaped(key)}","value":{"${type}":"`);

/** Of what comes next: that, and what is the first of a span, both in one piece. */
const pieces = (next) => ({ next, first: next.slice(ATTRIBUTE_END.length + 1) });

/** Shorter texts are remembered: engines copy them, where a longer one may hold the text that it was cut from. */
const SHORT = 13;

/** What UTF-8 has for half a surrogate pair, and such a half, or a pair. */
const ODD = /[\ufffd\ud800-\udfff]/;

/** An attribute by its key: what opens it, and the last short text with that. What takes longest is to join pieces. `odd`: what its
    key becomes, if others may become the same. */
const attribute = remembered((key) => ({
  key,
  odd: ODD.test(key) && JSON.parse(quoted(key)),
  string: opening(key, "stringValue"),
  integer: undefined,
  text: undefined,
  all: undefined,
}));

/** Those of a caller's attributes, by their place: most spans have the keys of the one before, and a map takes longer. */
const lineup = [];
const LONGEST_LINEUP = 32;

function attributeAt(index, key) {
  const it = lineup[index];
  if (it?.key === key) return it;
  const found = attribute(key);
  if (index < LONGEST_LINEUP && key.length < LONGEST_KEY) lineup[index] = found;
  return found;
}

const KINDS = ["traceloop.span.kind", "raindrop.span.kind", "ai.operationId"].map(attribute);
const OPERATION = KINDS[2];
const [NAME, INPUT, OUTPUT, DURATION] = ["name", "input", "output", "duration_ms"].map((name) => attribute(`traceloop.entity.${name}`));
const EVENT_ID = attribute("ai.telemetry.metadata.raindrop.eventId");
const ASSOCIATED = Object.fromEntries(
  ["user_id", "convo_id", "event", "event_name", "event_id"].map((name) => [name, attribute(ASSOCIATION + name)]),
);

const stringValue = (text) => `{"stringValue":${quoted(text)}}`;

/** Whether a value says nothing: OTLP has no null, and JSON no infinite number. */
const isUnset = (value) => value == null || (typeof value == "number" && !Number.isFinite(value));

/** Attributes in their array, with commas between them. Those that the caller set, `own`, win over those that a kind of span implies. */
class Attributes {
  text = "";
  /** What closes the last one. */
  close = "";
  odd = undefined;

  constructor(own, cap) {
    this.own = own;
    this.cap = cap;
  }

  /** Takes what opens one, and its text, which is escaped. */
  take({ next, first }, text) {
    const { close } = this;
    if (close == ATTRIBUTE_END) this.text += `${next}${text}`;
    else this.text += `${close && `${close},`}${first}${text}`;
    this.close = ATTRIBUTE_END;
  }

  string(it, text) {
    // Said twice, it is put into one piece, of which many will be made: for a text that changes that would take longer.
    if (it.text === text) return this.take((it.all ??= pieces([it.string.next, escaped(text)].join(""))), "");
    if (text.length < SHORT) {
      it.text = text;
      it.all = undefined;
    }
    this.take(it.string, escaped(text));
  }

  integer(it, number) {
    this.take((it.integer ??= opening(it.key, "intValue")), number);
  }

  add({ key }, value) {
    this.text += `${this.close && `${this.close},`}{"key":${quoted(key)},"value":${value}`;
    this.close = "}";
  }

  /** A caller's value by the type that fits it; nothing for null. */
  typed(it, value) {
    switch (typeof value) {
      case "string":
        return this.string(it, cut(value, this.cap));
      case "boolean":
        return this.add(it, `{"boolValue":${value}}`);
      case "number":
        if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) this.integer(it, value);
        else if (Number.isFinite(value)) this.add(it, `{"doubleValue":${value}}`);
        return;
    }
    // As JSON has it: a `Date` is a text.
    const text = json(value);
    const items = text && JSON.parse(text);
    if (items == null) return;
    if (typeof items != "object") this.typed(it, items);
    else if (!Array.isArray(items) || items.some((item) => typeof item != "string")) this.string(it, cut(text, this.cap));
    else this.add(it, `{"arrayValue":{"values":[${items.map((item) => stringValue(cut(item, this.cap)))}]}}`);
  }

  /** What the caller sets. Of keys that become the same the last one counts. */
  set(it, value) {
    if (it.odd) (this.odd ??= new Map()).set(it.odd, value);
    else this.typed(it, value);
  }

  /** Whether the caller has not set it. */
  isFree({ key }) {
    return isUnset(this.own?.[key]);
  }

  /** One that is implied, unless it is empty. */
  implied(it, text) {
    if (text && this.isFree(it)) this.string(it, text);
  }

  /** An integer that is implied. */
  int(it, number) {
    if (this.isFree(it)) this.integer(it, number);
  }

  /** A longer one that may be empty. */
  some(it, text) {
    if (text != null && this.isFree(it)) this.string(it, cut(text, this.cap));
  }

  /** What went into a tool or came out of it: a text, or what stands for one inside a string. */
  content(it, content) {
    const inside = typeof content == "object" ? content?.inside : undefined;
    if (!(inside?.length <= this.cap)) this.some(it, inside ? JSON.parse(`"${inside}"`) : content);
    else if (this.isFree(it)) this.take(it.string, inside);
  }

  /** An association property, unless the caller has set it. */
  associated(name, text, properties) {
    if (text && isUnset(properties?.[name])) this.implied(ASSOCIATED[name], text);
  }

  message(list, index, role, text) {
    const key = `gen_ai.${list}.${index}.`;
    this.implied(attribute(`${key}role`), role);
    this.some(attribute(`${key}content`), text ?? "");
  }
}

const MODEL = ["ai.model.id", "gen_ai.request.model"].map(attribute);
const PROVIDER = ["ai.model.provider", "gen_ai.system", "gen_ai.provider.name"].map(attribute);
const [RESPONSE_MODEL, MESSAGES, PROMPT, RESPONSE, INPUT_TOKENS, OUTPUT_TOKENS] = [
  "gen_ai.response.model",
  "ai.prompt.messages",
  "ai.prompt",
  "ai.response.text",
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
].map(attribute);

/** What a call of a model says. `limit`: for an attribute that holds several texts. */
function addModel(to, { detail, operationId }, limit) {
  const [prompt, output, model, responseModel, provider, inputTokens, outputTokens] = detail;
  ["llm", "llm_call", operationId || "ai.generateText"].forEach((text, index) => to.implied(KINDS[index], text));
  for (const it of MODEL) to.implied(it, model);
  to.implied(RESPONSE_MODEL, responseModel || model);
  for (const it of PROVIDER) to.implied(it, provider);
  if (Array.isArray(prompt)) {
    const chat = (cap) => json(prompt.map(([role, text]) => ({ role, content: cut(text ?? "", cap) })));
    to.implied(MESSAGES, fitted(limit, to.cap, (text) => codePoints(text, limit), chat) ?? chat(0));
    prompt.forEach(([role, text], index) => to.message("prompt", index, role, text));
  } else if (prompt) {
    to.some(PROMPT, prompt);
    to.message("prompt", 0, "user", prompt);
  }
  if (output) {
    to.some(RESPONSE, output);
    to.message("completion", 0, "assistant", output);
  }
  if (inputTokens > 0) to.int(INPUT_TOKENS, inputTokens);
  if (outputTokens > 0) to.int(OUTPUT_TOKENS, outputTokens);
}

const TOOL = ["tool", "tool_call", "ai.toolCall"];
const ONLY_TOOL = pieces(TOOL.map((text, index) => KINDS[index].string.next + text).join(""));

/** What a call of a tool says. */
function addTool(to, { name, detail: [input, output], start }, end) {
  if (to.own) TOOL.forEach((text, index) => to.implied(KINDS[index], text));
  else to.take(ONLY_TOOL, "");
  to.implied(NAME, name);
  to.content(INPUT, input);
  to.content(OUTPUT, output);
  to.int(DURATION, end - start);
}

/** Whose the span is. */
function addAssociation(to, properties, { eventId, userId, convoId, event }) {
  const ownEvent = properties?.event_id;
  const id = typeof ownEvent == "string" ? cut(ownEvent, to.cap) : eventId;
  const written = id && escaped(id);
  if (id && to.isFree(EVENT_ID)) to.take(EVENT_ID.string, written);
  to.associated("user_id", userId, properties);
  to.associated("convo_id", convoId, properties);
  to.associated("event", event, properties);
  to.associated("event_name", event, properties);
  if (eventId && isUnset(ownEvent) && to.isFree(ASSOCIATED.event_id)) to.take(ASSOCIATED.event_id.string, written);
  for (const name in properties) {
    const key = ASSOCIATION + name;
    if (properties[name] !== undefined && isUnset(to.own?.[key])) to.set(attribute(key), properties[name]);
  }
}

/** The text of a span under a cap for each text. */
function encode(span, end, cap, limit) {
  const { kind, place, name, start, error, properties, attributes, operationId } = span;
  const to = new Attributes(attributes, cap);
  if (kind == LLM_KIND) addModel(to, span, limit);
  else if (kind == TOOL_KIND) addTool(to, span, end);
  else to.implied(OPERATION, operationId);
  addAssociation(to, properties, place.identity);
  // The backend refuses an attribute without a key.
  let index = 0;
  for (const key in attributes) if (key && attributes[key] !== undefined) to.set(attributeAt(index++, key), attributes[key]);
  to.odd?.forEach((value, key) => to.typed(attribute(key), value));
  const above = place.parent ? `A=","parentSpanId":"${place.parent}` : "";
  const status = error == null ? OK : `],"status":{"code":2,"message":${quoted(cut(error, cap))}}}`;
  return (
    `{"traceId":"${place.trace}A==","spanId":"${place.id}${above}A=","name":"${escaped(name)}${times(start, end)}${to.text}` +
    (to.close == ATTRIBUTE_END && status == OK ? CLOSED_OK : to.close + status)
  );
}

const OK = '],"status":{"code":1}}';
const CLOSED_OK = ATTRIBUTE_END + OK;

/** What stands between a span's name and its attributes, and the last of it: in a Worker the clock stands still. */
function times(start, end) {
  if (start != lastTimes.start || end != lastTimes.end) {
    const text = ['","startTimeUnixNano":"', nanos(start), '","endTimeUnixNano":"', nanos(end), '","attributes":['].join("");
    lastTimes = { start, end, text };
  }
  return lastTimes.text;
}
let lastTimes = {};

/** In the year 2554: the nanoseconds of a later time take more than 64 bits. */
const LAST_MS = 18_446_744_000_000;

/** Before the epoch there are none. Of so few digits the product has all, and zeros behind them. */
const nanos = (millis) => Math.min(Math.max(millis, 0), LAST_MS) * 1e6;

/** A span that ended, as it is sent: nothing if it takes more than `limit` bytes and no text is left to shorten. */
export const spanText = (span, end, cap, limit) =>
  textWithin(limit, cap, (textCap) => encode(span, Math.max(end, span.start), textCap, cap));

/** Whether the backend keeps the span: it silently drops one that has nothing to do with a model, a tool or an event. */
export function isOfUse({ kind, place: { identity }, operationId, properties, attributes }) {
  if (kind || operationId || identity.eventId || identity.userId || identity.convoId) return true;
  return (
    ["user_id", "convo_id", "event_id"].some((name) => !isUnset(properties?.[name])) ||
    Object.keys(attributes ?? {}).some((key) => KEPT.test(key) && !isUnset(attributes[key]))
  );
}
