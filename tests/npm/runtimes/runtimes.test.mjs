// The packed tarball in the runtimes that have no page: node, deno, bun, and workerd.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { Ingest } from "../../worker/test/ingest.mjs";
import { startModules } from "../../worker/test/worker.mjs";
import { bin, install, run } from "../support/install.mjs";
import { assertLanded } from "../support/landed.mjs";

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

async function script(program, ...args) {
  // What a runtime wants to keep, it keeps with the app.
  const env = { ...process.env, DENO_DIR: app.path(".deno"), DENO_NO_UPDATE_CHECK: "1", BUN_INSTALL: app.path(".bun") };
  const { stdout } = await run(program, [...args, ingest.endpoint], { cwd: app.directory, env });
  return JSON.parse(stdout);
}

test("node runs it", async () => {
  await assertLanded(ingest, await script(process.execPath, "script.mjs"), "node");
});

const oldestNode = fileURLToPath(new URL("../node_modules/node-oldest/bin/node", import.meta.url));

test("the oldest node that the package admits runs it", { skip: !existsSync(oldestNode) && "is installed on Linux, x64" }, async () => {
  const { engines } = JSON.parse(await readFile(`${app.package}/package.json`, "utf8"));
  const { stdout } = await run(oldestNode, ["--print", "process.versions.node.split('.')[0]"]);
  assert.equal(engines.node, `>=${stdout.trim()}`);
  await assertLanded(ingest, await script(oldestNode, "script.mjs"), "node");
});

test("deno runs it", async () => {
  const permissions = ["--allow-read", "--allow-net", "--allow-env"];
  await assertLanded(ingest, await script(bin("deno"), "run", ...permissions, "script.mjs"), "deno");
});

test("bun runs it", async () => {
  await assertLanded(ingest, await script(bin("bun"), "run", "script.mjs"), "bun");
});

test("a Worker runs it, with the module that the platform compiled", async () => {
  const worker = await startModules(await bundleWorker(), { RAINDROP_ENDPOINT: ingest.endpoint });
  try {
    const response = await fetch(worker.url);
    await assertLanded(ingest, await response.json(), "cloudflare-worker");
  } finally {
    await worker.stop();
  }
});

/** As wrangler does it: one file of JavaScript, and wasm as modules beside it. */
async function bundleWorker() {
  const { outputFiles } = await esbuild.build({
    entryPoints: [app.path("worker.mjs")],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["*.wasm"],
  });
  return [
    { type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text },
    { type: "CompiledWasm", path: "raindrop_bg.wasm", contents: await readFile(`${app.package}/raindrop_bg.wasm`) },
  ];
}
