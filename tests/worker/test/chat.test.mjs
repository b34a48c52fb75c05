// The example that people copy: worker-example in a real workerd, with a scripted model.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { Ingest } from "./ingest.mjs";
import { startWorker } from "./worker.mjs";

let ingest, model, worker;

before(async () => {
  ingest = await Ingest.start();
  model = await Model.start();
  worker = await startWorker("../../../worker-example/build/", {
    bindings: {
      LLM_URL: model.url,
      LLM_MODEL: "gpt-4o-mini",
      LLM_API_KEY: "sk_test",
      RAINDROP_ENDPOINT: ingest.endpoint,
      RAINDROP_WRITE_KEY: "rk_test",
    },
  });
});

after(async () => {
  await worker?.stop();
  model?.stop();
  await ingest?.stop();
});

beforeEach(async () => {
  await ingest.clear();
  model.script = ["Refunds ", "take ", "five days."];
});

/** A model that streams the words of a script; a function in it is awaited. */
class Model {
  static async start() {
    const model = new Model();
    model.server = createServer(async (request, response) => {
      model.asked = await new Response(request).json();
      if (model.script === "fail") return response.writeHead(503).end("overloaded");
      response.writeHead(200, { "content-type": "text/event-stream" });
      const send = (event) => response.write(`data: ${JSON.stringify({ model: "gpt-4o-mini-2024-07-18", ...event })}\n\n`);
      for (const step of model.script) {
        if (typeof step === "function") await step();
        else send({ choices: [{ delta: { content: step } }] });
      }
      send({ choices: [], usage: { prompt_tokens: 21, completion_tokens: 7 } });
      response.end("data: [DONE]\n\n");
    });
    await new Promise((listening) => model.server.listen(0, "127.0.0.1", listening));
    model.url = `http://127.0.0.1:${model.server.address().port}/v1/chat/completions`;
    return model;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

// Compressing, the runtime would hold chunks back.
const headers = { "accept-encoding": "identity" };
const post = (path, body, options) =>
  fetch(new URL(path, worker.url), { method: "POST", body: JSON.stringify(body), headers, ...options });
const ask = (message, options) => post("/chat", { user_id: "u1", conversation_id: "c1", message }, options);

/** Waits for the requests that a chat ends with: its interaction and its spans. */
async function landed() {
  await ingest.requests(2);
  const received = await ingest.received();
  assert.ok(received.partials.length && received.spans.length);
  return received;
}

test("a streamed answer is recorded whole: interaction, model call with tokens, tool call, attachment", async () => {
  const response = await ask("How do refunds work?");
  const eventId = response.headers.get("x-event-id");
  assert.equal(await response.text(), "Refunds take five days.");

  const { interactions, spans } = await landed();
  const interaction = interactions[eventId];
  assert.deepEqual(interaction.ai_data, {
    input: "How do refunds work?",
    output: "Refunds take five days.",
    model: "gpt-4o-mini",
    convo_id: "c1",
  });
  assert.equal(interaction.user_id, "u1");
  assert.equal(interaction.is_pending, false);
  assert.equal(interaction.attachments[0].name, "help page");

  const [tool] = spans.filter((span) => span.name === "search help pages");
  const [call] = spans.filter((span) => span.name === "answer");
  assert.equal(tool.attributes["traceloop.entity.output"], "Refunds reach the card within five working days.");
  assert.equal(call.attributes["gen_ai.usage.input_tokens"], 21);
  assert.equal(call.attributes["gen_ai.usage.output_tokens"], 7);
  assert.equal(call.attributes["gen_ai.response.model"], "gpt-4o-mini-2024-07-18");
  assert.equal(call.attributes["ai.response.text"], "Refunds take five days.");
  assert.equal(call.status_code, 1);
  assert.equal(tool.trace_id, call.trace_id);
});

test("nothing is sent before the stream has ended", async () => {
  const { promise: gate, resolve: open } = deferred();
  model.script = ["one ", () => gate, "two"];
  const response = await ask("How is delivery?");
  const reader = response.body.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "one ");
  assert.equal((await ingest.requests()).length, 0);
  open();
  while (!(await reader.read()).done);
  const { interactions } = await landed();
  assert.equal(interactions[response.headers.get("x-event-id")].ai_data.output, "one two");
});

test("a caller who hangs up in the middle leaves what was said until then", async () => {
  const { promise: gate, resolve: open } = deferred();
  // The runtime notices at its next write, so the model goes on talking for a while.
  const rambling = Array.from({ length: 5_000 }, () => [() => new Promise(setImmediate), "and so on "]).flat();
  model.script = ["I was about ", () => gate, ...rambling, "The end."];
  const hangUp = new AbortController();
  const response = await ask("How is delivery?", { signal: hangUp.signal });
  await response.body.getReader().read();
  hangUp.abort();
  open();
  const { interactions, spans } = await landed();
  const interaction = interactions[response.headers.get("x-event-id")];
  assert.match(interaction.ai_data.output, /^I was about /);
  assert.doesNotMatch(interaction.ai_data.output, /The end/);
  assert.equal(interaction.is_pending, false);
  const [call] = spans.filter((span) => span.name === "answer");
  assert.deepEqual([call.status_code, call.status_message], [2, "the caller hung up"]);
});

test("a model that fails is recorded as a failed call of an interaction that has its input", async () => {
  model.script = "fail";
  const response = await ask("Anyone?");
  assert.equal(response.status, 502);
  const { interactions, spans } = await landed();
  const interaction = interactions[response.headers.get("x-event-id")];
  assert.equal(interaction.ai_data.input, "Anyone?");
  assert.equal(interaction.is_pending, false);
  const [call] = spans.filter((span) => span.name === "answer");
  assert.equal(call.status_code, 2);
  assert.match(call.status_message, /503.*overloaded/);
});

test("feedback on an answer lands as a signal", async () => {
  const response = await post("/feedback", { event_id: "evt_1", helpful: false, comment: "too slow" });
  assert.equal(response.status, 204);
  await ingest.requests(1);
  const [signal] = (await ingest.received()).signals;
  assert.equal(signal.event_id, "evt_1");
  assert.equal(signal.signal_type, "feedback");
  assert.equal(signal.sentiment, "NEGATIVE");
  assert.equal(signal.properties.comment, "too slow");
});

test("the nightly job has delivered when it ends", async () => {
  const dispatched = await worker.miniflare.getWorker();
  await dispatched.scheduled({ cron: "0 6 * * *" });
  const { events, spans } = await ingest.received();
  assert.deepEqual(events.map((event) => event.event), ["digest_sent"]);
  assert.deepEqual(spans.map((span) => span.name), ["nightly digest"]);
});

function deferred() {
  let resolve;
  const promise = new Promise((resolver) => (resolve = resolver));
  return { promise, resolve };
}
