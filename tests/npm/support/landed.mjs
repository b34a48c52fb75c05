// What has to be in the ingestion server after a journey.
import assert from "node:assert/strict";

export async function assertLanded(ingest, outcome, runtime) {
  assert.deepEqual({ pending: outcome.pending, dropped: outcome.dropped }, { pending: 0, dropped: 0 });
  for (const request of await ingest.requests()) assert.equal(request.error, null);

  const { users, interactions, signals, spans, filtered_spans: filtered } = await ingest.received();
  assert.deepEqual(users, [{ user_id: "ada", traits: { plan: "reader" } }]);

  assert.deepEqual(Object.keys(interactions), [outcome.eventId]);
  const { properties, ...interaction } = interactions[outcome.eventId];
  assert.equal(properties.$context.metadata.runtime, runtime);
  assert.equal(properties.channel, "web");
  assert.equal(interaction.event, "support_chat");
  assert.equal(interaction.user_id, "ada");
  assert.equal(interaction.is_pending, false);
  assert.deepEqual(interaction.ai_data, {
    input: "Where is my order? 📦",
    output: "On its way.",
    model: "gpt-4o",
    convo_id: "convo_1",
  });

  assert.equal(signals.length, 1);
  assert.equal(signals[0].event_id, outcome.eventId);
  assert.equal(signals[0].signal_name, "thumbs_up");
  assert.equal(signals[0].sentiment, "POSITIVE");

  assert.deepEqual(filtered, []);
  const byName = Object.fromEntries(spans.map((span) => [span.name, span]));
  assert.deepEqual(Object.keys(byName).sort(), ["choose tools", "find_order"]);
  const { "choose tools": llm, find_order: tool } = byName;
  assert.equal(tool.parent_span_id, llm.span_id);
  assert.equal(tool.trace_id, llm.trace_id);
  assert.equal(llm.attributes["gen_ai.usage.input_tokens"], 21);
  assert.equal(llm.attributes["gen_ai.response.model"], "gpt-4o-mini-2024-07-18");
  assert.equal(llm.attributes["traceloop.association.properties.event_id"], outcome.eventId);
  assert.equal(tool.attributes["traceloop.entity.output"], '{"order":1815}');
}
