// One contestant in node, in a thread of its own: measures the case that it is told of, and answers with microseconds.
import { parentPort, workerData } from "node:worker_threads";
import { cases, discardRequests, prepared } from "./cases.mjs";
import * as contestants from "./contestants.mjs";

discardRequests();
const create = contestants[workerData.who](await import(workerData.module));

parentPort.on("message", async (name) => {
  const bench = cases[name];
  const { clients, work } = prepared(bench, create);
  const start = performance.now();
  await work();
  const took = performance.now() - start;
  // What is held would be in the way of the next round.
  for (const client of clients) await client.flush();
  parentPort.postMessage((took * 1000) / bench.per);
});
