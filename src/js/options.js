// The options of a client.
import { Client } from "./client.js";
import { core } from "./host.js";
import { demandObject, read, table } from "./input.js";
import { json } from "./json.js";

/** What an entry of the package may change before the first client is made. */
export const defaults = { flushOnFinish: true, flushOnPageHide: true };

const OPTIONS = table(
  "writeKey endpoint projectId serviceName localWorkshopUrl ?debug #maxTextFieldChars #maxAttempts #traceMaxBatchSize " +
    "#traceMaxQueueSize #eventMaxQueueSize #baseDelayMs #requestTimeoutMs #closeTimeoutMs " +
    "?disabled ?debugLogs ?flushOnFinish ?flushOnPageHide >fetch >onError",
);

/** The call that asks what is wrong with the options, as wasm numbers it. */
const PROBLEM = 8;

/** Options that were warned about. */
const unknown = new Set();

export function build(options) {
  if (!core) throw new Error("raindrop-edge is not ready: `await init()` before `new Raindrop()`");
  try {
    // Nothing is sent to Workshop unless its URL is given.
    options ??= {};
    demandObject(options, "the argument");
    const items = read(OPTIONS, { ...options, localWorkshopUrl: options.localWorkshopUrl || undefined });
    const [disabled, debugLogs, flushOnFinish, flushOnPageHide, fetch, onError] = items.splice(14);
    items[5] = items[5] || debugLogs ? 1 : undefined;
    if (disabled) items[0] = items[4] = undefined;
    const built = core.build(json(items));
    const problem = built.call(PROBLEM, "");
    if (problem) throw new Error(problem.replace("invalid configuration: ", "").replace("write_key", "writeKey"));
    warnOfUnknown(options);
    return Client.of(built, {
      flushOnFinish: flushOnFinish ?? defaults.flushOnFinish,
      flushOnPageHide: flushOnPageHide ?? defaults.flushOnPageHide,
      fetch,
      onError,
    });
  } catch ({ message }) {
    throw new TypeError(`new Raindrop: ${message}`);
  }
}

function warnOfUnknown(options) {
  for (const name of Object.keys(options)) {
    if (unknown.has(name) || options[name] == null || OPTIONS.some(([, known]) => known == name)) continue;
    unknown.add(name);
    console.warn(`raindrop: new Raindrop: there is no option "${name}"`);
  }
}
