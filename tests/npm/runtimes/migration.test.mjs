// The program of docs/migration.md, written for raindrop-ai, with nothing but the endpoint added.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Ingest } from "../../worker/test/ingest.mjs";
import { install, run } from "../support/install.mjs";

let app, ingest;

before(async () => {
  app = await install();
  ingest = await Ingest.start();
});

after(async () => {
  await ingest?.stop();
  await app?.remove();
});

test("the program of the migration page delivers all that it records", async () => {
  const page = await readFile(new URL("../../../docs/migration.md", import.meta.url), "utf8");
  const [, source] = page.match(/^```js\n(.*?)^```$/ms);
  const settings = `writeKey: "rk_test", endpoint: ${JSON.stringify(ingest.endpoint)}`;
  await writeFile(app.path("migrated.mjs"), source.replace("writeKey: process.env.RAINDROP_WRITE_KEY", settings));
  const { stdout, stderr } = await run(process.execPath, ["migrated.mjs"], { cwd: app.directory });
  assert.deepEqual([stdout, stderr], ["It is in Rotterdam.\n", ""]);

  for (const request of await ingest.requests()) assert.equal(request.error, null);
  const { events, filtered_spans, interactions, signals, spans, users } = await ingest.received();
  assert.deepEqual(users, [{ user_id: "user_123", traits: { plan: "pro" } }]);
  const [interaction] = Object.values(interactions);
  assert.equal(interaction.is_pending, false);
  assert.deepEqual([interaction.ai_data.output, interaction.properties.tools], ["It is in Rotterdam.", 1]);
  assert.equal(interaction.attachments[0].name, "Parcel");
  assert.deepEqual(signals.map((signal) => [signal.event_id, signal.signal_type]), [[interaction.event_id, "feedback"]]);
  assert.deepEqual(events.map((event) => [event.event, event.ai_data.output]), [["title", "Order 1815"]]);
  assert.deepEqual(spans.map((span) => span.name).sort(), ["fetch_tickets", "find_order", "sum up", "write answer"]);
  assert.deepEqual(filtered_spans, []);
});
