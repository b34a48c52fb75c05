// The packed tarball in the runtimes that have no page: node, deno, bun, and workerd.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as vite from "vite";
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

test("deno runs it without permission to read", async () => {
  const permissions = ["--allow-net", "--allow-env"];
  await assertLanded(ingest, await script(bin("deno"), "run", ...permissions, "script.mjs"), "deno");
});

test("bun runs it", async () => {
  await assertLanded(ingest, await script(bin("bun"), "run", "script.mjs"), "bun");
});

/** Runs what a bundler made of the script, which it wrote to the path it was given: in a directory with nothing beside it. */
async function bundled(file, bundle, program = process.execPath) {
  const directory = await mkdtemp(join(tmpdir(), "raindrop-bundle-"));
  try {
    await bundle(join(directory, file));
    return await script(program, join(directory, file));
  } finally {
    await rm(directory, { recursive: true });
  }
}

for (const [format, file] of [["esm", "server.mjs"], ["cjs", "server.cjs"]]) {
  test(`a server that esbuild bundled as ${format} needs no file beside it`, async () => {
    // CommonJS has no `await` outside of functions.
    const contents = `import { journey } from "./journey.mjs"; journey(process.argv[2]).then((it) => console.log(JSON.stringify(it)));`;
    const stdin = { contents, resolveDir: app.directory };
    const bundle = (outfile) => esbuild.build({ stdin, outfile, format, bundle: true, minify: true, platform: "node" });
    await assertLanded(ingest, await bundled(file, bundle), "node");
  });
}

test("a server that Vite bundled with the package needs no file beside it", async () => {
  const bundle = (path) => {
    const build = { ssr: app.path("script.mjs"), outDir: dirname(path), rollupOptions: { output: { entryFileNames: basename(path) } } };
    return vite.build({ root: app.directory, configFile: false, logLevel: "error", ssr: { noExternal: true }, build });
  };
  await assertLanded(ingest, await bundled("server.mjs", bundle), "node");
});

test("a server that bun bundled needs no file beside it", async () => {
  const bundle = (path) => run(bin("bun"), ["build", "script.mjs", "--target=bun", `--outfile=${path}`], { cwd: app.directory });
  await assertLanded(ingest, await bundled("server.mjs", bundle, bin("bun")), "bun");
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
