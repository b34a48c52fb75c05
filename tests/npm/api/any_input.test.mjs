// Whatever an app hands over: the constructor throws a TypeError at most, no call throws, every body is one that the backend
// takes, and the books balance. `FUZZ_SECONDS=600` goes on for so long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ingest } from "../../worker/test/ingest.mjs";
import { Raindrop, RaindropError } from "./setup.mjs";

const SEEDS = 1200;
const ROUTE = /(users|events|signals)\/\w+$|traces$/;

const OPTIONS =
  "writeKey endpoint projectId serviceName localWorkshopUrl disabled debug flushOnFinish fetch onError maxTextFieldChars " +
  "eventMaxQueueSize traceMaxQueueSize traceMaxBatchSize maxAttempts requestTimeoutMs closeTimeoutMs noSuchOption";
const FIELDS =
  "eventId userId event input output model convoId timestamp properties attachments featureFlags isPending name type role value " +
  "language sentiment comment after attachmentId traits attributes startTime endTime durationMs error operationId provider " +
  "messages content inputTokens outputTokens parent hasOwnProperty __proto__ toString";
const CALLS = {
  client: "begin resumeInteraction trackAi track trackSignal identify setUserDetails startSpan startLlmSpan startToolSpan trackTool tracer scope",
  interaction: "setProperty setProperties setInput addAttachments finish startSpan startLlmSpan startToolSpan trackTool getEventId",
  span: "setAttributes setInput setOutput setError setTokenUsage end startSpan startToolSpan setModel setProvider setMessages",
};

/** Mulberry32. */
function random(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  const one = (list) => list[below(list.length)];
  return { below, one };
}

/** Values of every kind, and some that bite when they are touched. */
function values({ below, one }) {
  const text = () =>
    one(["", "u1", "é\ud800", "\u0000\u001f\"\\", "x".repeat(below(3000)), "2025-01-02T03:04:05Z", "https://a.test/v1", "NaN", "\udc00\ud83d\ude00"]);
  const number = () => one([0, -0, 1, -1, 1.5, 1e21, 2 ** 53, NaN, Infinity, -Infinity, Date.now(), 253402300799999]);
  const odd = () => {
    const cycle = { name: "cycle" };
    cycle.self = [cycle];
    return one([
      cycle,
      Symbol("s"),
      10n ** 30n,
      () => "called",
      new Date(NaN),
      new Date(0),
      new Map([["a", 1]]),
      new Error("went wrong"),
      Object.create(null),
      new Proxy({}, { get: () => { throw new Error("touched"); }, ownKeys: () => { throw new Error("listed"); } }),
      { toJSON: () => { throw new Error("not to JSON"); } },
      { toString: () => { throw new Error("not to text"); } },
      { get input() { throw new Error("not to be read"); } },
      { get userId() { throw null; } },
      new Uint8Array(9),
      new String("boxed"),
    ]);
  };
  const any = (depth = 0) => {
    switch (below(depth > 3 ? 5 : 8)) {
      case 0: return one([undefined, null, true, false]);
      case 1: return number();
      case 2: return odd();
      case 3:
      case 4: return text();
      case 5: return Array.from({ length: below(4) }, () => any(depth + 1));
      default: return object(FIELDS.split(" "), depth + 1);
    }
  };
  const object = (names, depth) =>
    Object.fromEntries(Array.from({ length: below(7) }, () => [one(names), any(depth)]));
  return { any, object, likely: () => ({ userId: "u", event: "e", eventId: "i", input: "hi", name: "n", ...object(FIELDS.split(" "), 1) }) };
}

/** `check` says what is wrong with a body, if anything is. */
async function journey(seed, check) {
  const chance = random(seed);
  const { any, object, likely } = values(chance);
  const { below, one } = chance;
  const checks = [];
  const fetch = async (url, { body }) => {
    // Not awaited here: what is thrown here is taken for a failed request.
    checks.push(check(url, body));
    return new Response("", { status: one([200, 200, 200, 400, 413, 500]) });
  };
  const usual = { writeKey: "rk_test", maxAttempts: 1, flushOnFinish: false, onError: () => {}, fetch };
  let raindrop;
  try {
    raindrop = new Raindrop(one([usual, usual, usual, { ...usual, ...object(OPTIONS.split(" "), 0), fetch, maxAttempts: 1 }, any()]));
  } catch (error) {
    assert.ok(error instanceof TypeError && error.message.startsWith("new Raindrop: "), String(error));
    return;
  }
  const handles = [[raindrop, "client"]];
  for (let call = below(40); call > 0; call--) {
    const [handle, kind] = one(handles);
    const name = one(CALLS[kind].split(" "));
    if (typeof handle[name] != "function") continue;
    const made = handle[name](...Array.from({ length: below(3) }, () => one([any, likely, likely])()));
    if (name == "begin" || name == "resumeInteraction") handles.push([made, "interaction"]);
    if (/^start/.test(name)) handles.push([made, "span"]);
    if (name == "scope") handles.push([made, "client"]);
  }
  for (const [handle, kind] of handles.reverse()) {
    if (kind != "client") continue;
    await handle.close().catch((error) => assert.ok(error instanceof RaindropError, error.stack));
  }
  const { accepted, delivered, dropped, pending } = raindrop.stats();
  const wrong = (await Promise.all(checks)).filter(Boolean);
  assert.deepEqual([delivered + dropped, pending, wrong], [accepted, 0, []]);
}

test("no input throws where it is recorded, makes a body that is refused, or is lost without being counted", async (context) => {
  for (const level of ["warn", "error", "debug", "log"]) context.mock.method(console, level, () => {});
  const ingest = await Ingest.start();
  context.after(() => ingest.stop());
  const headers = { authorization: "Bearer rk_test", "content-type": "application/json" };
  const check = async (url, body) => {
    const [route] = url.match(ROUTE);
    const response = await fetch(ingest.endpoint + route, { method: "POST", headers, body });
    const answer = await response.text();
    return response.ok ? undefined : answer;
  };
  const end = Date.now() + 1000 * Number(process.env.FUZZ_SECONDS ?? 0);
  for (let seed = 1; seed <= SEEDS || Date.now() < end; seed++) {
    if (seed % 100 == 0) await ingest.clear();
    await journey(seed, check).catch((error) => assert.fail(`seed ${seed}: ${error.stack}`));
  }
});
