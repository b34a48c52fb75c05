// What a workerd that this process started takes of memory.
import { readFile, readdir } from "node:fs/promises";

/** Resident, in MiB. */
export async function rss() {
  for (const pid of await readdir("/proc")) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const isOurs = status.match(/^PPid:\s+(\d+)$/m)?.[1] === String(process.pid);
    if (isOurs && /^Name:\s+workerd$/m.test(status)) return Math.round(status.match(/^VmRSS:\s+(\d+)/m)[1] / 1024);
  }
  return null;
}

/** Modules around a Worker that make it tell the size of wasm's memory: see {@link wasm}. */
export const AROUND = [
  {
    type: "ESModule",
    path: "around.mjs",
    contents: `
      import "./instance.mjs";
      import Worker from "./main.mjs";
      export default class extends Worker {
        fetch(request) {
          const isAsked = new URL(request.url).pathname === "/wasm-memory";
          return isAsked ? new Response(String(globalThis.wasmMemory.buffer.byteLength)) : super.fetch(request);
        }
      }`,
  },
  {
    type: "ESModule",
    path: "instance.mjs",
    contents: `
      WebAssembly.Instance = class extends WebAssembly.Instance {
        constructor(...args) {
          super(...args);
          globalThis.wasmMemory = this.exports.memory;
        }
      };`,
  },
];

/** That of a Worker with {@link AROUND}, in MiB. It never shrinks. */
export async function wasm(worker) {
  const bytes = await (await fetch(new URL("/wasm-memory", worker.url))).text();
  return Number(bytes) / 1024 / 1024;
}

/** How fast it grew over the second half of the samples, in KiB for each request. */
export function slope(samples) {
  const [first, last] = [samples[samples.length >> 1], samples.at(-1)];
  return Math.round(((last.workerd_rss_mib - first.workerd_rss_mib) * 10_240) / (last.requests - first.requests)) / 10;
}
