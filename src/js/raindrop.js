// The class that users of the npm package make.
import { Client } from "./client.js";
import { aiEvent, plainEvent, signal, user } from "./event.js";
import { checked } from "./input.js";
import { begin, resume } from "./interaction.js";
import { build } from "./options.js";
import { EVENT, SIGNAL, USER } from "./report.js";
import { Source, Tracer } from "./source.js";

export class Raindrop extends Source {
  constructor(options) {
    super(options instanceof Client ? options : build(options), { identity: {} });
  }

  begin(options) {
    return begin(Source.client(this), options);
  }

  resumeInteraction(eventId, known) {
    return resume(Source.client(this), eventId, known);
  }

  trackAi(events) {
    return Source.client(this).record("trackAi", EVENT, aiEvent, events);
  }

  track(events) {
    return Source.client(this).record("track", EVENT, plainEvent, events);
  }

  trackSignal(signals) {
    Source.client(this).record("trackSignal", SIGNAL, signal, signals);
  }

  identify(users) {
    Source.client(this).record("identify", USER, user, users);
  }

  setUserDetails(details) {
    Source.client(this).record("setUserDetails", USER, user, details);
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
    return Source.client(this).stats();
  }

  flush() {
    return Source.client(this).flush();
  }

  forceFlush() {
    return this.flush();
  }

  close() {
    return Source.client(this).close();
  }
}

if (Symbol.asyncDispose) {
  Raindrop.prototype[Symbol.asyncDispose] = function () {
    return this.close();
  };
}
