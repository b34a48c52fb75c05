// A Worker in a real workerd.
import { readFile } from "node:fs/promises";
import { Log, LogLevel, Miniflare } from "miniflare";
import { LONG_ENOUGH_MS } from "./patience.mjs";

const MAIN = 'import "./globals.mjs"; export * from "./index.js"; export { default } from "./index.js";';

const DATE = "2026-07-01";

const FRONT = `
  export default {
    async fetch(request, copies) {
      for (const copy of Object.values(copies)) await (await copy.fetch(request.url)).text();
      return new Response("done");
    },
  };`;

/**
 * Starts the Worker that `worker-build` left in `directory`. `globals` are on `globalThis` before it is loaded; with `isDeployed`
 * the clock of its global scope says 0, as only that of a deployed Worker does. The first of `around`, modules, is its entry in
 * place of its own.
 */
export async function startWorker(directory, { bindings = {}, globals = {}, isDeployed = false, around = [] } = {}) {
  const root = new URL(directory, import.meta.url);
  const assignments = Object.entries(globals).map(([name, value]) => `globalThis.${name} = ${JSON.stringify(value)};`);
  if (isDeployed) assignments.push("Date.now = () => 0;");
  const modules = [
    ...around,
    { type: "ESModule", path: "main.mjs", contents: MAIN },
    { type: "ESModule", path: "globals.mjs", contents: assignments.join("\n") },
    { type: "ESModule", path: "index.js", contents: await readFile(new URL("index.js", root), "utf8") },
    { type: "CompiledWasm", path: "index_bg.wasm", contents: await readFile(new URL("index_bg.wasm", root)) },
  ];
  return startModules(modules, bindings);
}

/**
 * Starts a Worker of these modules, the first of which is its entry. `output()` is what it and the runtime have logged.
 * `get(path)` returns its whole answer. `until(path, isEnough)` asks again and again, each time in a request of its own, and
 * returns the JSON that was enough.
 */
export const startModules = (modules, bindings, flags = []) =>
  start({ modules, bindings, compatibilityDate: DATE, compatibilityFlags: ["enable_request_signal", ...flags] });

/** Starts so many Workers of these modules, and in front of them one that answers when each of them has. */
export function startCopies(modules, count, flags = []) {
  const names = Array.from({ length: count }, (_, index) => `copy${index}`);
  const front = {
    name: "front",
    modules: [{ type: "ESModule", path: "front.mjs", contents: FRONT }],
    serviceBindings: Object.fromEntries(names.map((name) => [name, name])),
    compatibilityDate: DATE,
  };
  const copy = { modules, compatibilityDate: DATE, compatibilityFlags: flags };
  return start({ workers: [front, ...names.map((name) => ({ name, ...copy }))] });
}

async function start(options) {
  const output = [];
  const miniflare = new Miniflare({
    ...options,
    host: "127.0.0.1",
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio(stdout, stderr) {
      for (const stream of [stdout, stderr]) {
        stream.setEncoding("utf8").on("data", (chunk) => output.push(chunk));
      }
    },
  });
  const url = await miniflare.ready;
  const logged = () => output.join("");

  async function get(path) {
    try {
      const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(LONG_ENOUGH_MS) });
      return new Response(await response.arrayBuffer(), response);
    } catch (cause) {
      throw new Error(`${path} was not answered. The Worker logged:\n${logged()}`, { cause });
    }
  }

  async function until(path, isEnough) {
    const end = AbortSignal.timeout(LONG_ENOUGH_MS);
    for (;;) {
      const answer = await (await get(path)).json();
      if (isEnough(answer)) return answer;
      if (end.aborted) throw new Error(`${path} is still ${JSON.stringify(answer)}. The Worker logged:\n${logged()}`);
    }
  }

  return { url, miniflare, output: logged, get, until, stop: () => miniflare.dispose() };
}
