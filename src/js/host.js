// Where JavaScript and the wasm module meet.

/** Builds clients; there once the wasm module has started. */
export let core;

export function connect(first) {
  core = first;
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
