// Where JavaScript and the wasm module meet.
import { kept } from "./kept.js";

/** Builds clients; there once the wasm module has started. */
export let core;

export function connect(first) {
  core = first;
}

const decoder = new TextDecoder();

/** What the wasm module has shown last: a request to make, with its body and how many bytes that has; or numbers. */
export let shown;

/** The body is here, or known by a number. */
export function showRequest(slot, route, isToWorkshop, timeout, bytes, number) {
  const { body, size } = number ? kept(number) : { body: decoder.decode(bytes), size: bytes.length };
  shown = [slot, route, isToWorkshop, timeout, body, size];
}

export function showNumbers(numbers) {
  shown = [...numbers];
}

export const monotonic = () => (globalThis.performance ?? Date).now();

/** That of the package. */
export const VERSION = "0.1.0";

/** Which of the known runtimes this is. Workers come first: with `nodejs_compat` they have a `process` too. */
export function runtime() {
  const { navigator, Deno, Bun, process, document, WorkerGlobalScope } = globalThis;
  if (navigator?.userAgent == "Cloudflare-Workers") return "cloudflare-worker";
  if (Deno) return "deno";
  if (Bun) return "bun";
  if (process?.versions?.node) return "node";
  if (document) return "browser";
  return WorkerGlobalScope ? "web-worker" : "unknown";
}
