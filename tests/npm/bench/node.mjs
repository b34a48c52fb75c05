// In node: both in one process, by turns. Prints medians in microseconds as JSON.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { cases, discardRequests, prepared } from "./cases.mjs";
import { ours, peer } from "./contestants.mjs";
import { rounds } from "./rounds.mjs";

discardRequests();
const contestants = {
  ours: ours(await import(process.argv[2])),
  peer: peer(await import("@raindrop-ai/ai-sdk")),
};

const figures = {};
for (const [name, bench] of Object.entries(cases)) {
  figures[name] = await rounds(contestants, async (create) => {
    const { clients, work } = prepared(bench, create);
    const start = performance.now();
    await work();
    const took = performance.now() - start;
    // What is held would be in the way of the next round.
    for (const client of clients) await client.flush();
    return (took * 1000) / bench.per;
  });
}

const modules = { ours: process.argv[2], peer: "@raindrop-ai/ai-sdk" };
const first = fileURLToPath(new URL("first.mjs", import.meta.url));
figures["import → first recorded span"] = await rounds(
  { ours: ["ours", modules.ours], peer: ["peer", modules.peer] },
  (contestant) => Number(execFileSync(process.execPath, [first, ...contestant])),
  { warmUp: 1 },
);
console.log(JSON.stringify(figures));
process.exit(0);
