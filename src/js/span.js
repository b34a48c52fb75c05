// The JSON text of a span, as OTLP has it. The rules are those of `src/wire/span.rs`.
import { bytesOf, codePoints, cut, fitted, json, quoted } from "./json.js";

/** The kind of a span that is not plain. */
export const TOOL_KIND = 1;
export const LLM_KIND = 2;

const ASSOCIATION = "traceloop.association.properties.";

const KEPT = /^(gen_ai\..*|ai\.operationId|traceloop\.(span\.kind|workflow\.name|association\.properties\.(user|convo|event)_id))$/;

const stringValue = (text) => `{"stringValue":${quoted(text)}}`;
const intValue = (digits) => `{"intValue":"${digits}"}`;

/** A caller's value by the type that fits it; nothing for null. */
function typed(value, cap) {
  switch (typeof value) {
    case "string":
      return stringValue(cut(value, cap));
    case "boolean":
      return `{"boolValue":${value}}`;
    case "number":
      if (!Number.isFinite(value)) return;
      return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? intValue(value) : `{"doubleValue":${value}}`;
  }
  // As JSON has it: a `Date` is a text.
  const text = json(value);
  const items = JSON.parse(text);
  if (items === null || typeof items != "object") return items === null ? undefined : typed(items, cap);
  if (!Array.isArray(items) || items.some((item) => typeof item != "string")) return stringValue(cut(text, cap));
  return `{"arrayValue":{"values":[${items.map((item) => stringValue(cut(item, cap)))}]}}`;
}

/** The text of a span under a cap for each text. */
function encode({ id, parent, trace, identity }, span, end, cap, attributeCap) {
  const { kind, detail, error, properties, attributes: own } = span;
  let attributes = "";
  const add = (key, value) => {
    if (value) attributes += `${attributes && ","}{"key":${quoted(key)},"value":${value}}`;
  };
  /** An attribute that the kind of span implies, unless the caller set it. */
  const implied = (key, text) => text && own[key] === undefined && add(key, stringValue(text));
  const content = (key, text) => text && implied(key, cut(text, cap));
  const count = (key, number) => number > 0 && own[key] === undefined && add(key, intValue(number));
  if (kind == LLM_KIND) {
    const [input, output, model, responseModel, provider, inputTokens, outputTokens, messages] = detail;
    implied("traceloop.span.kind", "llm");
    implied("raindrop.span.kind", "llm_call");
    implied("ai.operationId", span.operationId || "ai.generateText");
    implied("ai.model.id", model);
    implied("gen_ai.request.model", model);
    implied("gen_ai.response.model", responseModel || model);
    implied("ai.model.provider", provider);
    implied("gen_ai.system", provider);
    implied("gen_ai.provider.name", provider);
    const message = (list, index, role, text) => {
      const key = `gen_ai.${list}.${index}.`;
      if (own[`${key}role`] === undefined) add(`${key}role`, stringValue(role));
      if (own[`${key}content`] === undefined) add(`${key}content`, stringValue(cut(text ?? "", cap)));
    };
    if (messages?.length) {
      const chat = (cap) => json(messages.map(([role, text]) => ({ role, content: cut(text ?? "", cap) })));
      implied("ai.prompt.messages", fitted(attributeCap, cap, (text) => codePoints(text, attributeCap), chat) ?? chat(0));
      messages.forEach(([role, text], index) => message("prompt", index, role, text));
    } else if (input) {
      content("ai.prompt", input);
      message("prompt", 0, "user", input);
    }
    if (output) {
      content("ai.response.text", output);
      message("completion", 0, "assistant", output);
    }
    count("gen_ai.usage.input_tokens", inputTokens);
    count("gen_ai.usage.output_tokens", outputTokens);
  } else if (kind == TOOL_KIND) {
    implied("traceloop.span.kind", "tool");
    implied("raindrop.span.kind", "tool_call");
    implied("ai.operationId", "ai.toolCall");
    implied("traceloop.entity.name", span.name);
    for (const [index, key] of ["traceloop.entity.input", "traceloop.entity.output"].entries()) {
      if (detail[index] != null && own[key] === undefined) add(key, stringValue(cut(detail[index], cap)));
    }
    if (own["traceloop.entity.duration_ms"] === undefined) add("traceloop.entity.duration_ms", intValue(end - span.start));
  } else {
    implied("ai.operationId", span.operationId);
  }
  const { eventId, userId, convoId, event } = identity;
  const ownEvent = properties.event_id;
  implied("ai.telemetry.metadata.raindrop.eventId", typeof ownEvent == "string" ? cut(ownEvent, cap) : eventId);
  const associate = (name, text) => properties[name] === undefined && implied(ASSOCIATION + name, text);
  associate("user_id", userId);
  associate("convo_id", convoId);
  associate("event", event);
  associate("event_name", event);
  associate("event_id", eventId);
  for (const name in properties) {
    const key = ASSOCIATION + name;
    if (properties[name] !== undefined && own[key] === undefined) add(key, typed(properties[name], cap));
  }
  for (const key in own) if (own[key] !== undefined) add(key, typed(own[key], cap));
  const above = parent ? `","parentSpanId":"${parent}` : "";
  const status = error == null ? '"code":1' : `"code":2,"message":${quoted(cut(error, cap))}`;
  return (
    `{"traceId":"${trace}","spanId":"${id}${above}","name":${quoted(span.name)},"startTimeUnixNano":"${nanos(span.start)}",` +
    `"endTimeUnixNano":"${nanos(end)}","attributes":[${attributes}],"status":{${status}}}`
  );
}

/** Before the epoch there are none. */
const nanos = (millis) => (millis > 0 ? `${millis}000000` : "0");

/** A span that ended, as the bytes that are sent: none if there are more than `limit` and no text is left to shorten. */
export const spanBytes = (place, span, end, cap, limit) =>
  bytesOf(limit, cap, (textCap) => encode(place, span, Math.max(end, span.start), textCap, cap));

/** Whether the backend keeps the span: it silently drops one that has nothing to do with a model, a tool or an event. */
export function isOfUse({ identity }, { kind, operationId, properties, attributes }) {
  if (kind || operationId || identity.eventId || identity.userId || identity.convoId) return true;
  return (
    ["user_id", "convo_id", "event_id"].some((name) => properties[name] != null) ||
    Object.keys(attributes).some((key) => KEPT.test(key))
  );
}
