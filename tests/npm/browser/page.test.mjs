// What a page does to telemetry: leaving in the middle, and policies about content and origins.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { serve } from "../../../examples/browser/serve.mjs";
import { Ingest } from "../../worker/test/ingest.mjs";
import { bundlers } from "../support/bundlers.mjs";
import { launch, open } from "../support/chromium.mjs";
import { install } from "../support/install.mjs";
import { assertLanded } from "../support/landed.mjs";

let app, ingest, browser, files, site;
/** A fresh one for each test. They end with the browser: one whose page has just been left may never close. */
let context;

before(async () => {
  app = await install();
  ingest = await Ingest.start();
  browser = await launch();
  files = await bundlers.esbuild(app);
  site = await serve({ "/": files });
});

after(async () => {
  site?.stop();
  await browser?.close();
  await ingest?.stop();
  await app?.remove();
});

beforeEach(async () => {
  await ingest.clear();
  context = await browser.newContext();
});

/** Records the first half of an interaction and returns its event's id. Nothing has been sent when this is done. */
async function beginSomething(page) {
  const eventId = await page.evaluate(async (endpoint) => {
    await init();
    globalThis.raindrop = new Raindrop({ writeKey: "rk_test", endpoint });
    const interaction = raindrop.begin({ event: "support_chat", userId: "ada", input: "Where is my order?" });
    interaction.setProperty("channel", "web");
    const tool = interaction.startToolSpan({ name: "find_order" });
    tool.setOutput({ order: 1815 });
    tool.end();
    return interaction.eventId;
  }, ingest.endpoint);
  assert.deepEqual(await ingest.requests(), []);
  return eventId;
}

async function assertBeginningLanded(eventId) {
  // One for the interaction, one for the span.
  for (const request of await ingest.requests(2)) assert.equal(request.error, null);
  const { interactions, spans } = await ingest.received();
  assert.equal(interactions[eventId].ai_data.input, "Where is my order?");
  assert.equal(interactions[eventId].properties.channel, "web");
  assert.equal(interactions[eventId].is_pending, true);
  assert.deepEqual(spans.map((span) => span.attributes["traceloop.entity.output"]), ['{"order":1815}']);
}

test("a reload in the middle of an interaction loses nothing, and the next page finishes it", async () => {
  const page = await open(context, site.origin);
  const eventId = await beginSomething(page);
  await page.reload();
  await assertBeginningLanded(eventId);

  await page.evaluate(
    async ([endpoint, eventId]) => {
      await init();
      const raindrop = new Raindrop({ writeKey: "rk_test", endpoint });
      raindrop.resumeInteraction(eventId, { userId: "ada", event: "support_chat" }).finish({ output: "On its way." });
    },
    [ingest.endpoint, eventId],
  );
  await ingest.requests(3);
  const { [eventId]: interaction } = (await ingest.received()).interactions;
  assert.equal(interaction.ai_data.output, "On its way.");
  assert.equal(interaction.is_pending, false);
});

test("a tab that is closed in the middle of an interaction loses nothing", async () => {
  const page = await open(context, site.origin);
  const eventId = await beginSomething(page);
  await page.close({ runBeforeUnload: true });
  await assertBeginningLanded(eventId);
});

test("a link that is followed in the same task as `finish` loses nothing", async () => {
  const page = await open(context, site.origin);
  const eventId = await beginSomething(page);
  await page.evaluate((eventId) => {
    raindrop.resumeInteraction(eventId).finish({ output: "On its way." });
    location.href = "about:blank";
  }, eventId);
  await ingest.requests(2);
  const { interactions, spans } = await ingest.received();
  assert.equal(interactions[eventId].ai_data.output, "On its way.");
  assert.equal(interactions[eventId].is_pending, false);
  assert.equal(spans.length, 1);
});

test("a tab that is closed while a flush waits for another attempt makes that attempt", async () => {
  const page = await open(context, site.origin);
  await page.evaluate(async (endpoint) => {
    await init();
    const answers = [new Response(null, { status: 503 })];
    const fetch = async (...request) => answers.pop() ?? globalThis.fetch(...request);
    const raindrop = new Raindrop({ writeKey: "rk_test", endpoint, baseDelayMs: 3_600_000, fetch });
    raindrop.track({ event: "page_opened", userId: "ada" });
    raindrop.flush();
    await new Promise((refused) => setTimeout(refused));
  }, ingest.endpoint);
  assert.deepEqual(await ingest.requests(), []);
  await page.close({ runBeforeUnload: true });
  await ingest.requests(1);
  assert.deepEqual((await ingest.received()).events.map(({ event }) => event), ["page_opened"]);
});

test("a page whose other scripts have taken all the room for requests that outlive it delivers", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  try {
    const page = await open(context, site.origin);
    const arrived = once(silent, "request");
    await page.evaluate((port) => {
      const body = " ".repeat(62_000);
      fetch(`http://127.0.0.1:${port}/`, { method: "POST", mode: "no-cors", keepalive: true, body }).catch(() => {});
    }, silent.address().port);
    await arrived;
    const delivered = await page.evaluate(async (endpoint) => {
      await init();
      const raindrop = new Raindrop({ writeKey: "rk_test", endpoint, baseDelayMs: 1 });
      raindrop.track({ event: "page_opened", userId: "ada", properties: { text: "y".repeat(5000) } });
      return (await raindrop.flush()).delivered;
    }, ingest.endpoint);
    assert.equal(delivered, 1);
  } finally {
    silent.close();
    silent.closeAllConnections();
  }
});

/** The page under a policy that allows itself, and what else `sources` says. */
const underPolicy = (sources) =>
  serve({ "/": files }, { headers: { "content-security-policy": `default-src 'self'; ${sources}` } });

test("a content security policy needs 'wasm-unsafe-eval' and the endpoint, nothing else", async () => {
  const guarded = await underPolicy(`script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${ingest.origin}`);
  try {
    const page = await open(context, guarded.origin);
    const outcome = await page.evaluate((endpoint) => journey(endpoint), ingest.endpoint);
    await assertLanded(ingest, outcome, "browser");
    assert.deepEqual(page.troubles, []);
  } finally {
    guarded.stop();
  }
});

test("without 'wasm-unsafe-eval' `init` rejects with the browser's reason", async () => {
  const guarded = await underPolicy(`connect-src 'self' ${ingest.origin}`);
  try {
    const page = await open(context, guarded.origin);
    const reason = await page.evaluate(() => init().then(() => "started", String));
    assert.match(reason, /Content Security Policy/);
  } finally {
    guarded.stop();
  }
});

test("the browser asks the other origin first, for exactly the headers that are sent", async () => {
  const page = await open(context, site.origin);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const asked = new Set();
  session.on("Network.requestWillBeSentExtraInfo", ({ headers }) => {
    const names = headers["Access-Control-Request-Headers"] ?? headers["access-control-request-headers"];
    if (names) asked.add(names);
  });
  await page.evaluate((endpoint) => journey(endpoint), ingest.endpoint);
  assert.deepEqual([...asked], ["authorization,content-type"]);
});

test("a page whose telemetry is blocked goes on, and nothing is lost meanwhile", async () => {
  const guarded = await underPolicy("script-src 'self' 'wasm-unsafe-eval'");
  try {
    const page = await open(context, guarded.origin);
    const [code, pending] = await page.evaluate(async (endpoint) => {
      await init();
      const raindrop = new Raindrop({ writeKey: "rk_test", endpoint, maxAttempts: 1 });
      raindrop.track({ event: "page_opened", userId: "ada" });
      const code = await raindrop.flush().then(() => "delivered", (error) => error.code);
      return [code, raindrop.stats().pending];
    }, ingest.endpoint);
    assert.deepEqual([code, pending], ["http", 1]);
  } finally {
    guarded.stop();
  }
});

test("a redirect is not followed, and its target gets nothing", async () => {
  const elsewhere = await Ingest.start();
  try {
    const page = await open(context, site.origin);
    for (const location of [`${elsewhere.endpoint}events/track`, "/v1/events/track"]) {
      await ingest.fail("*", 1, { Status: { status: 307, headers: [["location", location]] } });
      const [code, status, { dropped }] = await page.evaluate(async (endpoint) => {
        await init();
        const raindrop = new Raindrop({ writeKey: "rk_test", endpoint });
        raindrop.track({ event: "page_opened", userId: "ada" });
        const { code, status } = await raindrop.flush().catch((error) => error);
        return [code, status, raindrop.stats()];
      }, ingest.endpoint);
      // A page is not told which of them it was.
      assert.deepEqual([code, status, dropped], ["http_status", 302, 1]);
    }
    assert.equal((await ingest.requests()).length, 2);
    assert.deepEqual(await elsewhere.requests(), []);
  } finally {
    await elsewhere.stop();
  }
});
