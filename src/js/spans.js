// The handles of spans.
import { spanId, traceId } from "./ids.js";
import { asContent, asText, checked, demandObject, errorText, kindOf, read, table, wrong } from "./input.js";
import { LLM_KIND, TOOL_KIND } from "./span.js";

// What a span of a model says, by its place; of a tool the first two. The caller hands over the fields of the table in this order.
/** The prompt: a text, or a chat. */
const INPUT = 0;
const OUTPUT = 1;
const MODEL = 2;
const RESPONSE_MODEL = 3;
const PROVIDER = 4;
const INPUT_TOKENS = 5;
const OUTPUT_TOKENS = 6;
/** What these imply on a span of a model: a key with a dot at its end stands for all that begin with it. */
const IMPLIED = [
  ["ai.prompt", "ai.prompt.messages", "gen_ai.prompt."],
  ["ai.response.text", "gen_ai.completion."],
  ["ai.model.id", "gen_ai.request.model", "gen_ai.response.model"],
  ["gen_ai.response.model"],
  ["ai.model.provider", "gen_ai.system", "gen_ai.provider.name"],
  ["gen_ai.usage.input_tokens"],
  ["gen_ai.usage.output_tokens"],
];
const LLM = table("input output model - provider #inputTokens #outputTokens");
const USAGE = table("model #inputTokens #outputTokens");

/** What a span says until it ends, and its place: what its children need to know. `from` is what starts it. */
export function opened(kind, from, options) {
  demandObject(options, "the argument");
  const { name, eventId, operationId, properties, attributes, startTime, parent } = options;
  // Names that stand in the code are checked faster than those of a table.
  checked("!", name, "name");
  checked("", eventId, "eventId");
  checked("", operationId, "operationId");
  checked("{", properties, "properties");
  checked("{", attributes, "attributes");
  const start = checked("@", startTime, "startTime");
  if (parent != null && !(parent instanceof Span)) wrong("parent", "must be a span", parent, kindOf);
  const above = parent && Span.place(parent);
  let { identity, sticky } = from;
  if (eventId) identity = { ...identity, eventId };
  if (above && !identity.userId && (!identity.eventId || identity.eventId == above.identity.eventId)) identity = above.identity;
  sticky ??= above?.sticky;
  return {
    kind,
    place: { id: spanId(), parent: above?.id, trace: above?.trace ?? from.trace ?? traceId(), identity, sticky },
    name,
    operationId,
    start,
    properties: (sticky || properties) && { ...sticky, ...properties },
    attributes: attributes && { ...attributes },
    detail: kind == TOOL_KIND ? toolDetail(options) : kind && llmDetail(options),
    error: undefined,
  };
}

export class Span {
  #client;
  /** Nothing once it has ended, or if it could not begin. */
  #open;
  #place;

  constructor(client, call, kind, from, options) {
    this.#client = client;
    try {
      this.#open = opened(kind, from, options);
      this.#open.start ??= Date.now();
      this.#place = this.#open.place;
    } catch (error) {
      client.refuse(call, error);
    }
  }

  static place(span) {
    return span.#place;
  }

  /** Changes what the span will say, unless it has ended. */
  static update(span, call, change) {
    if (span.#open) span.#client.attempt(call, () => change(span.#open));
  }

  setAttributes(attributes) {
    Span.update(this, "setAttributes", (open) => add(open, checked("{", attributes, "attributes")));
  }

  setInput(input) {
    setContent(this, "setInput", INPUT, "input", input);
  }

  setOutput(output) {
    setContent(this, "setOutput", OUTPUT, "output", output);
  }

  setError(error) {
    Span.update(this, "setError", (open) => {
      open.error = errorText(error);
    });
  }

  setTokenUsage(usage) {
    Span.update(this, "setTokenUsage", (open) => {
      const [model, inputTokens, outputTokens] = read(USAGE, usage);
      // Without a model, the one that is known stays.
      if (model) setUsage(open, RESPONSE_MODEL, model);
      if (inputTokens != null) setUsage(open, INPUT_TOKENS, inputTokens);
      if (outputTokens != null) setUsage(open, OUTPUT_TOKENS, outputTokens);
    });
  }

  end(at) {
    const open = this.#open;
    if (!open) return;
    try {
      const end = checked("@", at, "time") ?? Date.now();
      this.#open = undefined;
      this.#client.recordSpan("end", open, end);
    } catch (error) {
      this.#client.refuse("end", error);
    }
  }
}

const add = (open, attributes) => {
  open.attributes = { ...open.attributes, ...attributes };
};

/** Sets a detail. Attributes that were set before and that it implies give way: the later one counts. */
function set({ detail, attributes }, place, value, implied = IMPLIED[place]) {
  detail[place] = value;
  for (const key in attributes) {
    if (implied.some((it) => (it.endsWith(".") ? key.startsWith(it) : key == it))) delete attributes[key];
  }
}

/** Sets a part of the usage. Zero tokens, which say nothing, are not sent. */
function setUsage(open, place, value) {
  const [key] = IMPLIED[place];
  if (open.kind == LLM_KIND) set(open, place, value);
  else add(open, { [key]: value || undefined });
}

const setContent = (span, call, place, name, value) =>
  Span.update(span, call, (open) => {
    const { kind } = open;
    const key = `traceloop.entity.${name}`;
    if (kind == LLM_KIND) set(open, place, checked("", value, name));
    else if (kind == TOOL_KIND) set(open, place, asContent(value, name), [key]);
    else add(open, { [key]: asText(value, name) });
  });

export class ToolSpan extends Span {}

export class LlmSpan extends Span {
  setModel(model) {
    Span.update(this, "setModel", (open) => {
      set(open, MODEL, checked("", model, "model"));
      open.detail[RESPONSE_MODEL] = undefined;
    });
  }

  setProvider(provider) {
    Span.update(this, "setProvider", (open) => set(open, PROVIDER, checked("", provider, "provider")));
  }

  setMessages(list) {
    Span.update(this, "setMessages", (open) => set(open, INPUT, messages(list)));
  }
}

if (Symbol.dispose) {
  Span.prototype[Symbol.dispose] = function () {
    this.end();
  };
}

function messages(list) {
  if (!Array.isArray(list)) wrong("messages", "must be an array", list, kindOf);
  return Array.from(list, (message, index) => {
    const path = `messages[${index}]`;
    demandObject(message, path);
    return [checked("!", message.role, `${path}.role`), asText(message.content, `${path}.content`)];
  });
}

function llmDetail(options) {
  const detail = read(LLM, options);
  const chat = options.messages == null ? [] : messages(options.messages);
  if (chat.length) detail[INPUT] = chat;
  return detail;
}

const toolDetail = ({ inputParameters, input, output }) => [
  asContent(inputParameters ?? input, input == null ? "inputParameters" : "input"),
  asContent(output, "output"),
];

/** Runs `work` in a span, which ends with it. */
export function run(span, work, keepsOutput) {
  const succeed = (result) => {
    // Work without a result may have told the output itself.
    if (keepsOutput && result != null) span.setOutput(result);
    span.end();
    return result;
  };
  const fail = (error) => {
    span.setError(error);
    span.end();
    throw error;
  };
  let result;
  let isPromise;
  try {
    result = work(span);
    isPromise = typeof result?.then == "function";
  } catch (error) {
    fail(error);
  }
  return isPromise ? Promise.resolve(result).then(succeed, fail) : succeed(result);
}
