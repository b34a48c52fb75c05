import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { promisify } from "node:util";
import { PACKAGE, Raindrop, RaindropError, told, withClient } from "./setup.mjs";

const event = { userId: "u", input: "hi" };

/** A fetch that answers with what `answer` returns, and remembers what it was asked. */
function fakeFetch(answer) {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push({ url, ...init });
    return answer(requests.length, init);
  };
  return { requests, fetch };
}

/** A clock that stands still until it is advanced, and what was to happen by then happens. */
function clockOf({ mock }) {
  let now = performance.now();
  mock.method(performance, "now", () => now);
  mock.timers.enable({ apis: ["setTimeout"] });
  return (millis) => {
    now += millis;
    mock.timers.tick(millis);
  };
}

/** What needs no clock has happened by then. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const clientWith = (fetch, options) => new Raindrop({ writeKey: "rk", fetch, flushOnFinish: false, baseDelayMs: 1, ...options });

test("a flush reports what it did", async () => {
  await withClient(async ({ raindrop }) => {
    raindrop.trackAi([event, event]);
    raindrop.identify({ userId: "u" });
    const report = await raindrop.flush();
    assert.deepEqual([report.requests, report.delivered, report.requeued, report.dropped], [2, 3, 0, 0]);
    assert.deepEqual(report.deliveredOf, { users: 1, events: 2, partials: 0, signals: 0, spans: 0 });
    assert.equal((await raindrop.forceFlush()).requests, 0);
  });
});

test("records of any length and alphabet are counted at once, and arrive whole and in order, whoever recorded them", async () => {
  const texts = ["plain", "ü", "日本語 🙂", "x".repeat(70_000), "é".repeat(20_000), "last"];
  await withClient(async ({ raindrop, ingest }) => {
    const scope = raindrop.scope();
    for (const from of [raindrop, scope, raindrop]) {
      for (const input of texts) from.trackAi({ userId: "u", event: input.slice(0, 9), input });
      for (const name of texts) from.startSpan({ name, eventId: "e" }).end();
    }
    assert.equal(raindrop.stats().pending, 36);
    await raindrop.flush();
    assert.equal(scope.stats().pending, 12);
    await scope.flush();
    const { events, spans } = await ingest.received();
    const thrice = [...texts, ...texts, ...texts];
    assert.deepEqual(
      events.map(({ ai_data }) => ai_data.input),
      thrice,
    );
    assert.deepEqual(
      spans.map(({ name }) => name),
      thrice,
    );
  });
});

test("two flushes at once deliver each record once", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    raindrop.trackAi(event);
    const reports = await Promise.all([raindrop.flush(), raindrop.flush()]);
    assert.equal(reports[0].delivered + reports[1].delivered, 1);
    assert.equal((await ingest.requests()).length, 1);
  });
});

test("a server error is tried again with the same body", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    await ingest.fail("events/track", 1, { Status: { status: 500, headers: [], body: "" } });
    raindrop.trackAi(event);
    assert.equal((await raindrop.flush()).requests, 2);
    const [first, second] = await ingest.requests();
    assert.equal(first.body, second.body);
  });
});

test("a flush that fails for good rejects with the status, and keeps what may still be delivered", async () => {
  await withClient(
    async ({ raindrop, ingest }) => {
      await ingest.fail("events/track", 2, { Status: { status: 503, headers: [], body: "overloaded" } });
      raindrop.trackAi(event);
      await told("warn", () =>
        assert.rejects(raindrop.flush(), (error) => {
          assert.ok(error instanceof RaindropError && error instanceof Error);
          assert.deepEqual([error.name, error.code, error.status], ["RaindropError", "http_status", 503]);
          return /503: overloaded/.test(error.message);
        }),
      );
      assert.equal(raindrop.stats().pending, 1);
      assert.equal((await raindrop.flush()).delivered, 1);
    },
    { maxAttempts: 2 },
  );
});

test("what failed, or was too much for a request, goes out again, whole and once", async () => {
  const arrived = [];
  let answer = () => 503;
  const { fetch } = fakeFetch((_, { body }) => {
    const { spans } = JSON.parse(body).resourceSpans[0].scopeSpans[0];
    const status = answer(spans);
    if (status == 200) arrived.push(...spans.map(({ name }) => name));
    return new Response("", { status });
  });
  const raindrop = clientWith(fetch, { maxAttempts: 1, traceMaxBatchSize: 20, traceMaxQueueSize: 60 });
  const names = Array.from({ length: 75 }, (_, index) => `${index} ${index % 7 ? "cats" : "猫 \"🙂\""}`);
  const record = (some) => some.forEach((name) => raindrop.startSpan({ name, eventId: "e" }).end());
  record(names.slice(0, 50));
  await told("warn", () => assert.rejects(raindrop.flush(), { status: 503 }));
  answer = (spans) => (spans.length > 3 ? 413 : 200);
  await told("warn", async () => {
    record(names.slice(50));
    assert.equal((await raindrop.flush()).delivered, 60);
  });
  assert.deepEqual(
    arrived.sort((one, other) => Number.parseInt(one) - Number.parseInt(other)),
    names.slice(15),
  );
  const { accepted, delivered, pending, droppedBy } = raindrop.stats();
  assert.deepEqual([accepted, delivered, pending, droppedBy.queueFull], [75, 60, 0, 15]);
});

test("a span for which there is no room does not take along those that follow it", async () => {
  const { fetch } = fakeFetch(() => new Response());
  const raindrop = clientWith(fetch);
  const record = (length) => raindrop.startSpan({ name: "x".repeat(length), eventId: "e" }).end();
  await told("warn", async () => {
    for (let index = 0; index < 8; index++) record(990_000);
    raindrop.stats();
    record(900_000);
    for (let index = 0; index < 40; index++) record(1);
    assert.equal(raindrop.stats().droppedBy.queueFull, 1);
    assert.equal((await raindrop.flush()).delivered, 48);
  });
});

test("a refused request is made once, and its records are counted", async () => {
  await withClient(async ({ raindrop, ingest }) => {
    await ingest.fail("events/track", 9, { Status: { status: 401, headers: [], body: "" } });
    raindrop.trackAi(event);
    await told("warn", () => assert.rejects(raindrop.flush(), { code: "http_status", status: 401 }));
    assert.equal((await raindrop.flush()).requests, 0);
    const { droppedBy, dropped } = raindrop.stats();
    assert.deepEqual([droppedBy.rejected, dropped], [1, 1]);
  });
});

test("no answer in time is a timeout, and aborts the request", async () => {
  let aborted = 0;
  const { fetch } = fakeFetch((_, { signal }) => {
    signal.onabort = () => aborted++;
    return new Promise(() => {});
  });
  const raindrop = clientWith(fetch, { requestTimeoutMs: 5, maxAttempts: 2 });
  raindrop.trackAi(event);
  await told("warn", () => assert.rejects(raindrop.flush(), { name: "RaindropError", code: "timeout" }));
  assert.equal(aborted, 2);
});

test("a fetch that fails is an http error with its cause", async () => {
  for (const [thrown, message] of [
    [new TypeError("no route"), /TypeError: no route$/],
    [new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }), /TypeError: fetch failed: connect ECONN/],
    [new TypeError("fetch failed", { cause: { message: "", code: "ECONNRESET" } }), /TypeError: fetch failed: ECONNRESET$/],
    ["a word", /could not be sent/],
  ]) {
    const { fetch } = fakeFetch(() => {
      throw thrown;
    });
    const raindrop = clientWith(fetch, { maxAttempts: 1 });
    raindrop.trackAi(event);
    await told("warn", () => assert.rejects(raindrop.flush(), { name: "RaindropError", code: "http", message }));
  }
});

test("a fetch that answers with anything that has a status is taken at its word", async () => {
  for (const answer of [{ ok: true, status: 200 }, { ok: true, status: 204, headers: {} }, { status: 200, headers: { get: () => 5 } }]) {
    const raindrop = clientWith(async () => answer);
    raindrop.trackAi(event);
    assert.equal((await raindrop.flush()).delivered, 1);
  }
  const raindrop = clientWith(async () => ({ status: 503, headers: { get: () => 0 } }), { maxAttempts: 1 });
  raindrop.trackAi(event);
  await told("warn", () => assert.rejects(raindrop.flush(), { status: 503 }));
});

test("a fetch that throws what cannot be read fails like any other", async () => {
  const thrown = Object.defineProperty(new Error(), "message", { get: () => assert.fail() });
  const raindrop = clientWith(() => Promise.reject(thrown), { maxAttempts: 1 });
  raindrop.trackAi(event);
  await told("warn", () => assert.rejects(raindrop.flush(), { code: "http" }));
});

test("what a close could not deliver is not said to wait for a flush", async () => {
  const raindrop = clientWith(async () => new Response("", { status: 503 }), { maxAttempts: 1 });
  raindrop.trackAi(event);
  const lines = await told("warn", () => assert.rejects(raindrop.close(), { status: 503 }));
  assert.match(lines.join(), /1 record\(s\) could not be delivered: the server answered 503/);
});

test("close ends within its time and says what it left", async () => {
  const { fetch } = fakeFetch(() => new Promise(() => {}));
  const raindrop = clientWith(fetch, { closeTimeoutMs: 20 });
  raindrop.trackAi(event);
  await told("warn", async () => {
    const report = await raindrop.close();
    assert.equal(report.delivered, 0);
  });
  assert.equal(raindrop.stats().droppedBy.undelivered, 1);
});

test("Retry-After is honoured", async (context) => {
  const advance = clockOf(context);
  const { fetch, requests } = fakeFetch(
    (count) => new Response("", count == 1 ? { status: 429, headers: { "retry-after": "7" } } : {}),
  );
  const raindrop = clientWith(fetch);
  raindrop.trackAi(event);
  const flush = raindrop.flush();
  await settled();
  advance(6_999);
  assert.equal(requests.length, 1);
  advance(1);
  assert.equal(requests.length, 2);
  assert.equal((await flush).delivered, 1);
});

test("a date in Retry-After is in UTC in each of its forms, wherever the process is", async (context) => {
  const { TZ } = process.env;
  context.after(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  process.env.TZ = "America/New_York";
  const advance = clockOf(context);
  context.mock.method(Date, "now", () => Date.UTC(1994, 10, 6, 8, 49, 30));
  for (const date of ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]) {
    const { fetch, requests } = fakeFetch(
      (count) => new Response("", count == 1 ? { status: 429, headers: { "retry-after": date } } : {}),
    );
    const raindrop = clientWith(fetch);
    raindrop.trackAi(event);
    const flush = raindrop.flush();
    await settled();
    advance(6_999);
    assert.equal(requests.length, 1, date);
    advance(1);
    assert.equal(requests.length, 2, date);
    await flush;
  }
});

test("the client's own fetch gets a plain POST", async () => {
  const { fetch, requests } = fakeFetch(() => new Response());
  const raindrop = clientWith(fetch);
  raindrop.trackAi(event);
  await raindrop.flush();
  const [{ url, method, headers, body, redirect, signal, ...rest }] = requests;
  assert.deepEqual([url, method, redirect], ["https://api.raindrop.ai/v1/events/track", "POST", "manual"]);
  assert.deepEqual(headers, { "Content-Type": "application/json", Authorization: "Bearer rk" });
  assert.equal(JSON.parse(body)[0].user_id, "u");
  assert.ok(signal instanceof AbortSignal);
  assert.deepEqual(rest, {});
});

test("an error body that hangs, or is endless, does not hide the status", async () => {
  const bodies = [{ pull: () => new Promise(() => {}) }, { pull: (stream) => stream.enqueue(new Uint8Array(1024).fill(120)) }];
  for (const body of bodies) {
    const { fetch } = fakeFetch(() => new Response(new ReadableStream(body), { status: 400 }));
    const raindrop = clientWith(fetch, { requestTimeoutMs: 50 });
    raindrop.trackAi(event);
    await told("warn", () => assert.rejects(raindrop.flush(), { code: "http_status", status: 400 }));
  }
});

test("a server that repeats the key does not put it into the error", async () => {
  const { fetch } = fakeFetch(() => new Response("bad key rk_secret", { status: 401 }));
  const raindrop = clientWith(fetch, { writeKey: "rk_secret" });
  raindrop.trackAi(event);
  const lines = await told("warn", () =>
    assert.rejects(raindrop.flush(), (error) => !error.message.includes("rk_secret")),
  );
  assert.ok(!lines.join().includes("rk_secret"));
});

test("what one task records goes out at its end, in one request", async () => {
  await withClient(
    async ({ raindrop, ingest }) => {
      raindrop.trackAi({ ...event, eventId: "1" });
      raindrop.trackAi({ ...event, eventId: "2" });
      await Promise.resolve();
      raindrop.trackAi({ ...event, eventId: "3" });
      const [{ body }] = await ingest.requests(1);
      assert.deepEqual(JSON.parse(body).map(({ event_id }) => event_id), ["1", "2", "3"]);
    },
    { flushOnFinish: undefined },
  );
});

test("a finished interaction, a signal and a user start a flush each", async () => {
  for (const record of [
    (raindrop) => raindrop.begin({ userId: "u", input: "hi" }).finish({ output: "bye" }),
    (raindrop) => raindrop.trackSignal({ eventId: "e", name: "n" }),
    (raindrop) => raindrop.identify({ userId: "u" }),
  ]) {
    await withClient(
      async ({ raindrop, ingest }) => {
        record(raindrop);
        assert.equal((await ingest.requests(1)).length, 1);
      },
      { flushOnFinish: true },
    );
  }
});

test("an open interaction and its spans wait for a flush", async (context) => {
  const advance = clockOf(context);
  const { fetch, requests } = fakeFetch(() => new Response());
  const raindrop = clientWith(fetch, { flushOnFinish: true });
  const interaction = raindrop.begin({ userId: "u", input: "hi" });
  interaction.setProperty("a", 1);
  interaction.startSpan({ name: "s" }).end();
  advance(60_000);
  assert.equal(requests.length, 0);
  interaction.finish({ output: "bye" });
  advance(1);
  assert.equal(requests.length, 2);
});

test("a background flush that fails is no unhandled rejection, and loses nothing", async (context) => {
  const advance = clockOf(context);
  let unhandled = 0;
  const count = () => unhandled++;
  process.on("unhandledRejection", count);
  const { fetch, requests } = fakeFetch(() => new Response("", { status: 500 }));
  const raindrop = clientWith(fetch, { flushOnFinish: true, maxAttempts: 1 });
  const lines = await told("warn", async () => {
    raindrop.trackAi(event);
    advance(1);
    await settled();
  });
  process.off("unhandledRejection", count);
  assert.match(lines.join(), /could not be delivered and wait for the next flush/);
  assert.deepEqual([requests.length, unhandled, raindrop.stats().pending], [1, 0, 1]);
});

test("a flush sends at once, and ends when what the package sent by itself has arrived", async (context) => {
  const advance = clockOf(context);
  const answers = [];
  const { fetch, requests } = fakeFetch(() => new Promise((answer) => answers.push(answer)));
  const raindrop = clientWith(fetch, { flushOnFinish: true });
  raindrop.trackAi(event);
  advance(1);
  raindrop.trackAi(event);
  let isOver = false;
  const flush = raindrop.flush().finally(() => (isOver = true));
  assert.equal(requests.length, 2);
  answers[1](new Response());
  await settled();
  assert.equal(isOver, false);
  answers[0](new Response());
  assert.equal((await flush).delivered, 1);
  assert.equal(raindrop.stats().delivered, 2);
});

test("a flush fails when what the package sent by itself did not arrive", async (context) => {
  const advance = clockOf(context);
  const answers = [];
  const failure = () => new Response("", { status: 503 });
  const { fetch } = fakeFetch((count) => (count > 2 ? failure() : new Promise((answer) => answers.push(answer))));
  const raindrop = clientWith(fetch, { flushOnFinish: true, maxAttempts: 1 });
  raindrop.trackAi(event);
  advance(1);
  raindrop.trackAi(event);
  const flush = raindrop.flush();
  await told("warn", async () => {
    answers[0](failure());
    await settled();
    // Its own request is still under way.
    assert.equal(await Promise.race([flush, "waits"]), "waits");
    answers[1](new Response());
    await assert.rejects(flush, { code: "http_status", status: 503 });
  });
  assert.deepEqual([raindrop.stats().delivered, raindrop.stats().pending], [1, 1]);
});

test("a page that is hidden sends all it has at once, the newest answer first, in requests that outlive it", async () => {
  const script = `
    import { Raindrop } from ${JSON.stringify(`${PACKAGE}node.js`)};
    const listeners = {};
    globalThis.document = { visibilityState: "visible", addEventListener: (name, listener) => (listeners[name] = listener) };
    globalThis.addEventListener = (name, listener) => (listeners[name] = listener);
    const requests = [];
    const fetch = (url, { body, keepalive }) => {
      requests.push([url.split("/v1/")[1], body.length, keepalive ?? false, JSON.parse(body).ai_data?.output]);
      return new Promise(() => {});
    };
    const raindrop = new Raindrop({ writeKey: "rk", fetch, flushOnFinish: false });
    raindrop.identify({ userId: "u" });
    for (const output of ["older", "newest"]) raindrop.begin({ userId: "u" }).finish({ output });
    raindrop.begin({ userId: "u", input: "open" });
    for (let number = 0; number < 12; number++) raindrop.trackAi({ userId: "u", input: "x".repeat(7000) });
    document.visibilityState = "hidden";
    listeners.visibilitychange();
    // What is sent later is not sent at all.
    console.log(JSON.stringify(requests));
    process.exit();`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  const requests = JSON.parse(stdout);
  assert.deepEqual(requests[0].slice(2), [true, "newest"]);
  const routes = requests.map(([route]) => route);
  const count = (route) => routes.filter((other) => other == route).length;
  assert.deepEqual(["users/identify", "events/track_partial", "events/track"].map(count), [1, 3, 6]);
  const kept = requests.filter(([, , keepalive]) => keepalive).map(([, length]) => length);
  assert.ok(kept.every((length) => length <= 16_384), String(kept));
  const sum = kept.reduce((sum, length) => sum + length, 0);
  assert.ok(sum > 50_000 && sum <= 65_536, String(sum));
});

test("whoever hears that the buffer is full may record, or throw", async (t) => {
  await withClient(
    async ({ raindrop, ingest }) => {
      t.mock.method(console, "warn", () => {
        raindrop.startSpan({ name: "told", eventId: "evt_1" }).end();
        throw new Error("no console here");
      });
      for (let index = 0; index < 100; index++) {
        raindrop.startSpan({ name: "long ".repeat(100), eventId: "evt_1" }).end();
        raindrop.track({ event: "seen", userId: "ada" });
      }
      await undefined;
      await raindrop.flush();
      for (const { error } of await ingest.requests()) assert.equal(error, null);
      const { accepted, delivered, dropped, pending } = raindrop.stats();
      assert.deepEqual([accepted, delivered, dropped, pending], [201, 102, 99, 0]);
    },
    { traceMaxQueueSize: 2 },
  );
});

test("scopes that were closed leave nothing behind, also where nothing is ever collected", async () => {
  const script = `
    // Node's own collects, and is made when it is first needed.
    new Response();
    globalThis.FinalizationRegistry = undefined;
    const { Instance } = WebAssembly;
    let memory;
    WebAssembly.Instance = function (...given) {
      const instance = new Instance(...given);
      ({ memory } = instance.exports);
      return instance;
    };
    const { Raindrop } = await import(${JSON.stringify(`${PACKAGE}node.js`)});
    const raindrop = new Raindrop({ writeKey: "rk", fetch: async () => new Response(), flushOnFinish: false });
    const serve = async (requests) => {
      for (let number = 0; number < requests; number++) {
        const scope = raindrop.scope();
        if (number % 10 == 0) scope.trackAi({ userId: "u", input: "hi" });
        await scope.close();
      }
      return memory.buffer.byteLength;
    };
    const before = await serve(1000);
    console.log(JSON.stringify([(await serve(10_000)) - before, raindrop.stats().delivered]));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  assert.deepEqual(JSON.parse(stdout), [0, 1100]);
});

test("a scope that is closed twice, or flushed after that, has nothing to do", async () => {
  const { fetch, requests } = fakeFetch(() => new Response());
  const raindrop = clientWith(fetch);
  const scope = raindrop.scope();
  scope.trackAi(event);
  const reports = await Promise.all([scope.close(), scope.close()]);
  raindrop.trackAi(event);
  reports.push(await scope.close(), await scope.flush());
  assert.deepEqual(reports.map(({ delivered }) => delivered), [1, 0, 0, 0]);
  assert.deepEqual(Object.keys(reports[3]), Object.keys(reports[0]));
  scope.scope().trackAi(event);
  assert.deepEqual([requests.length, raindrop.stats().pending, raindrop.stats().delivered], [1, 2, 1]);
});
