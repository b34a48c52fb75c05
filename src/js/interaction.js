// The handle of an interaction.
import { Client } from "./client.js";
import { DEFAULT_EVENT, readEvent } from "./event.js";
import { eventId as newId, traceId } from "./ids.js";
import { checked, read, table } from "./input.js";
import { BEGIN, FINISH, PATCH, keepLatest, told } from "./interactions.js";
import { Source } from "./source.js";

const UPDATE = table("- - - - model @timestamp input output {properties [attachments =featureFlags");
const KNOWN = table("userId event convoId model");

/** How many of the interactions begun or resumed last are remembered. */
const RECENT_KEPT = 1000;

export class Interaction extends Source {
  get eventId() {
    return Source.from(this).identity.eventId;
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
  client.attempt(call, () => client.merge(call, Source.from(interaction), readEvent(patch(), UPDATE), number));
}

export function begin(client, options) {
  let from;
  let id;
  client.attempt("begin", () => {
    id = options?.eventId;
    const news = readEvent(options);
    const known = handle(client, news.eventId || newId(), news);
    if (!client.merge("begin", known, news, BEGIN)) return;
    from = remember(client, known);
    if (!from.identity.event) from.identity = told(from.identity, { event: DEFAULT_EVENT });
  });
  // What could not begin records nothing.
  return from ? new Interaction(client, from) : inert(typeof id == "string" && id ? id : newId());
}

export function resume(client, eventId, known) {
  const from = client.attempt("resumeInteraction", () => {
    checked("!", eventId, "eventId");
    const [userId, event, convoId, model] = read(KNOWN, known ?? {});
    const news = { userId, event, convoId, model };
    const from = remember(client, handle(client, eventId, news));
    from.identity = told(from.identity, news);
    client.learn(from, news);
    return from;
  });
  return from ? new Interaction(client, from) : inert("");
}

/** What the handles of an interaction know of it, one object for all: as it is remembered, or new. */
const handle = ({ home }, eventId, news) =>
  home.recent.get(eventId) ?? { identity: told({ eventId }, news), trace: traceId() };

function remember({ home }, from) {
  keepLatest(home.recent, from.identity.eventId, from, RECENT_KEPT);
  return from;
}

const inert = (eventId) => new Interaction(Client.off(), { identity: { eventId }, trace: traceId() });
