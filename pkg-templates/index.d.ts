/**
 * Raindrop AI observability for LLM apps: what users ask, what models answer, which tools ran in between.
 *
 * Calls only record, in memory, and return at once; `flush` and `close` deliver. No call but `new Raindrop`, `flush` and
 * `close` ever throws or rejects because of what it was given.
 */

/**
 * Loads the wasm module. To be awaited once, before the first `new Raindrop()`; further calls return the same promise.
 *
 * In node, deno, bun, Cloudflare Workers and Vercel Edge the module is ready when the package is imported, and this does
 * nothing.
 *
 * @param source Where the module is, if a bundler or a host moved it: its address, a response with it, its bytes, or the
 * compiled module. Default: `raindrop_bg.wasm` beside the package's own files.
 */
export declare function init(
  source?: string | URL | Response | Promise<Response> | ArrayBuffer | ArrayBufferView | CompiledModule,
): Promise<void>;
/** `WebAssembly.Module`, where the project's types know it: those of node alone do not. */
type CompiledModule = typeof globalThis extends { WebAssembly: { Module: new (...from: never[]) => infer Module } } ? Module : never;
export default init;

/** Any value that JSON can hold. `undefined` is left out of objects. */
export type Json =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [key: string]: Json }
  | { toJSON(): unknown };

/** Values by name, each of them JSON. */
export type Properties = { readonly [key: string]: Json };

/** A `Date`, an ISO 8601 string, or milliseconds since 1970. */
export type Time = Date | string | number;

/** The settings of a client. */
export interface RaindropOptions {
  /** The key that lets records in. Default: none, and nothing is sent but to a local Workshop. */
  writeKey?: string | null | undefined;
  /** Where the ingestion API is, up to the routes. Default: `https://api.raindrop.ai/v1/`. */
  endpoint?: string | null | undefined;
  /**
   * The project that records go to: up to 63 lower-case letters, digits and hyphens. Default: the key's own project. An
   * invalid one is left out, with a warning.
   */
  projectId?: string | null | undefined;
  /** The `service.name` of spans. Default: `raindrop-edge`. */
  serviceName?: string | null | undefined;
  /** Whether to do nothing at all. Default: `false`. */
  disabled?: boolean | null | undefined;
  /** Whether to log every flush to `console.debug`. Default: `false`. */
  debug?: boolean | null | undefined;
  /** The same as `debug`. */
  debugLogs?: boolean | null | undefined;
  /** How long a text may be, in Unicode code points; the rest is cut off and marked. Default: 1,000,000. */
  maxTextFieldChars?: number | null | undefined;
  /** How often a flush tries a request, at least 1. Default: 3. */
  maxAttempts?: number | null | undefined;
  /** How long a flush waits before the second attempt; doubles with each further one. Default: 1,000 ms. */
  baseDelayMs?: number | null | undefined;
  /** How long one attempt may take. Default: 30,000 ms. */
  requestTimeoutMs?: number | null | undefined;
  /** How long `close` may take altogether. Default: 10,000 ms. 0: no limit. */
  closeTimeoutMs?: number | null | undefined;
  /** How many spans go into one request, at least 1. Default: 50. */
  traceMaxBatchSize?: number | null | undefined;
  /** How many spans wait for a flush. Default: 5,000. At the limit the oldest is dropped and counted. */
  traceMaxQueueSize?: number | null | undefined;
  /**
   * How many events wait for a flush, and as many interactions, signals and users each. Default: 5,000. At the limit the
   * new one is dropped and counted.
   */
  eventMaxQueueSize?: number | null | undefined;
  /**
   * Where a local Raindrop Workshop is that gets a copy of everything. Default: none, as for what is no absolute http or https
   * URL, with a warning.
   */
  localWorkshopUrl?: string | false | null | undefined;
  /** What to send with. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch | null | undefined;
  /**
   * Is handed each error of a recording call: a `TypeError` that names the call and the field. Default: `console.warn`, at
   * most once for each call and field in 30 seconds.
   */
  onError?: ((error: Error) => void) | null | undefined;
  /**
   * In a page: whether what waits is sent when the page is hidden or left. Default: `true`.
   */
  flushOnPageHide?: boolean | null | undefined;
  /**
   * Whether a finished interaction, an event, a signal or a user is sent at the end of the current task, with everything
   * else that waits. Default: `true`. Always off in Cloudflare Workers and Vercel Edge, where a request that nobody waits for
   * is cut off: `ctx.waitUntil(scope.close())` there.
   */
  flushOnFinish?: boolean | null | undefined;
}

/** A document, image, piece of code or embedded page that belongs to an event. */
export interface Attachment {
  type: "code" | "text" | "image" | "iframe";
  /** `input` for what the user brought, `output` for what the model made. */
  role: "input" | "output";
  /** The content, or the address of an image or page. */
  value: string;
  /** The name to show. */
  name?: string | null | undefined;
  /** The programming language of a `code` attachment. */
  language?: string | null | undefined;
  /** An id of your choice, for signals about it. Default: given by Raindrop. */
  attachmentId?: string | null | undefined;
  /** The same as `attachmentId`. */
  attachment_id?: string | null | undefined;
}

interface EventOptions {
  /** The id of the event. Default: a new UUID v4. */
  eventId?: string | null | undefined;
  /** Whose event it is. */
  userId: string;
  /** The name of the event. Default: `ai_generation`. */
  event?: string | null | undefined;
  /** When it happened. Default: now. */
  timestamp?: Time | null | undefined;
  /** Anything else worth knowing. */
  properties?: Properties | null | undefined;
  /** Documents, images and code that belong to the event. */
  attachments?: readonly Attachment[] | null | undefined;
  /** The feature flags that were on, and their variants. */
  featureFlags?: { readonly [flag: string]: string | null | undefined } | null | undefined;
}

/** Something that happened, without a model in it. */
export interface PlainEvent extends EventOptions {}

interface AiEventBase extends EventOptions {
  /** What the user asked. */
  input?: string | null | undefined;
  /** What the model answered. */
  output?: string | null | undefined;
  /** The model, as its provider names it. */
  model?: string | null | undefined;
  /** The conversation that the event belongs to. */
  convoId?: string | null | undefined;
}

/** A finished request to a model and its answer: at least one of `input`, `output` and `attachments`. */
export type AiEvent = AiEventBase &
  ({ input: string } | { output: string } | { attachments: readonly [Attachment, ...Attachment[]] });

/** How an interaction begins. */
export interface BeginOptions extends EventOptions {
  /** What the user asked. */
  input?: string | null | undefined;
  /** The model, as its provider names it. */
  model?: string | null | undefined;
  /** The conversation that the interaction belongs to. */
  convoId?: string | null | undefined;
}

/** How an interaction ends. What is not set stays as it was. */
export interface FinishOptions {
  /** What the model answered. */
  output?: string | null | undefined;
  /** The model, as its provider names it. */
  model?: string | null | undefined;
  /** Merged into the properties, by key. */
  properties?: Properties | null | undefined;
  /** Added to the attachments. */
  attachments?: readonly Attachment[] | null | undefined;
  /** Merged into the feature flags, by key. */
  featureFlags?: { readonly [flag: string]: string | null | undefined } | null | undefined;
  /** When it happened. Default: when the interaction began. */
  timestamp?: Time | null | undefined;
}

/** What another process knows of an interaction that is resumed here. */
export interface KnownInteraction {
  /** Whose interaction it is. Without it, nothing of the interaction is sent. */
  userId?: string | null | undefined;
  /** The name of the event. */
  event?: string | null | undefined;
  convoId?: string | null | undefined;
  model?: string | null | undefined;
}

/** A judgement on an event: a thumbs up, a comment, an edit. */
export interface Signal {
  /** The event that is judged. */
  eventId: string;
  /** The name of the signal, `thumbs_up` for example. */
  name: string;
  /** Default: `default`. */
  type?: "default" | "standard" | "feedback" | "edit" | "agent" | "agent_internal" | null | undefined;
  sentiment?: "POSITIVE" | "NEGATIVE" | null | undefined;
  /** The user's words. */
  comment?: string | null | undefined;
  /** The text as the user changed it. */
  after?: string | null | undefined;
  /** The attachment that is judged. */
  attachmentId?: string | null | undefined;
  /** When it was given. Default: when it arrives. */
  timestamp?: Time | null | undefined;
  /** Anything else worth knowing. */
  properties?: Properties | null | undefined;
}

/** A user and what is known of them. */
export interface User {
  /** The id that events name. */
  userId: string;
  /** Plan, name, e-mail address and the like; Raindrop stamps them on the user's later events. */
  traits?: Properties | null | undefined;
}

interface SpanBase {
  /** What is done. */
  name: string;
  /** The event that the span belongs to. Default: that of the interaction, or of the parent. */
  eventId?: string | null | undefined;
  /**
   * Sent as `ai.operationId`, but of a tool. Raindrop drops a plain span that has neither this nor an event, user or
   * conversation.
   */
  operationId?: string | null | undefined;
  /** The span that this one is a part of. Default: none. */
  parent?: Span | null | undefined;
  /** Association properties: `user_id`, `convo_id`, and whatever helps to find the span. */
  properties?: Properties | null | undefined;
  /** Further attributes: texts, numbers, truth values and lists of texts; anything else is sent as JSON text. */
  attributes?: Properties | null | undefined;
  /** When it began. Default: now. */
  startTime?: Time | null | undefined;
}

/** How a span of any work begins. */
export interface SpanOptions extends SpanBase {}

/** How a call of a tool begins. */
export interface ToolOptions extends SpanBase {
  /** What the tool was given. */
  inputParameters?: unknown;
  /** The same as `inputParameters`. */
  input?: unknown;
}

/** A message of a chat. */
export interface LlmMessage {
  /** `system`, `user`, `assistant`, `tool`, or what the provider calls it. */
  role: string;
  /** The text; anything else, a list of parts for example, is sent as JSON text. */
  content: unknown;
}

/** How a call of a model begins. */
export interface LlmOptions extends SpanBase {
  /** The model, as its provider names it. */
  model?: string | null | undefined;
  /** `openai`, `anthropic` and the like. */
  provider?: string | null | undefined;
  /** The prompt, if it is a chat. Wins over `input`. */
  messages?: readonly LlmMessage[] | null | undefined;
  /** The prompt, if it is one text. */
  input?: string | null | undefined;
  /** What the model answered. */
  output?: string | null | undefined;
  /** Tokens of the prompt; 0 means unknown. */
  inputTokens?: number | null | undefined;
  /** Tokens of the answer; 0 means unknown. */
  outputTokens?: number | null | undefined;
}

/** A call of a tool that is over. Of start, end and duration give any two, one or none. */
export interface TrackToolOptions extends SpanBase {
  /** What the tool was given. */
  input?: unknown;
  /** The same as `input`. */
  inputParameters?: unknown;
  /** What it returned. */
  output?: unknown;
  /** Why it failed, if it did. */
  error?: Error | string | null | undefined;
  /** How long it took. Default: from start to end. */
  durationMs?: number | null | undefined;
  /** When it began. Default: the end less the duration. */
  startTime?: Time | null | undefined;
  /** When it ended. Default: the start and the duration, or now. */
  endTime?: Time | null | undefined;
}

/** What a call of a model took. */
export interface TokenUsage {
  /** The model that answered. Default: the one that was asked. */
  model?: string | null | undefined;
  /** Tokens of the prompt; 0 means unknown. */
  inputTokens?: number | null | undefined;
  /** Tokens of the answer; 0 means unknown. */
  outputTokens?: number | null | undefined;
}

/** A piece of work with a beginning and an end. It is recorded when it ends; after that nothing changes it. */
export interface Span {
  /** Sets attributes; one that is set again replaces the earlier value. */
  setAttributes(attributes: Properties): void;
  /** Sets what the work was given. */
  setInput(input: unknown): void;
  /** Sets what came out. */
  setOutput(output: unknown): void;
  /** Marks the work as failed, with what went wrong. */
  setError(error: unknown): void;
  /** Sets a model that was used, and how many tokens it took. */
  setTokenUsage(usage: TokenUsage): void;
  /** Ends the span and records it: now, or at a moment of your choice. */
  end(time?: Time | null): void;
  /** Ends the span, for `using`. */
  [Symbol.dispose](): void;
}

/** A call of a tool: what it was given, what it returned. */
export interface ToolSpan extends Span {}

/** A call of a model: prompt, answer, tokens. */
export interface LlmSpan extends Span {
  /** Sets the prompt to one text. */
  setInput(input: string): void;
  /** Sets the prompt to a chat, in place of any one text. */
  setMessages(messages: readonly LlmMessage[]): void;
  /** Sets what the model answered. */
  setOutput(output: string): void;
  /** Sets the model that was asked, and that answered. */
  setModel(model: string): void;
  /** Sets the provider: `openai`, `anthropic` and the like. */
  setProvider(provider: string): void;
}

interface SpanSource {
  /** Starts a span of any work. */
  startSpan(options: SpanOptions): Span;
  /** Starts a span for a call of a model. */
  startLlmSpan(options: LlmOptions): LlmSpan;
  /** Starts a span for a call of a tool. */
  startToolSpan(options: ToolOptions): ToolSpan;
  /**
   * Runs `work` in a span and returns what it returns; of a promise, one of what it resolves to. The span ends with it, and has
   * failed if it throws.
   */
  withSpan<T>(options: SpanOptions, work: (span: Span) => T): T;
  /**
   * Runs a tool in a span and returns what it returns. The span ends with it, has its result as its output, and has failed
   * if it throws.
   */
  withTool<T>(options: ToolOptions, work: (span: ToolSpan) => T): T;
  /** Records a call of a tool that is over. */
  trackTool(options: TrackToolOptions): void;
}

/** Starts spans that all carry the same association properties. */
export interface Tracer extends SpanSource {}

/**
 * A request of a user and the app's answer, from `begin` to `finish`. Texts replace each other, properties merge by key,
 * attachments add up. Its spans inherit user, conversation and event, and share one trace.
 */
export interface Interaction extends SpanSource {
  /** The id of the event, for signals and for `resumeInteraction`. */
  readonly eventId: string;
  /** The same as `eventId`. */
  getEventId(): string;
  /** Sets one property. */
  setProperty(key: string, value: Json): void;
  /** Merges properties, by key. */
  setProperties(properties: Properties): void;
  /** Sets what the user asked. */
  setInput(input: string): void;
  /** Adds attachments. */
  addAttachments(attachments: readonly Attachment[]): void;
  /** Ends the interaction, which is complete with that. A second call does nothing. */
  finish(options?: FinishOptions | null): void;
}

/** Counts for each kind of record. */
export interface PerKind {
  users: number;
  events: number;
  /** Updates of interactions. */
  partials: number;
  signals: number;
  spans: number;
}

/** Why records were dropped. */
export interface PerReason {
  /** The buffer was full: `eventMaxQueueSize` or `traceMaxQueueSize`. */
  queueFull: number;
  /** More than 1 MiB, with no text left to shorten. */
  tooLarge: number;
  /** Refused with a status that no retry changes. */
  rejected: number;
  /** The interaction ended with no input, no output and no attachment. */
  emptyInteraction: number;
  /** The interaction's user was not known. */
  unknownUser: number;
  /** Still waiting when the client closed. */
  undelivered: number;
  /** There is no write key, only a local Workshop, and it did not take the record. */
  workshop: number;
}

/** What one flush did. */
export interface FlushReport {
  /** Requests made, each attempt counted. Those to a Workshop are not. */
  requests: number;
  delivered: number;
  deliveredOf: PerKind;
  /** Left for a later flush; by `close`, for the flush of the client that a scope is of. What a client leaves is lost. */
  requeued: number;
  requeuedOf: PerKind;
  dropped: number;
  droppedOf: PerKind;
  droppedBy: PerReason;
}

/** What became of everything: accepted = delivered + dropped + pending. */
export interface Stats {
  accepted: number;
  /** Calls with bad input, or after `close`. They are not part of `accepted`. */
  refused: number;
  delivered: number;
  deliveredOf: PerKind;
  pending: number;
  pendingOf: PerKind;
  dropped: number;
  droppedOf: PerKind;
  droppedBy: PerReason;
}

/** Why a flush failed. */
export declare class RaindropError extends Error {
  private constructor();
  readonly name: "RaindropError";
  /** `http`: no answer. `http_status`: an answer other than 2xx. `timeout`: no answer in time. */
  readonly code: "http" | "http_status" | "timeout";
  /** The status of an `http_status`. */
  readonly status?: number;
}

/** Records events, interactions, signals, users and spans, and delivers them to Raindrop. */
export declare class Raindrop implements SpanSource {
  /**
   * @throws {TypeError} if an option is wrong.
   * @throws {Error} before `await init()`, where that is needed.
   */
  constructor(options?: RaindropOptions);

  /** Begins an interaction. */
  begin(options: BeginOptions): Interaction;
  /**
   * A handle for an interaction that began earlier. One that began in another process needs to be told again whose it is.
   */
  resumeInteraction(eventId: string, known?: KnownInteraction | null): Interaction;

  /** Records a finished request to a model and its answer. Returns its event id, or nothing if it was refused. */
  trackAi(event: AiEvent): string | undefined;
  trackAi(events: readonly AiEvent[]): (string | undefined)[];
  /** Records an event without a model in it. Returns its event id, or nothing if it was refused. */
  track(event: PlainEvent): string | undefined;
  track(events: readonly PlainEvent[]): (string | undefined)[];
  /** Records a judgement on an event, or several. */
  trackSignal(signals: Signal | readonly Signal[]): void;
  /** Records what is known of a user, or several. A flush sends it before any event. */
  identify(users: User | readonly User[]): void;
  /** The same as `identify`. */
  setUserDetails(user: User): void;

  startSpan(options: SpanOptions): Span;
  startLlmSpan(options: LlmOptions): LlmSpan;
  startToolSpan(options: ToolOptions): ToolSpan;
  withSpan<T>(options: SpanOptions, work: (span: Span) => T): T;
  withTool<T>(options: ToolOptions, work: (span: ToolSpan) => T): T;
  trackTool(options: TrackToolOptions): void;
  /** A tracer whose spans all carry these association properties. */
  tracer(properties?: Properties | null): Tracer;

  /**
   * A client with the same settings and statistics and a buffer of its own: one for each request, where a platform forbids
   * that requests share I/O. What it could not deliver by its `close` goes back to this client.
   */
  scope(): Raindrop;
  /** What became of everything that this client and its scopes were given. */
  stats(): Stats;

  /**
   * Delivers everything that was recorded before the call, but for what another `flush` of yours is sending. Ends when the
   * flushes that recording calls began are over too.
   *
   * Rejects with the {@link RaindropError} of the first request that failed for good; what may still be delivered is back in
   * the buffer.
   */
  flush(): Promise<FlushReport>;
  /** The same as `flush`. */
  forceFlush(): Promise<FlushReport>;
  /**
   * Ends recording and delivers everything, within `closeTimeoutMs`. Rejects like `flush`; when its time is over it resolves,
   * with a report of what it left.
   */
  close(): Promise<FlushReport>;
  /** Closes the client, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
