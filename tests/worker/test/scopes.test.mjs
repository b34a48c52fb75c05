// One client built in the global scope, one scope for each request: tests/worker/src in a real workerd.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { Ingest } from "./ingest.mjs";
import { startWorker } from "./worker.mjs";

let globals, ingest, worker, hasty, upstream;

before(async () => {
  ingest = await Ingest.start();
  upstream = createServer((request, response) => {
    const user = new URL(request.url, "http://upstream").searchParams.get("user");
    setImmediate(() => response.end(`answer for ${user}`));
  });
  await new Promise((listening) => upstream.listen(0, "127.0.0.1", listening));
  globals = { RAINDROP_ENDPOINT: ingest.endpoint, UPSTREAM: `http://127.0.0.1:${upstream.address().port}/` };
  worker = await startWorker("../build/", { globals });
  hasty = await startWorker("../build/", { globals: { ...globals, PATIENCE: "little" } });
});

after(async () => {
  await Promise.all([worker?.stop(), hasty?.stop()]);
  upstream?.close();
  await ingest?.stop();
});

beforeEach(() => ingest.clear());

/** Waits until nothing is pending. Returns the stats. */
const settled = (worker) => worker.until("/stats", ({ pending }) => pending === 0);

test("a client built in the global scope records and delivers", async () => {
  const response = await worker.get("/quiet?user=first");
  assert.equal(response.status, 200);
  const eventId = await response.text();
  await ingest.requests(3);
  await settled(worker);
  const { interactions, events, spans } = await ingest.received();
  assert.equal(interactions[eventId].user_id, "first");
  assert.equal(interactions[eventId].is_pending, false);
  assert.equal(interactions[eventId].properties.$context.metadata.runtime, "cloudflare-worker");
  assert.deepEqual(events.map((event) => event.user_id), ["first"]);
  assert.deepEqual(spans.map((span) => span.name), ["think"]);
});

test("what is recorded in the global scope, where nothing is random, is not taken for another isolate's", async () => {
  const options = { globals: { ...globals, COLD_START: "a span" }, isDeployed: true };
  const isolates = [0, 1].map(() => startWorker("../build/", options));
  for (const isolate of await Promise.all(isolates)) {
    await isolate.get("/quiet?user=first");
    await settled(isolate);
    await isolate.stop();
  }
  const { spans } = await ingest.received();
  const cold = spans.filter(({ name }) => name == "cold start");
  assert.equal(cold.length, 2);
  assert.notEqual(cold[0].trace_id, cold[1].trace_id);
});

test("a request without I/O has a clock that stands still, and honest durations of zero", async () => {
  await worker.get("/quiet?user=still");
  await ingest.requests(3);
  const { spans } = await ingest.received();
  assert.equal(spans[0].start_unix_nano, spans[0].end_unix_nano);
  assert.ok(spans[0].start_unix_nano > 1e18);
});

test("a long turn costs five subrequests", async () => {
  await worker.get("/large?user=agent");
  await ingest.requests(5);
  await settled(worker);
  const requests = await ingest.requests();
  assert.equal(requests.length, 5);
  assert.deepEqual(requests.map((request) => request.error), requests.map(() => null));
  const { users, interactions, events, signals, spans } = await ingest.received();
  const counts = [users, Object.keys(interactions), events, signals, spans].map((records) => records.length);
  assert.deepEqual(counts, [1, 1, 3, 2, 30]);
});

test("200 interleaved requests land once each, under their own user and trace", async () => {
  const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
  const eventIds = await Promise.all(users.map(async (user) => (await worker.get(`/busy?user=${user}`)).text()));
  await settled(worker);
  const { interactions, partials, spans } = await ingest.received();
  assert.equal(Object.keys(interactions).length, 200);
  assert.equal(partials.length, 200);
  assert.equal(spans.length, 600);
  assert.equal(new Set(spans.map((span) => span.span_id)).size, 600);
  for (const [index, user] of users.entries()) {
    const interaction = interactions[eventIds[index]];
    assert.equal(interaction.user_id, user);
    assert.equal(interaction.ai_data.output, `answer for ${user}`);
    const own = spans.filter((span) => span.attributes["traceloop.association.properties.event_id"] === eventIds[index]);
    assert.deepEqual(own.map((span) => span.name).sort(), ["answer", "upstream", "work"]);
    assert.equal(new Set(own.map((span) => span.trace_id)).size, 1);
    assert.deepEqual(new Set(own.map((span) => span.attributes["traceloop.association.properties.user_id"])), new Set([user]));
  }
  assert.equal(new Set(spans.map((span) => span.trace_id)).size, 200);
  assert.doesNotMatch(worker.output(), /different request|deadlock|hanging Promise/i);
});

test("the response does not wait for ingestion, and telemetry lands when ingestion is back", async () => {
  await ingest.fail("*", 3, "Hang");
  const response = await hasty.get("/quiet?user=patient");
  const eventId = await response.text();
  assert.deepEqual((await ingest.received()).interactions, {});
  await ingest.requests(6);
  await settled(hasty);
  const { interactions, partials, events, spans } = await ingest.received();
  assert.equal(interactions[eventId].user_id, "patient");
  assert.deepEqual([partials.length, events.length, spans.length], [1, 1, 1]);
});

const faults = {
  "answers 500": { Status: { status: 500 } },
  "answers 429 with Retry-After": { Status: { status: 429, headers: [["Retry-After", "60"]] } },
  "resets the connection": "Reset",
  "resets the connection after reading": "ResetAfterBody",
  hangs: "Hang",
  "answers 500 and a body without end": { EndlessBodyWithStatus: 500 },
  "answers 503 and a compressed body without end": { CompressedBomb: 503 },
  "answers 503 and a body that drips": { DripBody: 503 },
  "answers with headers without end": "EndlessHeaders",
  "answers with hints without end": "EndlessHints",
};

for (const [what, fault] of Object.entries(faults)) {
  test(`ingestion that ${what}: the Worker answers, and the next request delivers what is left`, async () => {
    const before = await settled(hasty);
    const user = what.replaceAll(" ", "-");
    await ingest.fail("*", "forever", fault);
    const response = await hasty.get(`/quiet?user=${user}`);
    assert.equal(response.status, 200);
    const unlucky = await response.text();
    await hasty.until("/stats", () => hasty.output().includes(`scope of ${user} closed`));
    assert.equal((await (await hasty.get("/stats")).json()).pending, 3);

    await ingest.succeed();
    const lucky = await (await hasty.get("/quiet?user=lucky")).text();
    const after = await settled(hasty);
    const { interactions, partials, events, spans } = await ingest.received();
    assert.equal(interactions[unlucky].user_id, user);
    assert.equal(interactions[lucky].user_id, "lucky");
    assert.deepEqual([partials.length, events.length, spans.length], [2, 2, 2]);
    assert.equal(after.delivered - before.delivered, 6);
    assert.equal(after.dropped, before.dropped);
  });
}

test("after a handler that panics, requests are recorded and delivered", async () => {
  assert.equal((await worker.get("/panic?user=unfortunate")).status, 500);
  for (let round = 0; round < 3; round++) {
    const eventId = await (await worker.get(`/quiet?user=after-${round}`)).text();
    await settled(worker);
    assert.equal((await ingest.received()).interactions[eventId]?.user_id, `after-${round}`);
  }
});
