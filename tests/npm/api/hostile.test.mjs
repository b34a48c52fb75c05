// Answers that never end or mean nothing: they cost no more than a refusal or silence.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Raindrop, told, withClient } from "./setup.mjs";

const event = { userId: "u", input: "hi" };

const faults = {
  "a body without end": { EndlessBodyWithStatus: 503 },
  "a compressed body without end": { CompressedBomb: 503 },
  "a body that drips": { DripBody: 503 },
  "headers without end": "EndlessHeaders",
  "hints without end": "EndlessHints",
  silence: "Hang",
};

for (const [what, fault] of Object.entries(faults)) {
  test(`${what}: the flush ends, and the next one delivers`, async () => {
    await withClient(
      async ({ raindrop, ingest }) => {
        await ingest.fail("*", 2, fault);
        raindrop.trackAi(event);
        const before = process.memoryUsage().arrayBuffers;
        await told("warn", () =>
          assert.rejects(raindrop.flush(), (error) => {
            assert.ok(Buffer.byteLength(error.message) < 4200, `${error.message.length} characters`);
            return ["http_status", "http", "timeout"].includes(error.code);
          }),
        );
        assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
        assert.deepEqual([(await ingest.requests()).length, raindrop.stats().pending], [2, 1]);
        assert.equal((await raindrop.flush()).delivered, 1);
      },
      { maxAttempts: 2, requestTimeoutMs: 300 },
    );
  });
}

for (const [what, fault] of Object.entries({
  "a body without end": "EndlessBody",
  "a compressed body without end": { CompressedBomb: 200 },
  "a body that drips": { DripBody: 200 },
  "a body that hangs": "HangBody",
})) {
  test(`a success with ${what} is a success`, async () => {
    await withClient(
      async ({ raindrop, ingest }) => {
        await ingest.fail("*", 1, fault);
        raindrop.trackAi(event);
        assert.deepEqual([(await raindrop.flush()).delivered, (await ingest.requests()).length], [1, 1]);
      },
      { requestTimeoutMs: 300 },
    );
  });
}

test("an error shows 4 KiB of the body at most, cut between characters, whatever its bytes", async () => {
  const shown = async (body) => {
    const raindrop = new Raindrop({ writeKey: "rk", fetch: () => new Response(body, { status: 400 }), flushOnFinish: false });
    raindrop.trackAi(event);
    let message;
    await told("warn", async () => {
      ({ message } = await raindrop.flush().catch((error) => error));
    });
    return message.replace(/^.*?400(: )?/s, "");
  };
  assert.equal(await shown(`x${"😀".repeat(2000)}`), `x${"😀".repeat(1023)}`);
  assert.equal(await shown("x".repeat(9000)), "x".repeat(4096));
  const noText = await shown(new Uint8Array(9000).fill(0xff));
  assert.ok(Buffer.byteLength(noText) <= 4096, `${Buffer.byteLength(noText)} bytes`);
});

test("no more is read of an encoded body than of others, however short it says it is", async () => {
  let read = 0;
  const pull = (controller) => controller.enqueue(new Uint8Array(1024).fill(++read));
  const headers = { "content-length": "165", "content-encoding": "br" };
  const fetch = async () => new Response(new ReadableStream({ pull }), { headers });
  const raindrop = new Raindrop({ writeKey: "rk", fetch, flushOnFinish: false });
  raindrop.trackAi(event);
  assert.equal((await raindrop.flush()).delivered, 1);
  assert.ok(read < 10, `${read} KiB`);
});
