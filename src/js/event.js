// The JSON text of events, signals and users. The rules are those of `src/wire/event.rs`, `signal.rs` and `user.rs`.
import { eventId } from "./ids.js";
import { oneOf, read, table, texts, wrong } from "./input.js";
import { cut, cutAll, quoted } from "./json.js";

const EVENT_FIELDS = table("eventId !userId event convoId model @timestamp input output {properties [attachments =featureFlags");
const PLAIN_EVENT_FIELDS = table("eventId !userId event - - @timestamp - - {properties [attachments =featureFlags");
const SIGNAL_FIELDS = table("!eventId !name type sentiment @timestamp attachmentId comment after {properties");
const USER_FIELDS = table("!userId {traits");

export const DEFAULT_EVENT = "ai_generation";
const SIGNAL_TYPES = ["default", "standard", "feedback", "edit", "agent", "agent_internal"];

/** A time as RFC 3339 has it, with as many digits as it needs. */
function rfc3339(millis) {
  if (millis != latest.millis) latest = { millis, text: new Date(millis).toISOString().replace(/\.?0+Z$/, "Z") };
  return latest.text;
}

/** The time that was written last: in a Worker it stands still. */
let latest = {};

/** A member of an object and a comma, unless the text is empty. */
const member = (name, text) => (text ? `"${name}":${quoted(text)},` : "");

/** The members of an object, each with a comma. Their names are JSON. */
function members(values, cap) {
  let text = "";
  for (const [name, value] of values) text += `${name}:${cutAll(value, cap)},`;
  return text;
}

const withoutComma = (text) => text.slice(0, -1);

const attachmentText = ([type, role, value, name, language, id], cap) =>
  `{"type":"${type}","role":"${role}",${member("attachment_id", id)}${member("name", name)}"value":${quoted(cut(value, cap))}` +
  `${language ? `,"language":${quoted(language)}` : ""}}`;

/** What a caller says of an event. */
export function readEvent(options, fields = EVENT_FIELDS) {
  const [id, userId, event, convoId, model, timestamp, input, output, properties, attachments, flags] = read(fields, options);
  return {
    eventId: id,
    userId,
    event,
    convoId,
    model,
    timestamp,
    input,
    output,
    // What records an event says so itself.
    properties: texts(properties, "properties", "$context"),
    attachments: attachments ?? [],
    flags: texts(flags, "featureFlags"),
  };
}

/** An event, of its identity and its content: complete, or with `isPending` a part of an interaction. */
export function eventText({ eventId, userId, event, model, convoId }, content, context, cap, isPending) {
  const { timestamp, input, output, properties, attachments, flags } = content;
  const data =
    member("input", input && cut(input, cap)) + member("output", output && cut(output, cap)) + member("model", model) + member("convo_id", convoId);
  return (
    `{"event_id":${quoted(eventId)},"user_id":${quoted(userId)},"event":${quoted(event || DEFAULT_EVENT)},` +
    `"timestamp":"${rfc3339(timestamp)}",${data && `"ai_data":{${withoutComma(data)}},`}` +
    `"properties":{${members(properties, cap)}"$context":${context}},` +
    `"attachments":[${attachments.map((attachment) => attachmentText(attachment, cap))}]` +
    (flags.size ? `,"feature_flags":{${withoutComma(members(flags, Infinity))}}` : "") +
    (isPending == null ? "}" : `,"is_pending":${isPending}}`)
  );
}

/** Each of these reads what a caller hands over; it returns the id of what is to be recorded, and what encodes it under a cap. */

function complete(event, context) {
  event.eventId ||= eventId();
  event.timestamp ??= Date.now();
  // The schema of `events/track` refuses `ai_data` without content.
  if (!event.input && !event.output) event.model = event.convoId = "";
  return [event.eventId, (cap) => eventText(event, event, context, cap)];
}

export function aiEvent(options, context) {
  const event = readEvent(options);
  if (!event.input && !event.output && !event.attachments.length) wrong("input", "or output must be a non-empty string");
  return complete(event, context);
}

export const plainEvent = (options, context) => complete(readEvent(options, PLAIN_EVENT_FIELDS), context);

export function signal(options) {
  const [eventId, name, type, sentiment, timestamp, attachmentId, comment, after, properties] = read(SIGNAL_FIELDS, options);
  if (type) oneOf(SIGNAL_TYPES, type, "type");
  if (sentiment && sentiment != "POSITIVE" && sentiment != "NEGATIVE") wrong("sentiment", "must be POSITIVE or NEGATIVE", sentiment);
  const values = texts(properties, "properties", comment && "comment", after && "after");
  const encode = (cap) =>
    `{"event_id":${quoted(eventId)},"signal_name":${quoted(name)},"signal_type":"${type || "default"}",` +
    (timestamp == null ? "" : `"timestamp":"${rfc3339(timestamp)}",`) +
    member("sentiment", sentiment) +
    member("attachment_id", attachmentId) +
    `"properties":{` +
    withoutComma(members(values, cap) + member("comment", comment && cut(comment, cap)) + member("after", after && cut(after, cap))) +
    "}}";
  return [undefined, encode];
}

export function user(options) {
  const [userId, traits] = read(USER_FIELDS, options);
  const values = texts(traits, "traits");
  return [undefined, (cap) => `{"user_id":${quoted(userId)},"traits":{${withoutComma(members(values, cap))}}}`];
}
