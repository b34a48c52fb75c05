// Every call as it is meant to be made. Compiles under `strict`.
import initDefault, {
  init,
  Raindrop,
  RaindropError,
  type FlushReport,
  type Interaction,
  type LlmSpan,
  type Signal,
  type Span,
  type Stats,
  type ToolSpan,
} from "raindrop-edge";

await init();
await initDefault(new URL("https://cdn.test/raindrop_bg.wasm"));
await init(fetch("/raindrop_bg.wasm"));

new Raindrop();
const raindrop = new Raindrop({
  writeKey: undefined,
  endpoint: "https://api.raindrop.ai/v1/",
  projectId: null,
  debugLogs: false,
  debug: true,
  disabled: false,
  serviceName: "shop",
  maxTextFieldChars: 1_000,
  maxAttempts: 1,
  baseDelayMs: 10,
  requestTimeoutMs: 1_000,
  closeTimeoutMs: 0,
  traceMaxBatchSize: 10,
  traceMaxQueueSize: 10,
  eventMaxQueueSize: 10,
  localWorkshopUrl: false,
  fetch: (input, init) => fetch(input, init),
  onError: (error: Error) => console.error(error.message),
  flushOnPageHide: false,
  flushOnFinish: false,
});

const id: string | undefined = raindrop.trackAi({ userId: "u", input: "hi" });
const ids: (string | undefined)[] = raindrop.trackAi([
  { userId: "u", output: "yo", model: "gpt-4o", convoId: "c", timestamp: new Date() },
  { userId: "u", attachments: [{ type: "code", role: "output", value: "1 + 1", language: "js", attachment_id: "a" }] },
]);
raindrop.track({ userId: "u", event: "page_view", timestamp: 1_700_000_000_000, featureFlags: { theme: "dark" } });
raindrop.track([{ userId: "u" }]);
const signal: Signal = { eventId: id ?? "", name: "thumbs_up", type: "feedback", sentiment: "POSITIVE", comment: "!" };
raindrop.trackSignal(signal);
raindrop.trackSignal([signal, { eventId: "e", name: "edit", type: "edit", after: "better", attachmentId: "a" }]);
raindrop.identify([{ userId: "u", traits: { plan: "pro", seats: 3, tags: ["a"], nested: { deep: [null, true] } } }]);
raindrop.setUserDetails({ userId: "u" });

const interaction: Interaction = raindrop.begin({
  userId: "u",
  event: "chat",
  input: "hi",
  properties: { when: new Date(), nothing: undefined },
});
interaction.setProperty("key", 1);
interaction.setProperties({ a: { b: [1, "2", null] } });
interaction.setInput("hello");
interaction.addAttachments([{ type: "image", role: "input", value: "https://cat.test/", name: "cat", attachmentId: "b" }]);
const eventId: string = interaction.eventId === interaction.getEventId() ? interaction.eventId : "";
await interaction.finish({ output: "bye", timestamp: "2025-01-02T03:04:05Z" });
interaction.finish();
raindrop.resumeInteraction(eventId, { userId: "u", event: "chat" }).finish({ output: "late" });

const span: Span = interaction.startSpan({ name: "work", attributes: { n: 1, list: ["a"], ok: true } });
span.setAttributes({ more: 1.5 });
span.setInput({ any: "thing" });
span.setOutput([1]);
span.setError(new Error("no"));
span.setError("no");
span.end();
span.end(Date.now());

const call: LlmSpan = raindrop.startLlmSpan({
  name: "answer",
  eventId,
  parent: span,
  operationId: "ai.streamText",
  model: "gpt-4o",
  provider: "openai",
  messages: [{ role: "user", content: "hi" }, { role: "user", content: [{ type: "image" }] }],
  startTime: new Date(),
});
call.setMessages([{ role: "system", content: "be kind" }]);
call.setOutput("hello");
call.setTokenUsage({ model: "gpt-4o-2024-08-06", inputTokens: 3, outputTokens: 4 });
call.setModel("m");
call.setProvider("p");
call.end(new Date());

const tool: ToolSpan = raindrop.startToolSpan({ name: "search", inputParameters: { q: "cats" }, parent: call });
tool.setOutput({ hits: 3 });
tool.end();

const sync: number = interaction.withSpan({ name: "sum" }, () => 1 + 1);
const async: Promise<string> = interaction.withTool({ name: "fetch", inputParameters: [1] }, async (tool: ToolSpan) => {
  tool.setAttributes({ cached: true });
  return "page";
});
interaction.trackTool({ name: "old", input: 1, output: { a: 1 }, durationMs: 5, error: new Error("x"), parent: span });
interaction.trackTool({ name: "older", startTime: 1, endTime: 2, error: "x", properties: { a: 1 } });

const tracer = raindrop.tracer({ job: "nightly" });
tracer.startSpan({ name: "a" }).end();
tracer.startLlmSpan({ name: "b", input: "text", output: "text", inputTokens: 1, outputTokens: 2 }).end();
tracer.withSpan({ name: "c" }, (span) => span.setOutput(1));
tracer.trackTool({ name: "d" });

{
  using scoped = raindrop.startSpan({ name: "scoped" });
  scoped.setOutput(1);
  await using scope = raindrop.scope();
  scope.track({ userId: "u" });
}

const stats: Stats = raindrop.stats();
const sum: number = stats.delivered + stats.dropped + stats.pending + stats.droppedBy.queueFull + stats.pendingOf.spans;
try {
  const report: FlushReport = await raindrop.flush();
  await raindrop.forceFlush();
  const closed: FlushReport = await raindrop.close();
  console.log(report.requests, closed.requeuedOf.events, ids, sync, await async, sum);
} catch (error) {
  if (error instanceof RaindropError) {
    const code: "http" | "http_status" | "timeout" = error.code;
    console.log(code, error.status?.toFixed());
  }
}
