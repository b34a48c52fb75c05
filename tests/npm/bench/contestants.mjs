// The same calls, once for this package and once for its peer. Each takes the module, and returns what makes a client.

/** What every span carries. Texts only, for the peer sends other values in a form that OTLP does not have. */
const ATTRIBUTES = {
  "app.route": "/chat",
  "app.tenant": "harbour-books",
  "app.region": "eu-central",
  "app.version": "2026.11.3",
  "app.channel": "web",
  "app.language": "en",
};

const INPUT = { query: "refund policy", limit: 5 };
const OUTPUT = { articles: 3 };

/** Nothing is sent but by `flush`, in bodies of up to 1,000 spans, and nothing is dropped. */
const ENDLESS = 1e8;
const BATCH = 1000;

export const ours = ({ Raindrop }) => () => {
  const raindrop = new Raindrop({
    writeKey: "rk_bench",
    endpoint: "http://127.0.0.1:9/v1/",
    flushOnFinish: false,
    flushOnPageHide: false,
    traceMaxBatchSize: BATCH,
    traceMaxQueueSize: ENDLESS,
    eventMaxQueueSize: ENDLESS,
  });
  return {
    span() {
      const span = raindrop.startSpan({ name: "search", eventId: "evt_1", attributes: ATTRIBUTES });
      span.end();
    },
    tool() {
      raindrop.trackTool({ name: "search", eventId: "evt_1", input: INPUT, output: OUTPUT, durationMs: 12 });
    },
    interaction(number) {
      const interaction = raindrop.begin({
        eventId: `evt_${number}`,
        event: "chat",
        userId: "ada",
        input: "Where is my order?",
      });
      interaction.finish({ output: "On its way." });
    },
    flush: () => raindrop.flush(),
  };
};

export const peer = ({ createRaindropAISDK }) => () => {
  const raindrop = createRaindropAISDK({
    writeKey: "rk_bench",
    endpoint: "http://127.0.0.1:9/v1/",
    events: { partialFlushMs: ENDLESS },
    traces: { flushIntervalMs: ENDLESS, maxBatchSize: ENDLESS, maxQueueSize: ENDLESS },
  });
  return {
    span() {
      const span = raindrop.traces.startSpan({ name: "search", eventId: "evt_1", attributes: ATTRIBUTES });
      raindrop.traces.endSpan(span);
    },
    tool() {
      raindrop.traces.createSpan({
        name: "search",
        eventId: "evt_1",
        operationId: "ai.toolCall",
        input: INPUT,
        output: OUTPUT,
        durationMs: 12,
      });
    },
    interaction(number) {
      raindrop.events.patch(`evt_${number}`, { eventName: "chat", userId: "ada", input: "Where is my order?" });
      raindrop.events.finish(`evt_${number}`, { output: "On its way." });
    },
    flush: () => raindrop.flush(),
  };
};
