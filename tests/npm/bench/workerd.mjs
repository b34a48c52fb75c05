// Prints the medians in workerd, in microseconds, as JSON.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { startCopies, startModules } from "../../worker/test/worker.mjs";
import { cases } from "./cases.mjs";
import { rounds } from "./rounds.mjs";

/** What the peer needs. */
const FLAGS = ["nodejs_als"];

/** How many Workers start at once: the runtime's own start varies by more than one of them takes. */
const COPIES = 20;

const directory = process.argv[2];

async function bundle(entry) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    alias: { "raindrop-edge": join(directory, "workerd.js"), async_hooks: "node:async_hooks" },
    external: ["*.wasm", "node:*", "cloudflare:*"],
  });
  const script = { type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text };
  if (!script.contents.includes("raindrop_bg.wasm")) return [script];
  const wasm = { type: "CompiledWasm", path: "raindrop_bg.wasm", contents: await readFile(join(directory, "raindrop_bg.wasm")) };
  return [script, wasm];
}

async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1000;
}

// By turns, each in an isolate of its own, as an app has one of them.
const figures = {};
const workers = {
  ours: await startModules(await bundle("worker-ours.mjs"), {}, FLAGS),
  peer: await startModules(await bundle("worker-peer.mjs"), {}, FLAGS),
};
for (const [name, { per }] of Object.entries(cases)) {
  figures[name] = await rounds(workers, async ({ url, output }) => {
    const call = async (path) => {
      const response = await fetch(new URL(`${path}?${new URLSearchParams({ case: name })}`, url));
      if ((await response.text()) !== "done") throw new Error(`${path} failed: ${output()}`);
    };
    await call("/prepare");
    const nothing = await timed(() => call("/nothing"));
    const took = await timed(() => call("/work"));
    await call("/clean");
    return (took - nothing) / per;
  });
}
for (const { stop } of Object.values(workers)) await stop();

// From the start of the runtime to the answer of Workers that record, which needs the module to be there, less the same with
// Workers that do nothing.
const IDLE = 'export default { fetch: () => new Response("idle") };';
const starts = await rounds(
  {
    idle: [{ type: "ESModule", path: "idle.mjs", contents: IDLE }],
    ours: await bundle("first-ours.mjs"),
    peer: await bundle("first-peer.mjs"),
  },
  async (modules) => {
    let copies;
    const took = await timed(async () => {
      copies = await startCopies(modules, COPIES, FLAGS);
      const answer = await (await fetch(copies.url)).text();
      if (answer !== "done") throw new Error(`no start: ${copies.output()}`);
    });
    await copies.stop();
    return took / COPIES;
  },
  { warmUp: 1 },
);
figures["import → first recorded span"] = { ours: starts.ours - starts.idle, peer: starts.peer - starts.idle };
console.log(JSON.stringify(figures));
process.exit(0);
