// 100,000 requests through the Worker example in workerd, to a backend that fails one request in twenty. Prints JSON.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { rss } from "./memory.mjs";
import { startWorker } from "./test/worker.mjs";

const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 100_000);
const AT_ONCE = 32;

const backend = spawn(process.env.RAINDROP_SOAK_BIN, ["backend"], { stdio: ["ignore", "pipe", "inherit"] });
const endpoint = await new Promise((line) => createInterface({ input: backend.stdout }).once("line", line));

const model = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event) => response.write(`data: ${JSON.stringify({ model: "gpt-4o-mini", ...event })}\n\n`);
  send({ choices: [{ delta: { content: "Five days." } }] });
  send({ choices: [], usage: { prompt_tokens: 21, completion_tokens: 7 } });
  response.end("data: [DONE]\n\n");
});
await new Promise((listening) => model.listen(0, "127.0.0.1", listening));

const worker = await startWorker("../../../worker-example/build/", {
  bindings: {
    LLM_URL: `http://127.0.0.1:${model.address().port}/v1/chat/completions`,
    LLM_MODEL: "gpt-4o-mini",
    LLM_API_KEY: "sk_soak",
    RAINDROP_ENDPOINT: endpoint,
    RAINDROP_WRITE_KEY: "rk_soak",
  },
});

const counts = async () => (await fetch(endpoint)).json();

/** Whether everything of so many requests is there: the end of an interaction and two spans for each. */
async function isComplete(requests) {
  const { arrived } = await counts();
  const [finals, spans] = ["events/track_partial", "traces"].map((route) => arrived[`/v1/${route}`]?.records ?? 0);
  return finals === requests && spans === 2 * requests;
}

async function chat(number) {
  const response = await fetch(new URL("/chat", worker.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_id: `user-${number}`, conversation_id: `convo-${number}`, message: "Refund?" }),
  });
  await response.text();
  if (!response.ok) throw new Error(`request ${number}: ${response.status}`);
}

const started = Date.now();
const memory = [];
let next = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < REQUESTS) {
      const number = next++;
      await chat(number);
      if (number % (REQUESTS / 10) === 0) memory.push(await rss());
    }
  }),
);
// What failed requests left behind goes with the next: as an app would, a trickle of them goes on.
let more = 0;
while (more < 1_000 && !(await isComplete(REQUESTS + more))) {
  await chat(REQUESTS + more++);
  await new Promise((over) => setTimeout(over, 100));
}

console.log(
  JSON.stringify({ requests: REQUESTS + more, seconds: Math.round((Date.now() - started) / 1000), workerd_rss_mib: memory, ...(await counts()) }),
);
await worker.stop();
model.close();
backend.kill();
