// The package as it was built, and a client of it for each test, with an ingestion server.
import { fileURLToPath, pathToFileURL } from "node:url";
import { Ingest } from "../../worker/test/ingest.mjs";

const DIRECTORY = process.env.RAINDROP_NPM_DIRECTORY ?? fileURLToPath(new URL("../../../target/npm/raindrop-edge/", import.meta.url));

/** The directory of the package, with a slash at its end. */
export const PACKAGE = DIRECTORY.endsWith("/") ? DIRECTORY : `${DIRECTORY}/`;

export const { Raindrop, RaindropError, init } = await import(pathToFileURL(`${PACKAGE}node.js`).href);

export const MOMENT = "2025-01-02T03:04:05.678Z";

/** Runs a test with a server of its own and a client that sends there, and leaves nothing behind. */
export async function withClient(test, options = {}) {
  const ingest = await Ingest.start();
  const errors = [];
  const raindrop = new Raindrop({
    writeKey: "rk_test_key",
    endpoint: ingest.endpoint,
    flushOnFinish: false,
    baseDelayMs: 1,
    onError: (error) => errors.push(error),
    ...options,
  });
  try {
    await test({ raindrop, ingest, errors });
  } finally {
    await raindrop.close().catch(() => {});
    await ingest.stop();
  }
}

/** What lands of that which `record` records, with no complaint of the server or the client. */
export async function landed(record, options) {
  let received;
  await withClient(async ({ raindrop, ingest, errors }) => {
    await record(raindrop);
    await raindrop.close();
    const requests = await ingest.requests();
    const complaints = [...errors.map(String), ...requests.map(({ error }) => error)].filter(Boolean);
    if (complaints.length) throw new Error(complaints.join("\n"));
    received = { ...(await ingest.received()), requests };
  }, options);
  return received;
}

/** What `console[method]` is told while `work` runs. */
export async function told(method, work) {
  const original = console[method];
  const lines = [];
  console[method] = (line) => lines.push(line);
  try {
    await work();
  } finally {
    console[method] = original;
  }
  return lines;
}

/** Properties without what the SDK says of itself. */
export const own = ({ $context, ...properties }) => properties;
