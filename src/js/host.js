// Where JavaScript and the wasm module meet.

/** Builds clients; there once the wasm module has started. */
export let core;

export function connect(first) {
  core = first;
}

export const monotonic = () => (globalThis.performance ?? Date).now();

/** 32 random bits; nothing where they are refused, as in a Worker's global scope. */
export function entropy32() {
  try {
    return crypto.getRandomValues(new Uint32Array(1))[0];
  } catch {}
}

const RUNTIMES = ["cloudflare-worker", "deno", "bun", "node", "browser", "web-worker", "unknown"];

/** Which of the known runtimes this is. Workers come first: with `nodejs_compat` they have a `process` too. */
export const runtime = () =>
  [
    globalThis.navigator?.userAgent == "Cloudflare-Workers",
    globalThis.Deno,
    globalThis.Bun,
    globalThis.process?.versions?.node,
    globalThis.document,
    globalThis.WorkerGlobalScope,
    true,
  ].findIndex(Boolean);

/** That of the package. */
const VERSION = "0.1.0";

/** What events say of what recorded them, as JSON. */
export const context = () =>
  `{"library":{"name":"raindrop-edge","version":"${VERSION}"},"metadata":{"language":"rust","runtime":"${RUNTIMES[runtime()]}"}}`;
