// The handle of an interaction.
import { Client } from "./client.js";
import { readEvent } from "./event.js";
import { eventId as newId, traceId } from "./ids.js";
import { checked, read, table } from "./input.js";
import { BEGIN, FINISH, PATCH, keepLatest, tell } from "./interactions.js";
import { Source } from "./source.js";

const UPDATE = table("- - - - model @timestamp input output {properties [attachments =featureFlags");
const KNOWN = table("userId event convoId model");

/** How many of the interactions begun last are remembered. */
const RECENT_KEPT = 1000;

export class Interaction extends Source {
  get eventId() {
    return Source.identity(this).eventId;
  }

  getEventId() {
    return this.eventId;
  }

  setProperty(key, value) {
    if (value !== undefined) update(this, "setProperty", PATCH, () => ({ properties: { [checked("!", key, "key")]: value } }));
  }

  setProperties(properties) {
    update(this, "setProperties", PATCH, () => ({ properties }));
  }

  setInput(input) {
    update(this, "setInput", PATCH, () => ({ input }));
  }

  addAttachments(attachments) {
    update(this, "addAttachments", PATCH, () => ({ attachments }));
  }

  finish(options) {
    update(this, "finish", FINISH, () => options ?? {});
  }
}

function update(interaction, call, number, patch) {
  const client = Source.client(interaction);
  client.attempt(call, () => {
    const identity = Source.identity(interaction);
    const news = readEvent(patch(), UPDATE);
    identity.model = news.model || identity.model;
    client.merge(call, identity, news, number);
  });
}

export function begin(client, options) {
  let from;
  let id;
  client.attempt("begin", () => {
    id = options?.eventId;
    const news = readEvent(options);
    const { eventId, userId, event, convoId, model } = news;
    const identity = { eventId: eventId || newId(), userId, event: event || "ai_generation", convoId, model };
    if (client.merge("begin", identity, news, BEGIN)) from = { identity, trace: traceId() };
  });
  // What could not begin records nothing.
  if (!from) return inert(typeof id == "string" && id ? id : newId());
  keepLatest(client.home.recent, from.identity.eventId, from, RECENT_KEPT);
  return new Interaction(client, from);
}

export function resume(client, eventId, known) {
  const from = client.attempt("resumeInteraction", () => {
    checked("!", eventId, "eventId");
    const [userId, event, convoId, model] = read(KNOWN, known ?? {});
    const from = client.home.recent.get(eventId) ?? { identity: { eventId }, trace: traceId() };
    tell(from.identity, { userId, event, convoId, model });
    client.learn(from.identity);
    return from;
  });
  return from ? new Interaction(client, from) : inert("");
}

const inert = (eventId) => new Interaction(Client.off(), { identity: { eventId }, trace: traceId() });
