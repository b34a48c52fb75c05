import assert from "node:assert/strict";
import test from "node:test";
import { Raindrop, RaindropError, landed, own, told, withClient } from "./setup.mjs";

const event = { userId: "u", input: "hi" };

test("without a write key everything works and nothing is sent", async () => {
  for (const options of [undefined, {}, { writeKey: "" }, { writeKey: null }, { writeKey: "rk", disabled: true }]) {
    const raindrop = new Raindrop(options);
    assert.match(raindrop.trackAi(event), /^[0-9a-f-]{36}$/);
    const interaction = raindrop.begin({ userId: "u" });
    interaction.startSpan({ name: "s" }).end();
    interaction.finish({ output: "x" });
    assert.match(interaction.eventId, /^[0-9a-f-]{36}$/);
    const report = await raindrop.close();
    assert.deepEqual([report.requests, raindrop.stats().accepted], [0, 0]);
  }
});

test("a wrong option is an error at once that names it", () => {
  for (const [options, message] of [
    [{ writeKey: 1 }, "new Raindrop: writeKey must be a string, not 1"],
    [{ writeKey: "a b" }, /writeKey has a character/],
    [{ endpoint: "nowhere" }, /endpoint "nowhere" is not an absolute http or https URL/],
    [{ endpoint: "https://user:password@h/v1/" }, /endpoint "…" is not an absolute http or https URL without @/],
    [{ maxAttempts: "3" }, 'new Raindrop: maxAttempts must be a number, 0 or more, not "3"'],
    [{ requestTimeoutMs: -1 }, "new Raindrop: requestTimeoutMs must be a number, 0 or more, not -1"],
    [{ closeTimeoutMs: NaN }, "new Raindrop: closeTimeoutMs must be a number, 0 or more, not NaN"],
    [{ debug: "yes" }, 'new Raindrop: debug must be true or false, not "yes"'],
    [{ fetch: "fetch" }, "new Raindrop: fetch must be a function, not a string"],
    [{ onError: {} }, "new Raindrop: onError must be a function, not an object"],
    [{ localWorkshopUrl: 5899 }, "new Raindrop: localWorkshopUrl must be a string, not 5899"],
    ["rk", "new Raindrop: the argument must be an object, not a string"],
  ]) {
    assert.throws(() => new Raindrop(options), { name: "TypeError", message });
  }
});

test("null and undefined options mean their defaults", () => {
  const names = "writeKey endpoint projectId serviceName debug debugLogs disabled maxTextFieldChars maxAttempts baseDelayMs";
  const more = "requestTimeoutMs closeTimeoutMs traceMaxBatchSize localWorkshopUrl fetch onError flushOnFinish";
  for (const nothing of [null, undefined]) {
    new Raindrop(Object.fromEntries(`${names} ${more}`.split(" ").map((name) => [name, nothing])));
  }
});

test("an option that does not exist is warned about once, by its name and not its value", async () => {
  const lines = await told("warn", () => {
    for (let time = 0; time < 2; time++) new Raindrop({ apiKey: "rk_secret", redactPii: true, unset: undefined });
  });
  assert.deepEqual(lines, ['raindrop: new Raindrop: there is no option "apiKey"', 'raindrop: new Raindrop: there is no option "redactPii"']);
});

test("a Workshop's URL that is none is warned about, and telemetry flows", async () => {
  const lines = await told("warn", async () => {
    const { events } = await landed((raindrop) => raindrop.trackAi(event), { localWorkshopUrl: "localhost:5899/v1/" });
    assert.equal(events.length, 1);
  });
  assert.match(lines.join(), /^raindrop: new Raindrop: localWorkshopUrl "localhost:5899\/v1\/" is not an absolute http or https URL/);
});

test("requests carry the key, the project and the name of the service", async () => {
  const { requests } = await landed(
    (raindrop) => {
      raindrop.trackAi(event);
      raindrop.startSpan({ name: "s", operationId: "o" }).end();
    },
    { projectId: "my-project", serviceName: "shop" },
  );
  for (const { headers } of requests) {
    assert.equal(headers.authorization, "Bearer rk_test_key");
    assert.equal(headers["x-raindrop-project-id"], "my-project");
    assert.equal(headers["content-type"], "application/json");
  }
  const { body } = requests.find(({ route }) => route == "traces");
  assert.equal(JSON.parse(body).resourceSpans[0].resource.attributes[0].value.stringValue, "shop");
});

test("an event says what recorded it, and where", async () => {
  const { events } = await landed((raindrop) => raindrop.trackAi(event));
  const { library, metadata } = events[0].properties.$context;
  assert.equal(library.name, "raindrop-edge");
  assert.equal(metadata.runtime, "node");
});

test("texts are cut at the cap", async () => {
  const { events } = await landed((raindrop) => raindrop.trackAi({ userId: "u", input: "😀".repeat(50) }), {
    maxTextFieldChars: 40,
  });
  assert.equal(events[0].ai_data.input, `${"😀".repeat(14)}...[truncated by raindrop]`);
});

test("a batch has no more spans than it may", async () => {
  const { requests } = await landed(
    (raindrop) => {
      for (let number = 0; number < 5; number++) raindrop.startSpan({ name: "s", operationId: "o" }).end();
    },
    { traceMaxBatchSize: 2 },
  );
  assert.equal(requests.length, 3);
});

test("full buffers drop and count", async () => {
  await withClient(
    async ({ raindrop }) => {
      await told("warn", () => {
        for (let number = 0; number < 5; number++) {
          raindrop.trackAi(event);
          raindrop.startSpan({ name: "s", operationId: "o" }).end();
        }
      });
      const { accepted, pending, dropped, droppedBy, pendingOf } = raindrop.stats();
      assert.deepEqual({ accepted, pending, dropped }, { accepted: 10, pending: 5, dropped: 5 });
      assert.equal(droppedBy.queueFull, 5);
      assert.deepEqual([pendingOf.events, pendingOf.spans], [3, 2]);
    },
    { eventMaxQueueSize: 3, traceMaxQueueSize: 2 },
  );
});

test("a local Workshop gets a copy without the key", async () => {
  await withClient(async ({ raindrop: _, ingest }) => {
    const raindrop = new Raindrop({ localWorkshopUrl: ingest.endpoint, flushOnFinish: false });
    raindrop.trackAi(event);
    await raindrop.close();
    const [request] = await ingest.requests();
    assert.equal(request.route, "events/track_partial");
    assert.equal(request.headers.authorization, undefined);
  });
});

test("debug logs each flush", async () => {
  await withClient(
    async ({ raindrop }) => {
      raindrop.trackAi(event);
      const lines = await told("debug", () => raindrop.flush());
      assert.match(lines.join(), /1 delivered/);
    },
    { debugLogs: true },
  );
});

test("a scope has a buffer of its own and the statistics of its client", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    const scope = raindrop.scope();
    scope.trackAi({ ...event, eventId: "in-scope" });
    await raindrop.flush();
    assert.deepEqual((await ingest.received()).events, []);
    await scope.close();
    assert.deepEqual((await ingest.received()).events.map(({ event_id }) => event_id), ["in-scope"]);
    assert.deepEqual(scope.stats(), raindrop.stats());
    assert.equal(scope.trackAi(event), undefined);
    assert.ok(raindrop.trackAi(event));
  });
});

test("what a scope could not deliver goes with the next flush of its client", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    await ingest.fail("events/track", 3, { Status: { status: 503, headers: [], body: "" } });
    const scope = raindrop.scope();
    scope.trackAi({ ...event, eventId: "late" });
    await told("warn", () => assert.rejects(scope.close(), RaindropError));
    await raindrop.flush();
    assert.deepEqual((await ingest.received()).events.map(({ event_id }) => event_id), ["late"]);
  });
});

test("an interaction that began in one scope ends in another", async () => {
  const { interactions } = await landed(async (raindrop) => {
    const first = raindrop.scope();
    const interaction = first.begin({ userId: "u", event: "chat", convoId: "c", model: "m", input: "hi", eventId: "e" });
    interaction.setProperty("a", 1);
    await first.close();
    const second = raindrop.scope();
    second.resumeInteraction("e").finish({ output: "bye" });
    await second.close();
  });
  const { user_id, event, ai_data, is_pending, properties } = interactions.e;
  assert.deepEqual({ user_id, event, is_pending }, { user_id: "u", event: "chat", is_pending: false });
  assert.deepEqual(ai_data, { input: "hi", output: "bye", model: "m", convo_id: "c" });
  assert.deepEqual(own(properties), { a: 1 });
});

test("an interaction that ends in a scope is not opened again by what its client still held", async () => {
  const { interactions } = await landed(async (raindrop) => {
    raindrop.begin({ userId: "u", input: "hi", eventId: "e" });
    const scope = raindrop.scope();
    scope.resumeInteraction("e").finish({ output: "bye" });
    await scope.close();
  });
  const { ai_data, is_pending } = interactions.e;
  assert.deepEqual({ ai_data, is_pending }, { ai_data: { input: "hi", output: "bye" }, is_pending: false });
});

test("after close a call does nothing, is counted, and says so", async () => {
  await withClient(async ({ raindrop, ingest, errors }) => {
    const interaction = raindrop.begin({ userId: "u" });
    const span = interaction.startSpan({ name: "s" });
    await raindrop.close();
    assert.equal(raindrop.trackAi(event), undefined);
    raindrop.identify({ userId: "u" });
    interaction.finish({ output: "late" });
    span.end();
    assert.equal(raindrop.stats().refused, 4);
    assert.ok(errors.length >= 1 && errors.every(({ message }) => /closed/.test(message)), String(errors));
    assert.equal((await raindrop.close()).requests, 0);
    assert.equal((await raindrop.flush()).requests, 0);
    assert.deepEqual((await ingest.received()).events, []);
  });
});

test("a span whose own attribute closes the client comes too late, and is counted", async () => {
  await withClient(async ({ raindrop, ingest, errors }) => {
    const closing = { toJSON: () => void raindrop.close() };
    raindrop.startSpan({ name: "s", eventId: "e", attributes: { closing } }).end();
    await raindrop.close();
    assert.equal(raindrop.stats().refused, 1);
    assert.match(errors.map(String).join(), /end: the client is closed/);
    assert.deepEqual((await ingest.received()).spans, []);
  });
});

test("await using closes a client", { skip: !Symbol.asyncDispose }, async () => {
  await withClient(async ({ raindrop, ingest }) => {
    raindrop.trackAi(event);
    await raindrop[Symbol.asyncDispose]();
    assert.equal((await ingest.received()).events.length, 1);
  });
});

test("a client and its handles work in Vue's refs, which proxy whatever does not ask to be left alone", async () => {
  const kept = (value) => (value.__v_skip ? value : new Proxy(value, {}));
  await withClient(async ({ raindrop, ingest }) => {
    const client = kept(raindrop);
    const interaction = kept(client.begin({ eventId: "e", userId: "u", input: "hi" }));
    kept(interaction.startSpan({ name: "plain" })).end();
    kept(interaction.startLlmSpan({ name: "llm" })).end();
    kept(kept(client.tracer()).startToolSpan({ name: "tool", eventId: "e" })).end();
    interaction.finish({ output: "Hi" });
    assert.deepEqual(Object.keys(interaction), []);
    await client.close();
    assert.deepEqual((await ingest.received()).spans.map(({ name }) => name), ["plain", "llm", "tool"]);
  });
});
