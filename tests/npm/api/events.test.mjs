import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { MOMENT, Raindrop, landed, own, withClient } from "./setup.mjs";

const recordings = JSON.parse(readFileSync(new URL("../../suite/recordings/js.json", import.meta.url)));

/** The records that the official SDK was recorded sending, without what it says of itself. */
const recorded = (scenario) =>
  recordings[scenario].flatMap(({ body }) => body).map((record) => normal(record));

function normal({ ...record }) {
  if (record.properties) record.properties = own(record.properties);
  return record;
}

const aiEvent = {
  eventId: "evt-1",
  event: "chat",
  userId: "user-1",
  input: "hello",
  output: "world",
  model: "gpt-4o",
  convoId: "c-1",
  timestamp: MOMENT,
  properties: { a: 1, b: true, c: "s", d: 1.5, e: { n: [1, "x"] } },
};

test("a trackAi arrives as the official SDK sends it", async () => {
  const { events } = await landed((raindrop) => assert.equal(raindrop.trackAi(aiEvent), "evt-1"));
  assert.deepEqual(events.map(normal), recorded("track_ai_single"));
});

test("attachments arrive as the official SDK sends them", async () => {
  const attachments = [
    {
      type: "code",
      role: "input",
      value: "print(1)",
      name: "snip",
      language: "python",
      attachment_id: "550e8400-e29b-41d4-a716-446655440000",
    },
    { type: "text", role: "output", value: "txt" },
    { type: "image", role: "output", value: "https://x/y.png" },
    { type: "iframe", role: "output", value: "https://x/" },
  ];
  const { events } = await landed((raindrop) => raindrop.trackAi({ ...aiEvent, attachments }));
  const [expected] = recorded("attachments");
  delete expected.attachments[3].extra;
  assert.deepEqual(events.map(normal), [expected]);
});

test("an interaction arrives as the official SDK sends it", async () => {
  const { partials } = await landed((raindrop) => {
    const interaction = raindrop.begin({
      eventId: "evt-i",
      event: "chat",
      userId: "user-1",
      input: "a question",
      model: "gpt-4o",
      convoId: "c-1",
      timestamp: MOMENT,
    });
    interaction.setProperty("stage", "processing");
    interaction.setProperties({ x: 1 });
    interaction.setInput("the question");
    interaction.addAttachments([{ type: "text", role: "input", value: "ctx" }]);
    interaction.finish({ output: "the answer" });
  });
  assert.deepEqual(partials.map(normal), recorded("interaction"));
});

test("users arrive as the official SDK sends them", async () => {
  const { users } = await landed((raindrop) => {
    raindrop.setUserDetails({ userId: "user-1", traits: { name: "A", plan: "pro", n: 3 } });
    raindrop.identify([{ userId: "user-2" }]);
  });
  assert.deepEqual(users, recorded("identify"));
});

test("signals arrive as the official SDK sends them", async () => {
  const thumbs = { eventId: "evt-1", name: "thumbs_up" };
  const { signals } = await landed((raindrop) => {
    raindrop.trackSignal(thumbs);
    raindrop.trackSignal([
      { ...thumbs, type: "default" },
      { ...thumbs, type: "standard" },
      { ...thumbs, type: "agent" },
      { ...thumbs, type: "agent_internal" },
      { ...thumbs, type: "feedback", comment: "nice", properties: { k: "v" }, sentiment: "POSITIVE", timestamp: MOMENT },
      { ...thumbs, type: "feedback" },
      { ...thumbs, type: "edit", after: "fixed", attachmentId: "att-1", sentiment: "NEGATIVE" },
    ]);
  });
  assert.deepEqual(signals, recorded("signals").slice(0, signals.length));
  assert.equal(signals.length, 8);
});

test("a plain event has nothing of a model", async () => {
  const { events } = await landed((raindrop) => {
    raindrop.track({ userId: "u", event: "page_view", input: "not for plain events", featureFlags: { theme: "dark" } });
  });
  const [{ event_id, timestamp, ...event }] = events.map(normal);
  assert.deepEqual(event, {
    user_id: "u",
    event: "page_view",
    properties: {},
    attachments: [],
    feature_flags: { theme: "dark" },
  });
  assert.match(event_id, /^[0-9a-f-]{36}$/);
});

test("many events are one request, and their ids come back in order", async () => {
  const { requests, events } = await landed((raindrop) => {
    const ids = raindrop.trackAi([{ userId: "u", input: "a", eventId: "1" }, { userId: "u", output: "b" }]);
    assert.equal(ids[0], "1");
    assert.match(ids[1], /^[0-9a-f-]{36}$/);
    assert.equal(raindrop.track([{ userId: "u", event: "x", eventId: "3" }])[0], "3");
    assert.deepEqual(raindrop.track([]), []);
  });
  assert.equal(requests.length, 1);
  assert.equal(events.length, 3);
});

test("times are dates, ISO strings with any offset, or epoch milliseconds", async () => {
  const millis = Date.parse(MOMENT);
  const same = [new Date(millis), MOMENT, "2025-01-02T05:04:05.678+02:00", millis, millis + 0.5];
  const { events } = await landed((raindrop) => {
    raindrop.track(same.map((timestamp) => ({ userId: "u", timestamp })));
    raindrop.track({ userId: "u", timestamp: -1 });
    raindrop.track({ userId: "u", timestamp: "2025-01-02" });
  });
  const times = events.map(({ timestamp }) => timestamp);
  assert.deepEqual(times, [...same.map(() => MOMENT), "1969-12-31T23:59:59.999Z", "2025-01-02T00:00:00Z"]);
});

test("an event is of the moment of its call", async () => {
  const before = Date.now();
  const { events } = await landed((raindrop) => raindrop.track({ userId: "u" }));
  const at = Date.parse(events[0].timestamp);
  assert.ok(before <= at && at <= Date.now());
});

test("null and undefined are unset everywhere, and never a word", async () => {
  for (const nothing of [null, undefined]) {
    const names = "eventId event input model convoId properties attachments timestamp featureFlags".split(" ");
    const unset = Object.fromEntries(names.map((name) => [name, nothing]));
    const { requests, interactions } = await landed((raindrop) => {
      raindrop.trackAi({ ...unset, userId: "u", output: "x" });
      raindrop.track({ ...unset, userId: "u", properties: { gone: undefined }, featureFlags: { gone: nothing } });
      const interaction = raindrop.begin({ ...unset, userId: "u" });
      interaction.setProperty("gone", undefined);
      interaction.setProperties(nothing);
      interaction.setInput(nothing);
      interaction.addAttachments(nothing);
      interaction.finish({ ...unset, output: "y" });
      raindrop.trackSignal({ eventId: "e", name: "n", type: nothing, sentiment: nothing, comment: nothing });
      raindrop.identify({ userId: "u", traits: nothing });
      const span = interaction.startSpan({ name: "s", parent: nothing, properties: nothing, attributes: { gone: undefined } });
      span.setInput(nothing);
      span.end(nothing);
      interaction.trackTool({ name: "t", input: nothing, output: nothing, error: nothing, durationMs: nothing });
    });
    for (const { body } of requests) assert.doesNotMatch(body, /undefined|gone/);
    const [interaction] = Object.values(interactions);
    assert.deepEqual(interaction.ai_data, { output: "y" });
  }
});

test("any text arrives as it is", async () => {
  const texts = ["", '"\\/\b\f\n\r\t\u0000\u001f\u007f', "é ß 漢字 עברית", "😀👩‍👩‍👧‍👦", "\\ud800 is no surrogate", "\u2028\u2029\ufeff"];
  const { events } = await landed((raindrop) =>
    raindrop.trackAi(texts.map((text) => ({ userId: "u", input: `${text}.`, properties: { [`k${text}`]: [text] } }))),
  );
  assert.deepEqual(events.map(({ ai_data }) => ai_data.input), texts.map((text) => `${text}.`));
  assert.deepEqual(events.map(({ properties }) => own(properties)), texts.map((text) => ({ [`k${text}`]: [text] })));
});

test("half a surrogate pair becomes a replacement character", async () => {
  const { events } = await landed((raindrop) =>
    raindrop.trackAi({ userId: "u", input: "a\ud800b\udc00", properties: { "k\udfff": ["\\\ud83d"] } }),
  );
  assert.equal(events[0].ai_data.input, "a\ufffdb\ufffd");
  assert.deepEqual(own(events[0].properties), { "k\ufffd": ["\\\ufffd"] });
});

test("names that half surrogate pairs make the same are sent once, with the last value", async () => {
  const values = { "k\ud800": "first", "k\udfff": "last" };
  const { requests } = await landed((raindrop) => {
    raindrop.trackAi({ userId: "u", input: "hi", properties: values, featureFlags: values });
    raindrop.trackSignal({ eventId: "e", name: "s", properties: values });
    raindrop.identify({ userId: "u", traits: values });
  });
  for (const { body } of requests) {
    assert.ok(body.includes('{"k\ufffd":"last"'), body);
    assert.ok(!body.includes("first"), body);
  }
});

test("properties hold what JSON holds", async () => {
  const deep = Array.from({ length: 200 }).reduce((inner) => ({ inner }), "bottom");
  const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`key${index}`, index]));
  const properties = { deep, wide, nothing: null, list: [1, [2, {}]], date: new Date(MOMENT), nan: NaN, big: 1e300, small: -0.5 };
  const { events } = await landed((raindrop) => raindrop.track({ userId: "u", properties }));
  assert.deepEqual(own(events[0].properties), JSON.parse(JSON.stringify(properties)));
});

test("an interaction that is flushed while open is pending, and ends complete", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    const interaction = raindrop.begin({ userId: "u", input: "hi", featureFlags: { a: "1" } });
    await raindrop.flush();
    const { eventId } = interaction;
    assert.equal(interaction.getEventId(), eventId);
    assert.equal((await ingest.received()).interactions[eventId].is_pending, true);
    assert.equal(interaction.finish({ output: "bye", model: "m", featureFlags: { b: "2" }, timestamp: MOMENT }), undefined);
    interaction.finish({ output: "ignored" });
    await raindrop.flush();
    const { ai_data, is_pending, event, timestamp } = (await ingest.received()).interactions[eventId];
    assert.deepEqual(ai_data, { input: "hi", output: "bye", model: "m" });
    assert.deepEqual({ is_pending, event, timestamp }, { is_pending: false, event: "ai_generation", timestamp: MOMENT });
  });
});

test("an interaction of another process is resumed by telling whose it is", async () => {
  const { interactions } = await landed((raindrop) => {
    raindrop.resumeInteraction("elsewhere", { userId: "u", event: "chat", convoId: "c" }).finish({ output: "done" });
  });
  const { user_id, event, ai_data } = interactions.elsewhere;
  assert.deepEqual({ user_id, event, ai_data }, { user_id: "u", event: "chat", ai_data: { output: "done", convo_id: "c" } });
});

test("a client knows nothing of the interactions of another", async () => {
  const { interactions } = await landed(async (raindrop) => {
    const other = new Raindrop({ writeKey: "another", fetch: async () => new Response() });
    other.begin({ eventId: "shared", userId: "as the other knows them", convoId: "c", input: "hi" });
    raindrop.resumeInteraction("shared", { userId: "u" }).finish({ output: "done" });
    await other.close();
  });
  const { user_id, ai_data } = interactions.shared;
  assert.deepEqual({ user_id, ai_data }, { user_id: "u", ai_data: { output: "done" } });
});

test("what is told of a resumed interaction counts before what is known of it here", async () => {
  const { interactions } = await landed((raindrop) => {
    raindrop.begin({ eventId: "known", userId: "anonymous", event: "chat", convoId: "c", input: "hi" });
    raindrop.resumeInteraction("known", { userId: "u", model: "m" }).finish({ output: "done" });
  });
  const { user_id, event, ai_data } = interactions.known;
  const told = { user_id: "u", event: "chat", ai_data: { input: "hi", output: "done", model: "m", convo_id: "c" } };
  assert.deepEqual({ user_id, event, ai_data }, told);
});
