// What starts spans.
import { checked, errorText } from "./input.js";
import { LLM_KIND, TOOL_KIND } from "./span.js";
import { LlmSpan, Span, ToolSpan, opened, run } from "./spans.js";

/** What starts spans: a client, an interaction, a tracer. */
export class Source {
  #client;
  #from;

  constructor(client, from) {
    this.#client = client;
    this.#from = from;
  }

  static client(source) {
    return source.#client;
  }

  static from(source) {
    return source.#from;
  }

  startSpan(options) {
    return new Span(this.#client, "startSpan", 0, this.#from, options);
  }

  startLlmSpan(options) {
    return new LlmSpan(this.#client, "startLlmSpan", LLM_KIND, this.#from, options);
  }

  startToolSpan(options) {
    return new ToolSpan(this.#client, "startToolSpan", TOOL_KIND, this.#from, options);
  }

  withSpan(options, work) {
    return run(this.startSpan(options), work);
  }

  withTool(options, work) {
    return run(this.startToolSpan(options), work, true);
  }

  trackTool(options) {
    const client = this.#client;
    try {
      const span = opened(TOOL_KIND, this.#from, options);
      const { startTime, endTime, durationMs, error } = options;
      const start = checked("@", startTime, "startTime");
      const end = checked("@", endTime, "endTime") ?? (start == null ? Date.now() : undefined);
      const duration = checked("#", durationMs, "durationMs");
      span.start = start ?? end - (duration ?? 0);
      if (error != null) span.error = errorText(error);
      client.recordSpan("trackTool", span, end ?? (duration == null ? Date.now() : start + duration));
    } catch (error) {
      client.refuse("trackTool", error);
    }
  }
}

export class Tracer extends Source {}

// Vue wraps what its refs hold in proxies, which have no private fields. It leaves alone what asks for that.
for (const { prototype } of [Source, Span]) Object.defineProperty(prototype, "__v_skip", { value: true });
