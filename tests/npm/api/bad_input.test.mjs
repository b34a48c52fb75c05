import assert from "node:assert/strict";
import test from "node:test";
import { Raindrop, landed, told, withClient } from "./setup.mjs";

const circular = { name: "loop" };
circular.self = circular;
const ai = { userId: "u", input: "hi" };
const attachment = { type: "text", role: "input", value: "v" };
const signal = { eventId: "e", name: "n" };

/** Calls that are refused, and what they are told. */
const REFUSED = [
  [(r) => r.trackAi(), "trackAi: the argument must be an object"],
  [(r) => r.trackAi("text"), "trackAi: the argument must be an object, not a string"],
  [(r) => r.trackAi({ input: "hi" }), "trackAi: userId must be a non-empty string"],
  [(r) => r.trackAi({ ...ai, userId: "" }), "trackAi: userId must be a non-empty string"],
  [(r) => r.trackAi({ ...ai, userId: 7 }), "trackAi: userId must be a non-empty string, not 7"],
  [(r) => r.trackAi({ userId: "u" }), "trackAi: input or output must be a non-empty string"],
  [(r) => r.trackAi({ ...ai, input: 5 }), "trackAi: input must be a string, not 5"],
  [(r) => r.trackAi({ ...ai, output: { text: "no" } }), "trackAi: output must be a string, not an object"],
  [(r) => r.trackAi({ ...ai, eventId: 1 }), "trackAi: eventId must be a string, not 1"],
  [(r) => r.trackAi({ ...ai, timestamp: "soon" }), 'trackAi: timestamp must be a Date, an ISO 8601 string or epoch milliseconds, not "soon"'],
  [(r) => r.trackAi({ ...ai, timestamp: new Date(NaN) }), /^trackAi: timestamp must be/],
  [(r) => r.trackAi({ ...ai, timestamp: Infinity }), /^trackAi: timestamp must be/],
  [(r) => r.trackAi({ ...ai, timestamp: 1e16 }), /^trackAi: timestamp must be/],
  [(r) => r.trackAi({ ...ai, timestamp: 5n }), /^trackAi: timestamp must be/],
  [(r) => r.trackAi({ ...ai, timestamp: {} }), /^trackAi: timestamp must be/],
  [(r) => r.trackAi({ ...ai, properties: [] }), "trackAi: properties must be an object, not an array"],
  [(r) => r.trackAi({ ...ai, properties: "a=1" }), "trackAi: properties must be an object, not a string"],
  [(r) => r.trackAi({ ...ai, properties: { total: 10n } }), "trackAi: properties.total cannot be JSON: it is a bigint"],
  [(r) => r.trackAi({ ...ai, properties: { s: Symbol("s") } }), "trackAi: properties.s cannot be JSON: it is a symbol"],
  [(r) => r.trackAi({ ...ai, properties: { f() {} } }), "trackAi: properties.f cannot be JSON: it is a function"],
  [(r) => r.trackAi({ ...ai, properties: { circular } }), /^trackAi: properties.circular cannot be JSON: .*circular/i],
  [(r) => r.trackAi({ ...ai, properties: { deep: [1n] } }), /^trackAi: properties.deep cannot be JSON: .*BigInt/],
  [(r) => r.trackAi({ ...ai, featureFlags: { on: true } }), "trackAi: featureFlags.on must be a string, not true"],
  [(r) => r.trackAi({ ...ai, attachments: attachment }), "trackAi: attachments must be an array, not an object"],
  [(r) => r.trackAi({ ...ai, attachments: [null] }), "trackAi: attachments[0] must be an object"],
  [(r) => r.trackAi({ ...ai, attachments: [, attachment] }), "trackAi: attachments[0] must be an object"],
  [(r) => r.trackAi({ ...ai, attachments: [attachment, { ...attachment, type: "video" }] }), /^trackAi: attachments\[1\]\.type must be one of code, text/],
  [(r) => r.trackAi({ ...ai, attachments: [{ ...attachment, role: "context" }] }), /^trackAi: attachments\[0\]\.role must be one of/],
  [(r) => r.trackAi({ ...ai, attachments: [{ ...attachment, value: "" }] }), /^trackAi: attachments\[0\]\.value must not be empty/],
  [(r) => r.trackAi({ ...ai, attachments: [{ ...attachment, attachment_id: 1 }] }), "trackAi: attachments[0].attachment_id must be a string, not 1"],
  [(r) => r.track({ event: "x" }), "track: userId must be a non-empty string"],
  [(r) => r.trackSignal({ name: "n" }), "trackSignal: eventId must be a non-empty string"],
  [(r) => r.trackSignal({ eventId: "e" }), "trackSignal: name must be a non-empty string"],
  [(r) => r.trackSignal({ ...signal, type: "like" }), /^trackSignal: type must be one of default, standard/],
  [(r) => r.trackSignal({ ...signal, sentiment: "good" }), /^trackSignal: sentiment must be POSITIVE or NEGATIVE/],
  [(r) => r.trackSignal({ ...signal, comment: [] }), "trackSignal: comment must be a string, not an array"],
  [(r) => r.identify({ traits: {} }), "identify: userId must be a non-empty string"],
  [(r) => r.setUserDetails({ userId: "u", traits: 1 }), "setUserDetails: traits must be an object, not a number"],
  [(r) => r.begin({ input: "hi" }), "begin: userId must be a non-empty string"],
  [(r) => r.begin(), "begin: the argument must be an object"],
  [(r) => r.resumeInteraction(), "resumeInteraction: eventId must be a non-empty string"],
  [(r) => r.startSpan(), "startSpan: the argument must be an object"],
  [(r) => r.startSpan({}), "startSpan: name must be a non-empty string"],
  [(r) => r.startSpan({ name: "s", parent: {} }), "startSpan: parent must be a span, not an object"],
  [(r) => r.startSpan({ name: "s", startTime: "now" }), /^startSpan: startTime must be/],
  [(r) => r.startLlmSpan({ name: "s", messages: "hi" }), "startLlmSpan: messages must be an array, not a string"],
  [(r) => r.startLlmSpan({ name: "s", messages: [{ content: "hi" }] }), "startLlmSpan: messages[0].role must be a non-empty string"],
  [(r) => r.startLlmSpan({ name: "s", messages: [, { role: "user" }] }), "startLlmSpan: messages[0] must be an object"],
  [(r) => r.startLlmSpan({ name: "s", inputTokens: "3" }), 'startLlmSpan: inputTokens must be a number, 0 or more, not "3"'],
  [(r) => r.startToolSpan({ name: "s", inputParameters: circular }), /^startToolSpan: inputParameters cannot be JSON/],
  [(r) => r.trackTool({ name: "s", durationMs: -1 }), "trackTool: durationMs must be a number, 0 or more, not -1"],
  [(r) => r.trackTool(), "trackTool: the argument must be an object"],
  [(r) => r.tracer("job"), "tracer: properties must be an object, not a string"],
];

for (const [call, message] of REFUSED) {
  test(`refused: ${message}`, async () => {
    await withClient(async ({ raindrop, ingest, errors }) => {
      call(raindrop);
      assert.equal(errors.length, 1, String(errors));
      assert.ok(errors[0] instanceof TypeError);
      if (typeof message == "string") assert.equal(errors[0].message, message);
      else assert.match(errors[0].message, message);
      assert.equal(raindrop.stats().refused, 1);
      await raindrop.close();
      assert.deepEqual(await ingest.requests(), []);
    });
  });
}

test("handles of what could not begin take every call and record nothing", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    const interaction = raindrop.begin({ eventId: "named", properties: 1 });
    assert.equal(interaction.eventId, "named");
    assert.match(raindrop.begin({ eventId: 5, input: "hi" }).eventId, /^[0-9a-f-]{36}$/);
    interaction.setProperty("a", 1);
    const child = interaction.startSpan({ name: "s", parent: raindrop.startSpan({}) });
    child.setAttributes({ a: 1 });
    child.end();
    interaction.finish({ output: "x" });
    const span = raindrop.startLlmSpan({});
    span.setOutput("x");
    span.end();
    assert.equal(raindrop.withTool({}, () => "still runs"), "still runs");
    await raindrop.close();
    assert.deepEqual(await ingest.requests(), []);
  });
});

test("a bad update leaves the interaction as it was", async () => {
  await withClient(async ({ raindrop, ingest, errors }) => {
    const interaction = raindrop.begin({ userId: "u", input: "hi", eventId: "e" });
    interaction.setInput(5);
    interaction.setProperties([1]);
    interaction.setProperty("big", 1n);
    interaction.addAttachments([{ ...attachment, type: "video" }]);
    interaction.addAttachments([, attachment]);
    interaction.finish("done");
    interaction.finish({ output: "bye" });
    assert.deepEqual(
      errors.map(({ message }) => message.split(" ").slice(0, 2).join(" ")),
      ["setInput: input", "setProperties: properties", "setProperty: properties.big", "addAttachments: attachments[0].type", "addAttachments: attachments[0]", "finish: the"],
    );
    await raindrop.close();
    assert.deepEqual((await ingest.received()).interactions.e.ai_data, { input: "hi", output: "bye" });
  });
});

test("a bad setter leaves the span as it was", async () => {
  await withClient(async ({ raindrop, ingest, errors }) => {
    const span = raindrop.startLlmSpan({ name: "s", eventId: "e", model: "m", output: "before" });
    span.setOutput({});
    span.setMessages([1]);
    span.setTokenUsage(5);
    span.setAttributes("a");
    span.end("never");
    span.end();
    assert.equal(errors.length, 5);
    await raindrop.close();
    const [{ attributes }] = (await ingest.received()).spans;
    assert.equal(attributes["ai.response.text"], "before");
  });
});

test("of several records the good ones are taken", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    const ids = raindrop.trackAi([{ ...ai, eventId: "a" }, { userId: 1 }, null, { ...ai, eventId: "b" }]);
    assert.deepEqual(ids, ["a", undefined, undefined, "b"]);
    await raindrop.close();
    assert.deepEqual((await ingest.received()).events.map(({ event_id }) => event_id), ["a", "b"]);
  });
});

test("an app's own errors in getters and in onError stay in the call", async () => {
  const raindrop = new Raindrop({
    writeKey: "rk",
    onError() {
      throw new Error("from onError");
    },
  });
  const trap = {
    get userId() {
      throw new Error("from a getter");
    },
  };
  assert.equal(raindrop.trackAi(trap), undefined);
  for (const thrown of [undefined, { message: Symbol("s") }, Object.create(null), { get field() { throw this; } }]) {
    assert.equal(raindrop.trackAi({ get userId() { throw thrown; } }), undefined);
  }
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  assert.equal(raindrop.trackAi(proxy), undefined);
  assert.equal(raindrop.trackAi({ ...ai, properties: { toJSON: () => assert.fail() } }), undefined);
  assert.equal(raindrop.stats().refused, 7);
});

test("an onError that fails later is no unhandled rejection", async () => {
  let unhandled = 0;
  const count = () => unhandled++;
  process.on("unhandledRejection", count);
  const raindrop = new Raindrop({ writeKey: "rk", onError: async () => Promise.reject(new Error("no logger")) });
  raindrop.trackAi({});
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", count);
  assert.equal(unhandled, 0);
});

test("without onError the console is told, once for each call and field", async () => {
  const lines = await told("warn", () => {
    const raindrop = new Raindrop({ writeKey: "rk", flushOnFinish: false });
    for (let time = 0; time < 3; time++) {
      raindrop.trackAi({ input: "hi" });
      raindrop.trackAi({ ...ai, timestamp: "soon" });
      raindrop.scope().track({});
    }
  });
  assert.deepEqual(
    lines.map((line) => line.split(" ").slice(0, 3).join(" ")),
    ["raindrop: trackAi: userId", "raindrop: trackAi: timestamp", "raindrop: track: userId"],
  );
});

test("what is unknown in an argument is ignored", async () => {
  const { events } = await landed((raindrop) => raindrop.trackAi({ ...ai, colour: "red", convo_id: "not ours" }));
  assert.deepEqual(events[0].ai_data, { input: "hi" });
});
