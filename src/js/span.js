// The JSON text of a span, as OTLP has it. The rules are those of `src/wire/span.rs`.
import { codePoints, cut, escaped, fitted, json, quoted, textWithin } from "./json.js";

/** The kind of a span that is not plain. */
export const TOOL_KIND = 1;
export const LLM_KIND = 2;

const ASSOCIATION = "traceloop.association.properties.";
const ASSOCIATED = Object.fromEntries(
  ["user_id", "convo_id", "event", "event_name", "event_id"].map((name) => [name, ASSOCIATION + name]),
);

const KEPT = /^(gen_ai\..*|ai\.operationId|traceloop\.(span\.kind|workflow\.name|association\.properties\.(user|convo|event)_id))$/;

/**
 * Attributes that are texts, by their keys: what stands before the text, of the first in a span and of others, and the last text
 * with all of it. What takes longest is to join pieces, so these are few.
 */
const lately = new Map();
const KEYS_KEPT = 1000;
/** Shorter texts are remembered: engines copy them, where a longer one may hold the text that it was cut from. */
const SHORT = 13;
const LONGEST_KEY = 128;

const stringValue = (text) => `{"stringValue":${quoted(text)}}`;
const intValue = (digits) => `{"intValue":"${digits}"}`;

/** Attributes in their array, with commas between them. Those that the caller set, `own`, win over those that a kind of span implies. */
class Attributes {
  text = "";

  constructor(own, cap) {
    this.own = own;
    this.cap = cap;
  }

  /** Takes one with a comma in front. */
  append(text) {
    this.text += this.text ? text : text.slice(1);
  }

  string(key, text) {
    let last = lately.get(key);
    if (!last) {
      const next = `,{"key":"${escaped(key)}","value":{"stringValue":"`;
      // Cutting it also makes it one piece.
      last = { next, first: next.slice(1) };
      if (lately.size < KEYS_KEPT && key.length < LONGEST_KEY) lately.set(key, last);
    }
    // Said twice, it is put into one piece, of which many will be made: for a text that changes that would take longer.
    if (last.text === text) return this.append((last.all ??= [last.next, escaped(text), '"}}'].join("")));
    if (text.length < SHORT) {
      last.text = text;
      last.all = undefined;
    }
    this.text += `${this.text ? last.next : last.first}${escaped(text)}"}}`;
  }

  add(key, value) {
    this.append(`,{"key":${quoted(key)},"value":${value}}`);
  }

  /** A caller's value by the type that fits it; nothing for null. */
  typed(key, value) {
    switch (typeof value) {
      case "string":
        return this.string(key, cut(value, this.cap));
      case "boolean":
        return this.add(key, `{"boolValue":${value}}`);
      case "number":
        if (Number.isFinite(value)) {
          this.add(key, Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? intValue(value) : `{"doubleValue":${value}}`);
        }
        return;
    }
    // As JSON has it: a `Date` is a text.
    const text = json(value);
    const items = text && JSON.parse(text);
    if (items == null) return;
    if (typeof items != "object") this.typed(key, items);
    else if (!Array.isArray(items) || items.some((item) => typeof item != "string")) this.string(key, cut(text, this.cap));
    else this.add(key, `{"arrayValue":{"values":[${items.map((item) => stringValue(cut(item, this.cap)))}]}}`);
  }

  /** One that is implied, unless it is empty. */
  implied(key, text) {
    if (text && this.own?.[key] === undefined) this.string(key, text);
  }

  /** An integer that is implied. */
  int(key, number) {
    if (this.own?.[key] === undefined) this.append(`,{"key":"${key}","value":{"intValue":"${number}"}}`);
  }

  /** A longer one that may be empty. */
  some(key, text) {
    if (text != null && this.own?.[key] === undefined) this.string(key, cut(text, this.cap));
  }

  /** An association property, unless the caller has set it. */
  associated(name, text, properties) {
    if (text && properties?.[name] === undefined) this.implied(ASSOCIATED[name], text);
  }

  message(list, index, role, text) {
    const key = `gen_ai.${list}.${index}.`;
    this.implied(`${key}role`, role);
    this.some(`${key}content`, text ?? "");
  }
}

/** What a call of a model says. `limit`: for an attribute that holds several texts. */
function addModel(to, { detail, operationId }, limit) {
  const [input, output, model, responseModel, provider, inputTokens, outputTokens, messages] = detail;
  to.implied("traceloop.span.kind", "llm");
  to.implied("raindrop.span.kind", "llm_call");
  to.implied("ai.operationId", operationId || "ai.generateText");
  to.implied("ai.model.id", model);
  to.implied("gen_ai.request.model", model);
  to.implied("gen_ai.response.model", responseModel || model);
  to.implied("ai.model.provider", provider);
  to.implied("gen_ai.system", provider);
  to.implied("gen_ai.provider.name", provider);
  if (messages?.length) {
    const chat = (cap) => json(messages.map(([role, text]) => ({ role, content: cut(text ?? "", cap) })));
    to.implied("ai.prompt.messages", fitted(limit, to.cap, (text) => codePoints(text, limit), chat) ?? chat(0));
    messages.forEach(([role, text], index) => to.message("prompt", index, role, text));
  } else if (input) {
    to.some("ai.prompt", input);
    to.message("prompt", 0, "user", input);
  }
  if (output) {
    to.some("ai.response.text", output);
    to.message("completion", 0, "assistant", output);
  }
  if (inputTokens > 0) to.int("gen_ai.usage.input_tokens", inputTokens);
  if (outputTokens > 0) to.int("gen_ai.usage.output_tokens", outputTokens);
}

/** What a call of a tool says. */
function addTool(to, { name, detail: [input, output], start }, end) {
  to.implied("traceloop.span.kind", "tool");
  to.implied("raindrop.span.kind", "tool_call");
  to.implied("ai.operationId", "ai.toolCall");
  to.implied("traceloop.entity.name", name);
  to.some("traceloop.entity.input", input);
  to.some("traceloop.entity.output", output);
  to.int("traceloop.entity.duration_ms", end - start);
}

/** Whose the span is. */
function addAssociation(to, properties, { eventId, userId, convoId, event }) {
  const ownEvent = properties?.event_id;
  to.implied("ai.telemetry.metadata.raindrop.eventId", typeof ownEvent == "string" ? cut(ownEvent, to.cap) : eventId);
  to.associated("user_id", userId, properties);
  to.associated("convo_id", convoId, properties);
  to.associated("event", event, properties);
  to.associated("event_name", event, properties);
  to.associated("event_id", eventId, properties);
  for (const name in properties) {
    const key = ASSOCIATION + name;
    if (properties[name] !== undefined && to.own?.[key] === undefined) to.typed(key, properties[name]);
  }
}

/** The text of a span under a cap for each text. */
function encode(span, end, cap, limit) {
  const { kind, place, name, start, error, properties, attributes, operationId } = span;
  const to = new Attributes(attributes, cap);
  if (kind == LLM_KIND) addModel(to, span, limit);
  else if (kind == TOOL_KIND) addTool(to, span, end);
  else to.implied("ai.operationId", operationId);
  addAssociation(to, properties, place.identity);
  // The backend refuses an attribute without a key.
  for (const key in attributes) if (key && attributes[key] !== undefined) to.typed(key, attributes[key]);
  const above = place.parent ? `A=","parentSpanId":"${place.parent}` : "";
  const status = error == null ? "1}}" : `2,"message":${quoted(cut(error, cap))}}}`;
  return (
    `{"traceId":"${place.trace}A==","spanId":"${place.id}${above}A=","name":"${escaped(name)}","startTimeUnixNano":"${nanos(start)}",` +
    `"endTimeUnixNano":"${nanos(end)}","attributes":[${to.text}],"status":{"code":${status}`
  );
}

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
    ["user_id", "convo_id", "event_id"].some((name) => properties?.[name] != null) ||
    Object.keys(attributes ?? {}).some((key) => KEPT.test(key))
  );
}
