// What the READMEs and the migration page show users of JavaScript, with nothing but the endpoint added.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import * as esbuild from "esbuild";
import { Ingest } from "../../worker/test/ingest.mjs";
import { startModules } from "../../worker/test/worker.mjs";
import { bin, install, run } from "../support/install.mjs";

const page = (path) => readFile(new URL(`../../../${path}`, import.meta.url), "utf8");
const readme = await page("README.md");
let app, ingest;

before(async () => {
  app = await install();
  ingest = await Ingest.start();
});

after(async () => {
  await ingest?.stop();
  await app?.remove();
});

beforeEach(() => ingest.clear());

/** The only block of code in this language. */
function block(language) {
  const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, found]) => found === language);
  assert.equal(blocks.length, 1, `the README has ${blocks.length} blocks of ${language}`);
  return blocks[0][2];
}

const settings = () => `writeKey: "rk_test", endpoint: ${JSON.stringify(ingest.endpoint)}`;

async function assertLanded(input, output) {
  await ingest.requests(2);
  for (const request of await ingest.requests()) assert.equal(request.error, null);
  const { interactions, spans } = await ingest.received();
  const [interaction] = Object.values(interactions);
  assert.equal(interaction.user_id, "user_123");
  assert.equal(interaction.event, "chat_message");
  assert.equal(interaction.is_pending, false);
  assert.deepEqual([interaction.ai_data.input, interaction.ai_data.output], [input, output]);
  assert.deepEqual(spans.map((span) => span.name), ["answer"]);
}

test("the code of the page compiles under strict rules and delivers", async () => {
  const source = block("ts");
  await writeFile(app.path("main.ts"), source);
  await writeFile(app.path("vite.d.ts"), "interface ImportMeta { readonly env: Record<string, string> }");
  // Those of Vite's template.
  const language = ["--strict", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom"];
  const modules = ["--module", "esnext", "--moduleResolution", "bundler", "--noEmit"];
  await run(bin("tsc"), [...language, ...modules, "main.ts", "vite.d.ts"], { cwd: app.directory });

  const script = source
    .replace("writeKey: import.meta.env.VITE_RAINDROP_WRITE_KEY", settings())
    .replace("document.body.textContent = output", "console.log(output)");
  const { code } = await esbuild.transform(script, { loader: "ts" });
  await writeFile(app.path("main.mjs"), code);
  const { stdout } = await run(process.execPath, ["main.mjs"], { cwd: app.directory });
  assert.equal(stdout, "You asked: What is the capital of France?\n");
  await assertLanded("What is the capital of France?", "You asked: What is the capital of France?");
});

test("the Worker answers and delivers", async () => {
  const source = block("js");
  const contents = source.replace("writeKey: env.RAINDROP_WRITE_KEY", "writeKey: 'rk_test', endpoint: env.ENDPOINT");
  assert.notEqual(contents, source);
  const { outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: app.directory },
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["*.wasm"],
  });
  const modules = [
    { type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text },
    { type: "CompiledWasm", path: "raindrop_bg.wasm", contents: await readFile(`${app.package}/raindrop_bg.wasm`) },
  ];
  const worker = await startModules(modules, { ENDPOINT: ingest.endpoint });
  try {
    const response = await fetch(worker.url, { method: "POST", body: "What is the capital of France?" });
    assert.equal(await response.text(), "Paris.");
    await assertLanded("What is the capital of France?", "Paris.");
  } finally {
    await worker.stop();
  }
});

test("the code at the top of the package's README delivers in node", async () => {
  const [, source] = (await page("pkg-templates/README.md")).match(/^```js\n(.*?)^```$/ms);
  await writeFile(app.path("top.mjs"), source.replace("writeKey: process.env.RAINDROP_WRITE_KEY", settings()));
  const { stdout } = await run(process.execPath, ["top.mjs"], { cwd: app.directory });
  assert.equal(stdout, "4\n");
  const { interactions, signals, spans } = await ingest.received();
  assert.deepEqual(spans.map((span) => span.name).sort(), ["answer", "find_order"]);
  const [interaction] = Object.values(interactions);
  assert.equal(interaction.ai_data.output, "You asked: Where is order 1815?");
  assert.equal(signals[0].event_id, interaction.event_id);
});

test("the test of the page about testing passes", async () => {
  const [, source] = (await page("docs/testing.md")).match(/^```js\n(.*?)^```$/ms);
  await writeFile(app.path("answer.test.mjs"), source.replace('"vitest"', '"node:test"'));
  await run(process.execPath, ["answer.test.mjs"], { cwd: app.directory });
});

test("the program of the migration page delivers all that it records", async () => {
  const [, source] = (await page("docs/migration.md")).match(/^```js\n(.*?)^```$/ms);
  await writeFile(app.path("migrated.mjs"), source.replace("writeKey: process.env.RAINDROP_WRITE_KEY", settings()));
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
