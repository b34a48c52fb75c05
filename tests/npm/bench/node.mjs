// In node: by turns, each in an isolate of its own, as an app has one of them. Prints medians in microseconds as JSON.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { cases } from "./cases.mjs";
import { rounds } from "./rounds.mjs";

const modules = { ours: process.argv[2], peer: "@raindrop-ai/ai-sdk" };
const contestants = Object.fromEntries(
  Object.entries(modules).map(([who, module]) => {
    return [who, new Worker(new URL("node-contestant.mjs", import.meta.url), { workerData: { who, module } })];
  }),
);

const figures = {};
for (const name of Object.keys(cases)) {
  figures[name] = await rounds(contestants, async (worker) => {
    worker.postMessage(name);
    const [took] = await once(worker, "message");
    return took;
  });
}

const first = fileURLToPath(new URL("first.mjs", import.meta.url));
figures["import → first recorded span"] = await rounds(
  { ours: ["ours", modules.ours], peer: ["peer", modules.peer] },
  (contestant) => Number(execFileSync(process.execPath, [first, ...contestant])),
  { warmUp: 1 },
);
console.log(JSON.stringify(figures));
process.exit(0);
