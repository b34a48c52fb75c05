// The same calls, once for this package and once for its peer. Each takes the module, and returns what makes a client.

/** So many calls differ from each other. */
const VARIANTS = 1000;

const variants = (make) => {
  const made = Array.from({ length: VARIANTS }, (_, number) => make(number));
  return (number) => made[number % VARIANTS];
};

const eventId = variants((number) => `evt_${number}`);

/** What every span carries. Texts only, for the peer sends other values in a form that OTLP does not have. */
const attributes = variants((number) => ({
  "app.route": `/chat/${number}`,
  "app.tenant": `harbour-books-${number}`,
  "app.region": "eu-central",
  "app.version": "2026.11.3",
  "app.channel": "web",
  "app.language": "en",
}));

const input = variants((number) => ({ query: `refund policy ${number}`, limit: 5 }));
const output = variants((number) => ({ articles: number }));

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
    span(number) {
      const span = raindrop.startSpan({ name: "search", eventId: eventId(number), attributes: attributes(number) });
      span.end();
    },
    tool(number) {
      raindrop.trackTool({
        name: "search",
        eventId: eventId(number),
        input: input(number),
        output: output(number),
        durationMs: 12,
      });
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
    span(number) {
      const span = raindrop.traces.startSpan({ name: "search", eventId: eventId(number), attributes: attributes(number) });
      raindrop.traces.endSpan(span);
    },
    tool(number) {
      raindrop.traces.createSpan({
        name: "search",
        eventId: eventId(number),
        operationId: "ai.toolCall",
        input: input(number),
        output: output(number),
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
