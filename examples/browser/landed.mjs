// What the ingestion server has received, put together as the turns of a conversation.

/** Yields whenever something has landed, beginning with what is there already. */
export async function* landings(origin) {
  const get = async (path) => (await fetch(`${origin}/_/${path}`)).json();
  for (let seen = 0; ; ) {
    const requests = await get(`requests?wait_for=${seen + 1}`);
    seen = requests.length;
    yield { requests, ...(await get("received")) };
  }
}

/** The interactions that have landed, newest first, each with its spans and signals. */
export function turnsOf({ interactions, spans, signals }) {
  return Object.values(interactions)
    .map((interaction) => ({
      id: interaction.event_id,
      event: interaction.event,
      user: interaction.user_id,
      question: interaction.ai_data?.input ?? "",
      timestamp: interaction.timestamp,
      isPending: interaction.is_pending,
      signals: signals.filter((signal) => signal.event_id === interaction.event_id).map((signal) => signal.signal_name),
      spans: nested(spans.filter((span) => span.attributes[EVENT_ID] === interaction.event_id).map(plain)),
    }))
    .sort((one, other) => other.timestamp.localeCompare(one.timestamp));
}

const EVENT_ID = "traceloop.association.properties.event_id";

function plain({ span_id, parent_span_id, name, start_unix_nano, end_unix_nano, status_code, status_message, attributes }) {
  const kind = { llm: "llm", tool: "tool" }[attributes["traceloop.span.kind"]] ?? "step";
  return {
    id: span_id,
    parent: parent_span_id,
    name,
    kind,
    start: start_unix_nano / 1e6,
    end: end_unix_nano / 1e6,
    error: status_code === 2 ? status_message : undefined,
    model: attributes["gen_ai.request.model"],
    inputTokens: attributes["gen_ai.usage.input_tokens"] ?? 0,
    outputTokens: attributes["gen_ai.usage.output_tokens"] ?? 0,
    output: attributes["traceloop.entity.output"],
    attributes,
  };
}

/** Parents before their children, by time. A parent that has not landed, because it has not ended, is made up. */
function nested(spans) {
  const known = new Set(spans.map((span) => span.id));
  const all = [...spans];
  for (const id of new Set(spans.map((span) => span.parent).filter((parent) => parent && !known.has(parent)))) {
    const children = spans.filter((span) => span.parent === id);
    const start = Math.min(...children.map((span) => span.start));
    const end = Math.max(...children.map((span) => span.end));
    all.push({ id, name: "in progress", kind: "open", start, end });
  }
  const below = (parent, depth) =>
    all
      .filter((span) => (span.parent ?? undefined) === parent)
      .sort((one, other) => one.start - other.start)
      .flatMap((span) => [{ ...span, depth }, ...below(span.id, depth + 1)]);
  return below(undefined, 0);
}
