import assert from "node:assert/strict";
import test from "node:test";
import { landed, told, withClient } from "./setup.mjs";

const ASSOCIATION = "traceloop.association.properties.";

/** The spans that land, by name. */
async function spans(record) {
  const { spans, filtered_spans } = await landed(record);
  return Object.fromEntries([...spans, ...filtered_spans].map((span) => [span.name, span]));
}

const failure = ({ status_code: code, status_message: message }) => ({ code, message });
const interactionOf = (raindrop) => raindrop.begin({ userId: "u", event: "chat", convoId: "c", eventId: "e", input: "hi" });

test("spans of an interaction inherit it, and share one trace", async () => {
  const { root, child, other } = await spans((raindrop) => {
    const interaction = interactionOf(raindrop);
    const root = interaction.startSpan({ name: "root" });
    raindrop.startSpan({ name: "child", parent: root }).end();
    root.end();
    raindrop.resumeInteraction("e").startToolSpan({ name: "other" }).end();
  });
  for (const { attributes } of [root, child, other]) {
    assert.equal(attributes["ai.telemetry.metadata.raindrop.eventId"], "e");
    for (const [key, value] of Object.entries({ event_id: "e", user_id: "u", convo_id: "c", event: "chat", event_name: "chat" })) {
      assert.equal(attributes[ASSOCIATION + key], value);
    }
  }
  assert.equal(new Set([root, child, other].map(({ trace_id }) => trace_id)).size, 1);
  assert.equal(new Set([root, child, other].map(({ span_id }) => span_id)).size, 3);
  assert.equal(child.parent_span_id, root.span_id);
  assert.ok(!root.parent_span_id && !other.parent_span_id);
});

test("spans of an interaction say what is known of it when they begin, whichever handle knows it", async () => {
  const { early, resumed, again } = await spans((raindrop) => {
    const before = raindrop.resumeInteraction("e");
    const early = before.startSpan({ name: "early" });
    interactionOf(raindrop);
    before.startSpan({ name: "resumed" }).end();
    early.end();
    raindrop.begin({ eventId: "e", userId: "u" }).startSpan({ name: "again" }).end();
  });
  for (const { attributes } of [resumed, again]) {
    for (const [key, value] of Object.entries({ user_id: "u", convo_id: "c", event: "chat" })) {
      assert.equal(attributes[ASSOCIATION + key], value);
    }
  }
  assert.equal(early.attributes[`${ASSOCIATION}user_id`], undefined);
  assert.equal(new Set([early, resumed, again].map(({ trace_id }) => trace_id)).size, 1);
});

test("spans without an interaction have traces of their own", async () => {
  const { a, b, child } = await spans((raindrop) => {
    const a = raindrop.startSpan({ name: "a", eventId: "e1" });
    raindrop.startSpan({ name: "b", operationId: "ai.job" }).end();
    a.end();
    raindrop.startSpan({ name: "child", parent: a }).end();
  });
  assert.notEqual(a.trace_id, b.trace_id);
  assert.equal(child.parent_span_id, a.span_id);
  assert.equal(child.attributes[`${ASSOCIATION}event_id`], "e1");
  assert.equal(b.attributes["ai.operationId"], "ai.job");
});

test("attributes are typed as their values are, the last one set", async () => {
  const { s } = await spans((raindrop) => {
    const span = raindrop.startSpan({ name: "s", eventId: "e", attributes: { text: "old", int: 3, gone: null } });
    span.setAttributes({ text: "new", float: 1.5, bool: true, list: ["a", "b"], mixed: [1, "a"], object: { x: [null] } });
    span.end();
  });
  const { text, int, float, bool, list, mixed, object, ...rest } = s.attributes;
  assert.deepEqual({ text, float, bool, list }, { text: "new", float: 1.5, bool: true, list: ["a", "b"] });
  assert.equal(int, 3);
  assert.deepEqual({ mixed, object }, { mixed: '[1,"a"]', object: '{"x":[null]}' });
  assert.ok(!("gone" in rest));
});

test("properties are associated", async () => {
  const { s } = await spans((raindrop) => {
    raindrop.startSpan({ name: "s", properties: { user_id: "own", job: 7 } }).end();
  });
  assert.equal(s.attributes[`${ASSOCIATION}user_id`], "own");
  assert.equal(s.attributes[`${ASSOCIATION}job`], 7);
});

test("a span of a model says what was asked and answered", async () => {
  const { chat, text } = await spans((raindrop) => {
    const chat = raindrop.startLlmSpan({
      name: "chat",
      eventId: "e",
      model: "gpt-4o",
      provider: "openai",
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
    });
    chat.setMessages([{ role: "system", content: "be kind" }, { role: "user", content: "hi" }]);
    chat.setOutput("hello");
    chat.setTokenUsage({ model: "gpt-4o-2024", inputTokens: 3, outputTokens: 4 });
    chat.end();
    const text = raindrop.startLlmSpan({ name: "text", eventId: "e", input: "in", output: "out", inputTokens: 1, operationId: "o" });
    text.setModel("m");
    text.setProvider("p");
    text.end();
  });
  const { attributes: asked } = chat;
  assert.equal(asked["ai.operationId"], "ai.generateText");
  assert.equal(asked["gen_ai.request.model"], "gpt-4o");
  assert.equal(asked["gen_ai.response.model"], "gpt-4o-2024");
  assert.equal(asked["gen_ai.system"], "openai");
  assert.equal(asked["ai.prompt.messages"], '[{"role":"system","content":"be kind"},{"role":"user","content":"hi"}]');
  assert.equal(asked["gen_ai.completion.0.content"], "hello");
  assert.deepEqual(["input", "output"].map((side) => asked[`gen_ai.usage.${side}_tokens`]), [3, 4]);
  assert.equal(text.attributes["ai.prompt"], "in");
  assert.equal(text.attributes["ai.response.text"], "out");
  assert.equal(text.attributes["ai.operationId"], "o");
  assert.equal(text.attributes["gen_ai.response.model"], "m");
  assert.equal(text.attributes["gen_ai.system"], "p");
});

test("a span of a tool says what it was given and what it returned, as they were", async () => {
  const given = { q: "cats" };
  const { tool, plain } = await spans((raindrop) => {
    const tool = raindrop.startToolSpan({ name: "tool", eventId: "e", inputParameters: given });
    given.q = "changed since";
    tool.setOutput(["one", 2]);
    tool.end();
    const plain = raindrop.startSpan({ name: "plain", eventId: "e" });
    plain.setInput("as it is");
    plain.setOutput({ a: 1 });
    plain.end();
  });
  assert.equal(tool.attributes["traceloop.span.kind"], "tool");
  assert.equal(tool.attributes["traceloop.entity.name"], "tool");
  assert.equal(tool.attributes["traceloop.entity.input"], '{"q":"cats"}');
  assert.equal(tool.attributes["traceloop.entity.output"], '["one",2]');
  assert.equal(plain.attributes["traceloop.entity.input"], "as it is");
  assert.equal(plain.attributes["traceloop.entity.output"], '{"a":1}');
});

test("what goes into a tool is the JSON of it", async () => {
  class Order {
    id = 7;
  }
  const inputs = [
    {},
    { text: "plain", number: 5, yes: true, no: false, nothing: null, left: undefined },
    { "a \"key\"": 'say "hi"\n\\', 'é\t': "日本 🙂", 2: "two", 1: "one" },
    { big: 1e21, small: -0, part: 0.1, nan: NaN, infinite: -Infinity },
    { list: [1, "two"], inner: { deep: { er: "\"" } } },
    { at: new Date(0), toJSON: undefined, call() {}, [Symbol.iterator]: 1 },
    { secret: 1, toJSON: () => "told" },
    { __proto__: { inherited: 1 }, own: 2 },
    Object.assign(Object.create(null), { bare: "x" }),
    new Order(),
    new Date(0),
    [{ a: "b" }],
    7,
    true,
    "as it is",
  ];
  const { spans } = await landed((raindrop) => inputs.forEach((input) => raindrop.trackTool({ name: "t", eventId: "e", input, output: input })));
  for (const [index, input] of inputs.entries()) {
    const text = typeof input == "string" ? input : JSON.stringify(input);
    const { "traceloop.entity.input": given, "traceloop.entity.output": returned } = spans[index].attributes;
    assert.deepEqual([given, returned], [text, text]);
  }
});

test("what others put on all objects is not sent", async () => {
  Object.prototype.inside = '"';
  try {
    const { spans } = await landed((raindrop) => raindrop.trackTool({ name: "t", eventId: "e", input: "given", output: { a: 1 } }));
    const { "traceloop.entity.input": given, "traceloop.entity.output": returned } = spans[0].attributes;
    assert.deepEqual([given, returned], ["given", '{"a":1}']);
  } finally {
    delete Object.prototype.inside;
  }
});

test("the JSON of a tool is cut to the cap like any text", async () => {
  const input = { text: 'é"'.repeat(40) };
  const text = JSON.stringify(input);
  for (const cap of [text.length - 1, text.length]) {
    const record = (raindrop) => raindrop.trackTool({ name: "t", eventId: "e", input });
    const { spans: [span] } = await landed(record, { maxTextFieldChars: cap });
    const marker = "...[truncated by raindrop]";
    const expected = cap < text.length ? text.slice(0, cap - marker.length) + marker : text;
    assert.equal(span.attributes["traceloop.entity.input"], expected);
  }
});

test("errors mark a span as failed", async () => {
  const { error, text, fine } = await spans((raindrop) => {
    const failed = (name, reason) => {
      const span = raindrop.startSpan({ name, eventId: "e" });
      if (reason) span.setError(reason);
      span.end();
    };
    failed("error", new RangeError("too far"));
    failed("text", "just no");
    failed("fine");
  });
  assert.deepEqual(failure(error), { code: 2, message: "too far" });
  assert.deepEqual(failure(text), { code: 2, message: "just no" });
  assert.equal(fine.status_code, 1);
});

test("withSpan and withTool return what the work returns, and end with it", async () => {
  const found = await spans(async (raindrop) => {
    const interaction = interactionOf(raindrop);
    assert.equal(interaction.withSpan({ name: "sync" }, () => 1), 1);
    assert.equal(await interaction.withSpan({ name: "async" }, async () => 2), 2);
    assert.equal(
      interaction.withTool({ name: "tool", inputParameters: [1] }, (span) => {
        raindrop.startSpan({ name: "inside", parent: span }).end();
        return "result";
      }),
      "result",
    );
    assert.deepEqual(await interaction.withTool({ name: "async tool" }, async () => ({ a: 1 })), { a: 1 });
  });
  assert.equal(found.tool.attributes["traceloop.entity.output"], "result");
  assert.equal(found["async tool"].attributes["traceloop.entity.output"], '{"a":1}');
  assert.equal(found.inside.parent_span_id, found.tool.span_id);
});

test("withSpan and withTool mark what throws as failed and throw it on", async () => {
  const boom = new Error("boom");
  const found = await spans(async (raindrop) => {
    const fail = () => {
      throw boom;
    };
    assert.throws(() => raindrop.withSpan({ name: "sync", eventId: "e" }, fail), boom);
    await assert.rejects(raindrop.withSpan({ name: "async", eventId: "e" }, async () => fail()), boom);
    assert.throws(() => raindrop.withTool({ name: "tool", eventId: "e" }, fail), boom);
    await assert.rejects(raindrop.tracer({}).withSpan({ name: "nothing", eventId: "e" }, () => Promise.reject()));
  });
  for (const name of ["sync", "async", "tool"]) assert.deepEqual(failure(found[name]), { code: 2, message: "boom" });
  assert.deepEqual(failure(found.nothing), { code: 2, message: "unknown error" });
});

test("whatever work throws, and whatever its result does, ends the span", async () => {
  const { spans } = await landed(async (raindrop) => {
    const options = { name: "s", eventId: "e" };
    assert.throws(() => raindrop.withSpan(options, () => { throw Object.create(null); }));
    assert.throws(() => raindrop.withSpan(options, () => ({ get then() { throw new Error("then!"); } })), /then!/);
  });
  assert.deepEqual(
    spans.map(failure),
    [
      { code: 2, message: "unknown error" },
      { code: 2, message: "then!" },
    ],
  );
});

test("a result that JSON cannot hold is returned all the same", async () => {
  await withClient(async ({ raindrop, errors }) => {
    const circular = {};
    circular.self = circular;
    assert.equal(raindrop.withTool({ name: "t", eventId: "e" }, () => circular), circular);
    assert.equal(raindrop.withTool({ name: "t", eventId: "e" }, () => 1n), 1n);
    assert.equal(errors.length, 2);
    assert.equal(raindrop.stats().accepted, 2);
  });
});

test("of start, end and duration of a tool what is missing is derived", async () => {
  const found = await spans((raindrop) => {
    const track = (name, times) => raindrop.trackTool({ name, eventId: "e", ...times });
    track("both", { startTime: 1000, endTime: 1500 });
    track("start", { startTime: 1000, durationMs: 200 });
    track("end", { endTime: 1000, durationMs: 200 });
    track("backwards", { startTime: 1000, endTime: 500 });
    track("all", { startTime: new Date(1000), endTime: 3000, durationMs: 5, input: { a: 1 }, output: "o", error: new Error("x") });
  });
  const millis = ({ start_unix_nano: start, end_unix_nano: end }) => [start, end].map((nanos) => Number(nanos) / 1e6);
  assert.deepEqual(millis(found.both), [1000, 1500]);
  assert.deepEqual(millis(found.start), [1000, 1200]);
  assert.deepEqual(millis(found.end), [800, 1000]);
  assert.deepEqual(millis(found.backwards), [1000, 1000]);
  assert.deepEqual(millis(found.all), [1000, 3000]);
  assert.deepEqual(failure(found.all), { code: 2, message: "x" });
  assert.equal(found.all.attributes["traceloop.entity.input"], '{"a":1}');
  assert.equal(found.all.attributes["traceloop.entity.output"], "o");
});

test("a tracer's properties are on all of its spans and their children", async () => {
  const found = await spans((raindrop) => {
    const tracer = raindrop.tracer({ job: "nightly", user_id: "u" });
    tracer.withSpan({ name: "outer", properties: { job: "own" } }, (outer) => {
      raindrop.startSpan({ name: "child", parent: outer }).end();
    });
    tracer.trackTool({ name: "tool" });
    tracer.startLlmSpan({ name: "llm" }).end();
  });
  const job = (name) => found[name].attributes[`${ASSOCIATION}job`];
  assert.deepEqual(["outer", "child", "tool", "llm"].map(job), ["own", "nightly", "nightly", "nightly"]);
});

test("what has ended does not change, and a second end does nothing", async () => {
  await withClient(async ({ raindrop }) => {
    const span = raindrop.startSpan({ name: "s", eventId: "e" });
    span.end();
    span.setError("late");
    span.end();
    assert.equal(raindrop.stats().accepted, 1);
  });
});

test("using ends a span", { skip: !Symbol.dispose }, async () => {
  await withClient(async ({ raindrop }) => {
    raindrop.startLlmSpan({ name: "s", eventId: "e" })[Symbol.dispose]();
    assert.equal(raindrop.stats().pendingOf.spans, 1);
  });
});

test("values are what JSON makes of them", async () => {
  const { s } = await spans((raindrop) => {
    const numbers = { nan: NaN, negative: -7, zero: -0, large: 2 ** 53, huge: 1e21, tiny: 1e-7 };
    const attributes = { ...numbers, date: new Date(0), gone: { toJSON() {} }, none: [], half: "\ud800\"\n" };
    raindrop.startSpan({ name: "s", eventId: "e", attributes }).end();
  });
  const { date, negative, zero, large, huge, tiny, none, half } = s.attributes;
  assert.deepEqual({ date, negative, zero, large }, { date: "1970-01-01T00:00:00.000Z", negative: -7, zero: 0, large: 2 ** 53 });
  assert.deepEqual({ huge, tiny, none, half }, { huge: 1e21, tiny: 1e-7, none: [], half: "\ufffd\"\n" });
  assert.ok(!("nan" in s.attributes || "gone" in s.attributes));
});

test("each key is sent once, with the last value, when half surrogate pairs make keys the same", async () => {
  const { requests } = await landed((raindrop) => {
    const values = { "a\ufffd": 0, "a\ud800": 1, "a\ud801": 2, "🙂": 3 };
    raindrop.startSpan({ name: "s", eventId: "e", attributes: values, properties: values }).end();
  });
  const [{ scopeSpans: [{ spans: [{ attributes }] }] }] = JSON.parse(requests[0].body).resourceSpans;
  const found = attributes.filter(({ value }) => value.intValue).map(({ key, value }) => [key, value.intValue]);
  assert.deepEqual(found.sort(), [
    ["a\ufffd", "2"],
    [`${ASSOCIATION}a\ufffd`, "2"],
    [`${ASSOCIATION}🙂`, "3"],
    ["🙂", "3"],
  ]);
});

test("times are sent as nanoseconds that 64 bits hold", async () => {
  const { requests } = await landed((raindrop) => {
    raindrop.startSpan({ name: "first", eventId: "e", startTime: "1960-01-01T00:00:00Z" }).end("1970-01-01T00:00:00.001Z");
    raindrop.startSpan({ name: "last", eventId: "e", startTime: 1735787045678 }).end("9999-12-31T23:59:59Z");
    raindrop.trackTool({ name: "long", eventId: "e", startTime: 1735787045678, durationMs: 1e15 });
  });
  const [{ scopeSpans: [{ spans }] }] = JSON.parse(requests[0].body).resourceSpans;
  assert.deepEqual(
    spans.map(({ startTimeUnixNano, endTimeUnixNano }) => [startTimeUnixNano, endTimeUnixNano]),
    [
      ["0", "1000000"],
      ["1735787045678000000", "18446744000000000000"],
      ["1735787045678000000", "18446744000000000000"],
    ],
  );
});

test("what the caller sets wins over what a kind of span implies", async () => {
  const { s } = await spans((raindrop) => {
    const attributes = { "gen_ai.system": "mine", "gen_ai.prompt.0.role": "system", [`${ASSOCIATION}user_id`]: "other" };
    const options = { name: "s", model: "m", provider: "p", input: "q", attributes, properties: { event: "renamed" } };
    interactionOf(raindrop).startLlmSpan(options).end();
  });
  assert.equal(s.attributes["gen_ai.system"], "mine");
  assert.equal(s.attributes["gen_ai.provider.name"], "p");
  assert.equal(s.attributes["gen_ai.prompt.0.role"], "system");
  assert.equal(s.attributes["gen_ai.prompt.0.content"], "q");
  assert.equal(s.attributes[`${ASSOCIATION}user_id`], "other");
  assert.equal(s.attributes[`${ASSOCIATION}event`], "renamed");
  assert.equal(s.attributes[`${ASSOCIATION}event_name`], "chat");
});

test("of an attribute and a setter the later one wins", async () => {
  const old = {
    "ai.prompt": "old",
    "gen_ai.prompt.0.role": "old",
    "gen_ai.prompt.7.content": "old",
    "ai.response.text": "old",
    "gen_ai.completion.0.content": "old",
    "ai.model.id": "old",
    "gen_ai.system": "old",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 100,
    "gen_ai.response.model": "old",
  };
  const set = (span) => {
    span.setInput("later");
    span.setOutput("later");
    span.setModel("later");
    span.setProvider("later");
    span.setTokenUsage({ model: "answered", inputTokens: 7, outputTokens: 8 });
  };
  const { first, last, chat } = await spans((raindrop) => {
    const first = raindrop.startLlmSpan({ name: "first", eventId: "e" });
    set(first);
    first.setAttributes(old);
    first.end();
    const last = raindrop.startLlmSpan({ name: "last", eventId: "e", attributes: { ...old, other: "stays" } });
    set(last);
    last.end();
    const chat = raindrop.startLlmSpan({ name: "chat", eventId: "e", attributes: old });
    chat.setMessages([{ role: "user", content: "hi" }]);
    chat.end();
  });
  for (const [key, value] of Object.entries(old)) assert.equal(first.attributes[key], value);
  const expected = {
    "ai.prompt": "later",
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.7.content": undefined,
    "ai.response.text": "later",
    "gen_ai.completion.0.content": "later",
    "ai.model.id": "later",
    "gen_ai.system": "later",
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.output_tokens": 8,
    "gen_ai.response.model": "answered",
    other: "stays",
  };
  for (const [key, value] of Object.entries(expected)) assert.equal(last.attributes[key], value, key);
  assert.equal(chat.attributes["ai.prompt"], undefined);
  assert.equal(chat.attributes["gen_ai.prompt.0.role"], "user");
  assert.equal(chat.attributes["ai.response.text"], "old");
});

test("of an attribute and a setter of a tool or of any work the later one wins", async () => {
  const old = { "traceloop.entity.input": "old", "traceloop.entity.output": "old", "gen_ai.usage.input_tokens": 100 };
  const start = (raindrop, options) => [raindrop.startToolSpan(options), raindrop.startSpan(options)];
  const { spans } = await landed((raindrop) => {
    for (const span of start(raindrop, { name: "setter last", eventId: "e", attributes: old })) {
      span.setInput({ a: 1 });
      span.setTokenUsage({ inputTokens: 0 });
      span.end();
    }
    for (const span of start(raindrop, { name: "setter first", eventId: "e" })) {
      span.setInput({ a: 1 });
      span.setAttributes(old);
      span.end();
    }
  });
  const found = spans.map(({ attributes }) => Object.keys(old).map((key) => attributes[key]));
  const setterLast = ['{"a":1}', "old", undefined];
  assert.deepEqual(found, [setterLast, setterLast, Object.values(old), Object.values(old)]);
});

test("what work tells of its tool's output stays if it returns nothing", async () => {
  const { setter, attribute } = await spans((raindrop) => {
    raindrop.withTool({ name: "setter", eventId: "e" }, (span) => span.setOutput("told"));
    raindrop.withTool({ name: "attribute", eventId: "e" }, (span) => span.setAttributes({ "traceloop.entity.output": "told" }));
  });
  for (const { attributes } of [setter, attribute]) assert.equal(attributes["traceloop.entity.output"], "told");
});

test("what the caller leaves open is no value of the caller's", async () => {
  const { spans } = await landed((raindrop) => {
    const attributes = { "ai.operationId": null, "gen_ai.response.model": undefined, "traceloop.association.properties.event_id": NaN };
    const properties = { user_id: null, event_id: null };
    raindrop.startSpan({ name: "plain", operationId: "op", attributes }).end();
    raindrop.startLlmSpan({ name: "llm", eventId: "e", model: "m", attributes }).end();
    raindrop.begin({ userId: "u", input: "hi", eventId: "i" }).startSpan({ name: "child", properties }).end();
  });
  const [plain, llm, child] = spans.map(({ attributes }) => attributes);
  assert.deepEqual(plain, { "ai.operationId": "op" });
  assert.equal(llm["gen_ai.response.model"], "m");
  assert.equal(llm["traceloop.association.properties.event_id"], "e");
  assert.equal(child["traceloop.association.properties.user_id"], "u");
  assert.equal(child["traceloop.association.properties.event_id"], "i");
});

test("a span of which only unset values would be kept is warned of", async () => {
  const lines = await told("warn", () =>
    withClient(({ raindrop }) => raindrop.startSpan({ name: "s", attributes: { "ai.operationId": null }, properties: { user_id: NaN } }).end()),
  );
  assert.match(lines.join(), /span "s" has no event id/);
});

test("a span of a model has one prompt, the one set last", async () => {
  const messages = [{ role: "system", content: "be kind" }, { role: "user", content: "hi" }];
  const { text, chat, both } = await spans((raindrop) => {
    const text = raindrop.startLlmSpan({ name: "text", eventId: "e", messages });
    text.setInput("later");
    text.end();
    const chat = raindrop.startLlmSpan({ name: "chat", eventId: "e", input: "earlier" });
    chat.setMessages(messages);
    chat.end();
    raindrop.startLlmSpan({ name: "both", eventId: "e", input: "kept", messages: [] }).end();
  });
  const prompt = ({ attributes }) => Object.fromEntries(Object.entries(attributes).filter(([key]) => key.includes("prompt")));
  const asText = (content) => ({ "ai.prompt": content, "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": content });
  assert.deepEqual(prompt(text), asText("later"));
  assert.deepEqual(prompt(both), asText("kept"));
  assert.deepEqual(prompt(chat), {
    "ai.prompt.messages": JSON.stringify(messages),
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "be kind",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "hi",
  });
});

test("tokens that are told without a model leave the one that is known", async () => {
  const { spans } = await landed((raindrop) => {
    for (const call of [raindrop.startLlmSpan({ name: "s", eventId: "e", model: "m" }), raindrop.startSpan({ name: "s", eventId: "e" })]) {
      call.setTokenUsage({ model: "answered", inputTokens: 7 });
      call.setTokenUsage({ model: "", outputTokens: 5 });
      call.end();
    }
  });
  for (const { attributes } of spans) assert.equal(attributes["gen_ai.response.model"], "answered");
});

test("tokens that are told one by one add up", async () => {
  const { spans } = await landed((raindrop) => {
    const call = raindrop.startLlmSpan({ name: "s", eventId: "e", model: "m", inputTokens: 7 });
    call.setTokenUsage({ outputTokens: 5 });
    call.end();
  });
  const { attributes } = spans[0];
  assert.deepEqual([attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]], [7, 5]);
});

test("texts are cut to the cap, in code points and with a marker", async () => {
  const { spans: [span] } = await landed(
    (raindrop) => {
      const messages = [{ role: "user", content: "😀".repeat(300) }, { role: "user", content: "short" }];
      raindrop.startLlmSpan({ name: "s", model: "m", messages, attributes: { list: ["x".repeat(101)], exact: "😀".repeat(100) } }).end();
    },
    { maxTextFieldChars: 100 },
  );
  const marker = "...[truncated by raindrop]";
  assert.equal(span.attributes["gen_ai.prompt.0.content"], "😀".repeat(74) + marker);
  assert.deepEqual(span.attributes.list, ["x".repeat(74) + marker]);
  assert.equal(span.attributes.exact, "😀".repeat(100));
  const chat = span.attributes["ai.prompt.messages"];
  assert.ok([...chat].length <= 100);
  assert.equal(JSON.parse(chat)[1].content, "short");
});

test("of a span that is too large the longest text is shortened", async () => {
  const { spans: [span] } = await landed((raindrop) => {
    raindrop.startToolSpan({ name: "s", eventId: "e", input: "\n".repeat(900_000), output: "short" }).end();
  });
  const input = span.attributes["traceloop.entity.input"];
  assert.ok(input.length > 450_000 && input.endsWith("...[truncated by raindrop]"));
  assert.equal(span.attributes["traceloop.entity.output"], "short");
});
