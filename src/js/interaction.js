// The handle of an interaction.
import { BEGIN, Client, FINISH, PATCH } from "./client.js";
import { EVENT } from "./event.js";
import { traceId } from "./ids.js";
import { checked, demandObject, read, table } from "./input.js";
import { Source } from "./source.js";

const UPDATE = table("eventId userId event convoId model @timestamp input output {properties [attachments =featureFlags");

/** The interactions begun last, so that resuming one finds what is known of it. */
const recent = new Map();
const RECENT_KEPT = 1000;

export class Interaction extends Source {
  get eventId() {
    return Source.identity(this).eventId;
  }

  getEventId() {
    return this.eventId;
  }

  setProperty(key, value) {
    if (value !== undefined) update(this, "setProperty", PATCH, { properties: { [key]: value } });
  }

  setProperties(properties) {
    update(this, "setProperties", PATCH, { properties });
  }

  setInput(input) {
    update(this, "setInput", PATCH, { input });
  }

  addAttachments(attachments) {
    update(this, "addAttachments", PATCH, { attachments });
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
    const model = patch.model ?? identity.model;
    client.update(call, number, UPDATE, { ...patch, ...identity, model });
    identity.model = model;
  });
}

export function begin(client, options) {
  const identity = { eventId: options?.eventId };
  // What could not begin records nothing.
  let of = client;
  const id = client.attempt("begin", () => {
    [, identity.userId, identity.event, identity.convoId, identity.model] = read(EVENT, options);
    identity.event ||= "ai_generation";
    return client.update("begin", BEGIN, EVENT, options);
  });
  identity.eventId = id ?? identity.eventId ?? "";
  const from = { identity, trace: traceId() };
  if (id == null) {
    of = Client.off();
  } else {
    recent.delete(id);
    recent.set(id, from);
    if (recent.size > RECENT_KEPT) recent.delete(recent.keys().next().value);
  }
  return new Interaction(of, from);
}

export function resume(client, eventId, known) {
  let from = recent.get(eventId);
  from ??= client.attempt("resumeInteraction", () => {
    const [id, userId, event, convoId, model] = read(UPDATE, { ...known, eventId });
    checked("!", id, "eventId");
    return { identity: { eventId: id, userId, event, convoId, model }, trace: traceId() };
  });
  return new Interaction(from ? client : Client.off(), from ?? { identity: { eventId: "" } });
}
