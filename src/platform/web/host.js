/** What the crate asks of its host, for a Worker, a browser, node, deno and bun alike. */

/** Milliseconds since some fixed moment; never runs backwards where there is a `performance`. */
export const monotonic = () => (globalThis.performance ?? Date).now();

/** Fills the bytes at random. Returns whether nobody can predict them: Workers refuse such bytes in their global scope. */
export function entropy(bytes) {
  try {
    return !!crypto.getRandomValues(bytes);
  } catch {
    for (const index in bytes) bytes[index] = Math.random() * 256;
    return false;
  }
}

/** Which runtime this is, by the globals that each documents. With `nodejs_compat` a Worker has a `process` too. */
export function runtime() {
  const has = globalThis;
  if (has.navigator?.userAgent == "Cloudflare-Workers") return "cloudflare-worker";
  if (has.Deno) return "deno";
  if (has.Bun) return "bun";
  if (has.process?.versions?.node) return "node";
  if (has.document) return "browser";
  return has.WorkerGlobalScope ? "web-worker" : "unknown";
}

/** `setTimeout` takes more for nothing at all. */
const LONGEST_MS = 2 ** 31 - 1;

/** What becomes of a promise, or nothing if it takes too long. Node does not end before its timers do. */
async function within(millis, promise) {
  let timer;
  const alarm = new Promise((ring) => (timer = setTimeout(ring, Math.min(millis, LONGEST_MS))));
  try {
    return await Promise.race([promise, alarm]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes a request. Resolves to the status, the `Retry-After` header and the beginning of an error's body, to a text that says
 * why there is no answer, or to nothing if there is none in time.
 */
export function post(url, headers, body, millis) {
  const controller = new AbortController();
  const cancel = () => controller.abort();
  // The bytes are a view into the module's memory. A redirect could lead the write key to another host.
  const init = { method: "POST", headers, body: body.slice(), signal: controller.signal, redirect: "manual" };
  // A request left behind could still be served while its records are sent again, and an unread body holds one of a
  // Worker's six connections.
  return Object.assign(exchange(url, init, millis).finally(cancel), { cancel });
}

/** How long a body may take once the status is there. */
const BODY_TIMEOUT_MS = 1000;

async function exchange(url, init, millis) {
  const deadline = monotonic() + millis;
  try {
    const response = await within(millis, fetch(url, init));
    if (!response) return;
    // The status has arrived: whatever the body does changes nothing.
    const body = beginning(response).catch(() => {});
    const text = await within(Math.min(deadline - monotonic(), BODY_TIMEOUT_MS), body);
    return [response.status, response.headers.get("retry-after"), text];
  } catch (error) {
    return error === undefined ? "the request could not be sent" : String(error);
  }
}

const BODY_LIMIT = 4096;

/** The beginning of an error's body, up to what is no text; no other is read. */
async function beginning({ ok, body }) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let left = ok ? 0 : BODY_LIMIT; left > 0; ) {
    const { value } = await reader.read();
    if (!value) break;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel();
  return text.split("\ufffd")[0];
}
