// A minute of recording at full speed in workerd, with nothing to deliver to. Prints JSON.
import { rss } from "./memory.mjs";
import { startWorker } from "./test/worker.mjs";

const SECONDS = 60;
const SAMPLES = 6;

const worker = await startWorker("../build/", { globals: { RAINDROP_ENDPOINT: "http://127.0.0.1:9/v1/" } });
const samples = [];
const started = Date.now();
let now;
while (samples.length < SAMPLES) {
  now = await (await fetch(new URL("/flood", worker.url))).json();
  const seconds = Math.floor((Date.now() - started) / 1000);
  if (seconds >= ((samples.length + 1) * SECONDS) / SAMPLES) {
    samples.push({ seconds, wasm_mib: now.memory / 1024 / 1024, workerd_rss_mib: await rss() });
  }
}
console.log(JSON.stringify({ ...now, samples }));
await worker.stop();
