// The write key of a client in workerd goes to the ingestion API and nowhere else.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Ingest } from "./ingest.mjs";
import { startWorker } from "./worker.mjs";

/** As in tests/worker/src. */
const KEY = "rk_worker";

let ingest, elsewhere, worker;

before(async () => {
  [ingest, elsewhere] = await Promise.all([Ingest.start(), Ingest.start()]);
  worker = await startWorker("../build/", { globals: { RAINDROP_ENDPOINT: ingest.endpoint } });
});

after(async () => {
  await worker?.stop();
  await Promise.all([ingest?.stop(), elsewhere?.stop()]);
});

beforeEach(() => ingest.clear());

/** Records something, and returns what the Worker logs of delivering it. */
async function delivered() {
  const before = worker.output().length;
  await worker.get("/quiet?user=u");
  const logged = () => worker.output().slice(before);
  await worker.until("/stats", () => /^scope of u closed.*\n/m.test(logged()));
  return logged();
}

test("a key that the server repeats is told in no error and no log, also where the body is cut", async () => {
  for (const body of [`no key: ${KEY}`, "x".repeat(4096 - 5) + KEY]) {
    await ingest.clear();
    await ingest.fail("*", "forever", { Status: { status: 401, body } });
    const logged = await delivered();
    assert.match(logged, /\*{5}/);
    assert.ok(!logged.includes(KEY.slice(0, 5)), logged.slice(-200));
  }
  // Warned of once in a while.
  assert.match(worker.output(), /are lost \(Rejected\): the server answered 401: no key: \*{9}\n/);
  assert.equal((await ingest.requests())[0].headers.authorization, `Bearer ${KEY}`);
});

test("a redirect is not followed, to another host or the same", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    for (const location of [`${elsewhere.endpoint}traces`, "/v1/traces"]) {
      await ingest.clear();
      await ingest.fail("*", "forever", { Status: { status, headers: [["location", location]] } });
      assert.match(await delivered(), new RegExp(`scope of u closed: the server answered ${status}`));
      assert.equal((await ingest.requests()).length, 3);
    }
  }
  assert.deepEqual(await elsewhere.requests(), []);
});
