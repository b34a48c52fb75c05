// 100,000 requests through the Worker example in workerd, to a backend that fails one request in twenty; before it, a fifth
// as many through a Worker without the SDK that makes the same requests, for comparison. Prints JSON for each.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { AROUND, rss, slope, wasm } from "./memory.mjs";
import { startModules, startWorker } from "./test/worker.mjs";

const REQUESTS = Number(process.env.SOAK_REQUESTS ?? 100_000);
const AT_ONCE = 32;

/** What the example does in JavaScript: a call of the model, and once the caller has its answer, two posts. */
const CONTROL = `
export default {
  async fetch(request, env, context) {
    const body = await request.text();
    const post = (url, body) => fetch(url, { method: "POST", body });
    const answer = await (await post(env.LLM_URL, body)).text();
    const deliver = async (route) => {
      for (let attempt = 0; attempt < 3; attempt++) {
        const signal = AbortSignal.timeout(5_000);
        const body = JSON.stringify([{ event_id: crypto.randomUUID(), name: crypto.randomUUID(), answer }]);
        const response = await fetch(env.RAINDROP_ENDPOINT + route, { method: "POST", body, signal }).catch(() => null);
        await response?.body?.cancel();
        if (response?.ok) return;
      }
    };
    context.waitUntil(Promise.all([deliver("control"), deliver("control")]));
    return new Response(answer);
  },
};`;

async function startBackend() {
  const backend = spawn(process.env.RAINDROP_SOAK_BIN, ["backend"], { stdio: ["ignore", "pipe", "inherit"] });
  const endpoint = await new Promise((line) => createInterface({ input: backend.stdout }).once("line", line));
  return { endpoint, counts: async () => (await fetch(endpoint)).json(), stop: () => backend.kill() };
}

const model = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event) => response.write(`data: ${JSON.stringify({ model: "gpt-4o-mini", ...event })}\n\n`);
  send({ choices: [{ delta: { content: "Five days." } }] });
  send({ choices: [], usage: { prompt_tokens: 21, completion_tokens: 7 } });
  response.end("data: [DONE]\n\n");
});
await new Promise((listening) => model.listen(0, "127.0.0.1", listening));

const bindings = (endpoint) => ({
  LLM_URL: `http://127.0.0.1:${model.address().port}/v1/chat/completions`,
  LLM_MODEL: "gpt-4o-mini",
  LLM_API_KEY: "sk_soak",
  RAINDROP_ENDPOINT: endpoint,
  RAINDROP_WRITE_KEY: "rk_soak",
});

async function chat(worker, number) {
  const response = await fetch(new URL("/chat", worker.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_id: `user-${number}`, conversation_id: `convo-${number}`, message: "Refund?" }),
  });
  await response.text();
  if (!response.ok) throw new Error(`request ${number}: ${response.status}`);
}

/** So many requests, some at once. Returns the memory at every tenth of them. */
async function load(worker, requests, wasmMib) {
  const samples = [];
  const sample = async (done) => samples.push({ requests: done, workerd_rss_mib: await rss(), wasm_mib: await wasmMib() });
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < requests) {
        const number = next++;
        await chat(worker, number);
        if (number % (requests / 10) === 0) await sample(number);
      }
    }),
  );
  await sample(requests);
  return samples;
}

async function control(requests) {
  const backend = await startBackend();
  const modules = [{ type: "ESModule", path: "main.mjs", contents: CONTROL }];
  const worker = await startModules(modules, bindings(backend.endpoint));
  const samples = await load(worker, requests, () => undefined);
  console.log(JSON.stringify({ worker: "without the SDK", kib_per_request: slope(samples), samples }));
  await worker.stop();
  backend.stop();
}

async function soak(requests) {
  const backend = await startBackend();
  const worker = await startWorker("../../../worker-example/build/", { bindings: bindings(backend.endpoint), around: AROUND });

  /** Whether everything of so many requests is there: the end of an interaction and two spans for each. */
  const isComplete = async (requests) => {
    const { arrived } = await backend.counts();
    const [finals, spans] = ["events/track_partial", "traces"].map((route) => arrived[`/v1/${route}`]?.records ?? 0);
    return finals === requests && spans === 2 * requests;
  };

  const started = Date.now();
  const samples = await load(worker, requests, () => wasm(worker));
  // What failed requests left behind goes with the next: as an app would, a trickle of them goes on.
  let more = 0;
  while (more < 1_000 && !(await isComplete(requests + more))) {
    await chat(worker, requests + more++);
    await new Promise((over) => setTimeout(over, 100));
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  const counts = await backend.counts();
  const memory = { kib_per_request: slope(samples), samples };
  console.log(JSON.stringify({ worker: "example", chats: requests + more, seconds, ...memory, ...counts }));
  await worker.stop();
  backend.stop();
}

await control(REQUESTS / 5);
await soak(REQUESTS);
model.close();
