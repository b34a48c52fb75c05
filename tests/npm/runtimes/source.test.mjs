// What is built from source without this repository's tools: `wasm-pack build --target web -- --features js`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Ingest } from "../../worker/test/ingest.mjs";

const DIRECTORY = process.env.RAINDROP_SOURCE_DIRECTORY ?? fileURLToPath(new URL("../../../target/npm/source", import.meta.url));

let Raindrop;

before(async () => {
  const module = await import(pathToFileURL(`${DIRECTORY}/raindrop.js`).href);
  module.initSync({ module: await readFile(`${DIRECTORY}/raindrop_bg.wasm`) });
  ({ Raindrop } = module);
});

test("what a module built from source records lands", async () => {
  const ingest = await Ingest.start();
  try {
    const raindrop = new Raindrop({ writeKey: "rk_test", endpoint: ingest.endpoint });
    const interaction = raindrop.begin({ eventId: "evt_1", event: "chat", userId: "ada", input: "Hello" });
    interaction.startToolSpan({ name: "look_up" }).end();
    interaction.finish({ output: "Hi" });
    await raindrop.close();

    const { interactions, spans } = await ingest.received();
    assert.deepEqual(interactions.evt_1.ai_data, { input: "Hello", output: "Hi" });
    assert.deepEqual(spans.map(({ name }) => name), ["look_up"]);
  } finally {
    await ingest.stop();
  }
});

test("a module built from source warns once of what could not be delivered", async (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const fetch = async () => new Response("", { status: 503 });
  const raindrop = new Raindrop({ writeKey: "rk_test", flushOnFinish: false, maxAttempts: 1, fetch });
  raindrop.track({ event: "seen", userId: "ada" });
  await raindrop.flush().catch(() => {});
  const lines = warn.mock.calls.map(({ arguments: [line] }) => String(line));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0], /could not be delivered/);
});
