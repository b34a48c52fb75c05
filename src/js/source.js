// What starts spans.
import { read, table } from "./input.js";
import { LLM_KIND, TOOL_KIND } from "./span.js";
import { LlmSpan, Span, ToolSpan, llmDetail, run, toolDetail } from "./spans.js";

const TOOL = table("@startTime @endTime #durationMs");

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

export class Tracer extends Source {}
