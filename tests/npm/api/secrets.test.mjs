// The write key goes to the ingestion API and nowhere else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Ingest } from "../../worker/test/ingest.mjs";
import { Raindrop, told, withClient } from "./setup.mjs";

const KEY = "rk_live_7f3c9a_do_not_tell";
const event = { userId: "u", input: "hi" };

const assertUntold = (text) => assert.ok(!text.includes(KEY) && !text.includes("Bearer"), text);

/** Everything that a value shows of itself. */
const shown = (value) =>
  [inspect(value, { showHidden: true, depth: Infinity, getters: true }), String(value), JSON.stringify(value), ...Object.keys(value)].join();

/** What is written to the console, by any of its methods, while `work` runs. */
async function written(work) {
  const methods = ["debug", "log", "info", "warn", "error", "trace"];
  const [method, ...others] = methods;
  const inner = others.reduce(
    (work, method) => async () => void lines.push(...(await told(method, work))),
    work,
  );
  const lines = [];
  lines.push(...(await told(method, inner)));
  return lines.join("\n");
}

test("nothing that the package hands out shows the key", async () => {
  await withClient(
    async ({ raindrop, ingest }) => {
      const interaction = raindrop.begin({ userId: "u", input: "hi" });
      raindrop.trackAi(event);
      await ingest.fail("events/track", 1, { Status: { status: 401 } });
      const error = await raindrop.flush().catch((error) => error);
      raindrop.trackAi(event);
      const [span, llm, tool] = [raindrop.startSpan({ name: "s" }), raindrop.startLlmSpan({ name: "l" }), raindrop.startToolSpan({ name: "t" })];
      const values = { raindrop, scope: raindrop.scope(), interaction, tracer: raindrop.tracer({}), span, llm, tool, error, stats: raindrop.stats(), report: await raindrop.flush() };
      for (const value of [values, ...Object.values(values)]) assertUntold(shown(value));
    },
    { writeKey: KEY },
  );
});

test("no line on the console has the key", async () => {
  const text = await written(() =>
    withClient(
      async ({ raindrop, ingest }) => {
        raindrop.startSpan({ name: "useless" }).end();
        for (const fault of [{ Status: { status: 200 } }, { Status: { status: 401, body: `no key: ${KEY}` } }, { Status: { status: 503 } }, "Reset", "Hang"]) {
          await ingest.succeed();
          await ingest.fail("*", "forever", fault);
          raindrop.trackAi(event);
          await raindrop.flush().catch(() => {});
        }
        raindrop.trackAi({ input: KEY.length });
      },
      { writeKey: KEY, debugLogs: true, maxAttempts: 1, requestTimeoutMs: 50, closeTimeoutMs: 100, projectId: "-invalid-", onError: undefined },
    ),
  );
  for (const line of ["delivered in", "projectId|project_id", "are lost", "wait for the next flush", "trackAi"]) assert.match(text, new RegExp(line));
  assert.ok(!text.includes(KEY), text);
});

test("a bad option says so without the key", () => {
  for (const options of [{ writeKey: `${KEY}\n` + KEY }, { writeKey: `${KEY}é` }, { writeKey: [KEY] }, { writeKey: { KEY } }, { writeKey: KEY, endpoint: "nowhere" }, KEY]) {
    assert.throws(() => new Raindrop(options), (error) => {
      assertUntold(shown(error));
      return error instanceof TypeError;
    });
  }
});

test("what a server says of the key is told without it, also where the text is cut", async () => {
  const error = async (body) => {
    const fetch = () => new Response(body, { status: 401 });
    const raindrop = new Raindrop({ writeKey: KEY, fetch, flushOnFinish: false });
    raindrop.trackAi(event);
    let error;
    await told("warn", async () => {
      error = await raindrop.flush().catch((error) => error);
    });
    return error.message;
  };
  const stars = "*".repeat(KEY.length);
  assert.match(await error(`{"error":"${KEY} is no key","got":"Bearer ${KEY}"}`), new RegExp(`"${stars.replaceAll("*", "\\*")} is no key","got":"Bearer \\*+"`));
  for (let cut = 4; cut < KEY.length; cut++) {
    const message = await error("x".repeat(4096 - cut) + KEY);
    assert.ok(message.endsWith(`x${"*".repeat(cut)}`), message.slice(-40));
  }
});

test("a `fetch` of the app's own may say what it was given, and the error does not", async () => {
  const fetch = (url, { headers }) => {
    throw new Error(`no mock for ${url} with ${JSON.stringify(headers)}`);
  };
  const raindrop = new Raindrop({ writeKey: KEY, fetch, flushOnFinish: false, maxAttempts: 1 });
  raindrop.trackAi(event);
  const lines = await told("warn", () =>
    assert.rejects(raindrop.flush(), (error) => {
      assert.match(error.message, /no mock for https:.*"Authorization":"Bearer \*+"/);
      return !shown(error).includes(KEY);
    }),
  );
  assert.ok(!lines.join().includes(KEY), lines.join());
});

test("a redirect is not followed, to another host or the same", async () => {
  const elsewhere = await Ingest.start();
  try {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [`${elsewhere.endpoint}events/track`, "/v1/events/track"]) {
        await withClient(
          async ({ raindrop, ingest }) => {
            await ingest.fail("*", 1, { Status: { status, headers: [["location", location]] } });
            raindrop.trackAi(event);
            await told("warn", () => assert.rejects(raindrop.flush(), { code: "http_status", status }));
            assert.equal((await ingest.requests()).length, 1);
            assert.equal(raindrop.stats().droppedBy.rejected, 1);
          },
          { writeKey: KEY },
        );
      }
    }
    assert.deepEqual(await elsewhere.requests(), []);
  } finally {
    await elsewhere.stop();
  }
});

test("a Workshop gets a copy, and not the key", async () => {
  const workshop = await Ingest.start();
  try {
    await withClient(
      async ({ raindrop }) => {
        raindrop.trackAi(event);
        raindrop.identify({ userId: "u" });
        await raindrop.flush();
      },
      { writeKey: KEY, projectId: "support-bot", debugLogs: false, localWorkshopUrl: workshop.endpoint },
    );
    const requests = await workshop.requests();
    assert.equal(requests.length, 2);
    for (const request of requests) {
      assertUntold(JSON.stringify(request));
      assert.deepEqual(Object.keys(request.headers).filter((name) => name.startsWith("x-raindrop") || name == "authorization"), []);
    }
  } finally {
    await workshop.stop();
  }
});
