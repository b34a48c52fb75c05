// The right side: the turns that have landed, as waterfalls.
import { element } from "./element.mjs";

const SHOWN = new Intl.NumberFormat("en");

export function showCounts(list, { requests, interactions, spans, signals }) {
  const sent = requests.reduce((sum, request) => sum + request.body.length, 0);
  const counts = {
    requests: requests.length,
    interactions: Object.keys(interactions).length,
    spans: spans.length,
    signals: signals.length,
    "KB sent": (sent / 1000).toFixed(1),
  };
  list.replaceChildren(
    ...Object.entries(counts).map(([name, count]) => element("div", {}, element("dt", {}, name), element("dd", {}, `${count}`))),
  );
}

export function showTurns(place, turns) {
  const before = new Set([...place.querySelectorAll("[data-span]")].map((row) => row.dataset.span));
  place.replaceChildren(...turns.map((turn) => card(turn, before)));
}

function card(turn, before) {
  const failed = turn.spans.filter((span) => span.error).length;
  const [state, label] = turn.isPending
    ? ["pending", "in progress"]
    : failed
      ? ["failed", `${failed} error${failed > 1 ? "s" : ""}`]
      : ["done", "finished"];
  const summary = element(
    "header",
    {},
    element("span", { className: `state ${state}` }, label),
    element("h3", {}, turn.question),
    ...turn.signals.map((name) => element("span", { className: `signal ${name}`, title: `signal ${name}` })),
    element("span", { className: "event" }, `${tokens(turn.spans)} tokens · ${turn.event} · ${turn.user}`),
  );
  const body = turn.spans.length ? waterfall(turn.spans, before) : element("p", { className: "waiting" }, "no span has ended yet");
  return element("article", { className: state }, summary, body);
}

const tokens = (spans) => SHOWN.format(spans.reduce((sum, span) => sum + (span.inputTokens ?? 0) + (span.outputTokens ?? 0), 0));

function waterfall(spans, before) {
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.end));
  const length = Math.max(end - start, 1);
  const table = element("div", { className: "waterfall" }, axis(length));
  for (const span of spans) {
    const bar = element("i", { className: "bar" });
    bar.style.left = `${((span.start - start) / length) * 100}%`;
    bar.style.width = `max(3px, ${((span.end - span.start) / length) * 100}%)`;
    const name = element("span", { className: "name" }, span.name);
    name.style.setProperty("--depth", span.depth);
    const row = element(
      "div",
      { className: `span ${span.error ? "error" : span.kind}` },
      name,
      element("span", { className: "track" }, bar),
      element("span", { className: "duration" }, span.kind === "open" ? "…" : duration(span.end - span.start)),
      element("span", { className: "detail", title: detail(span) }, detail(span)),
    );
    row.dataset.span = span.id;
    if (!before.has(span.id)) row.classList.add("new");
    table.append(row);
  }
  return table;
}

/** Up to four round marks. */
function axis(length) {
  const step = [50, 100, 200, 250, 500, 1000, 2000, 5000].find((step) => length / step <= 3) ?? 10_000;
  const track = element("span", { className: "track" });
  for (let at = 0; at <= length; at += step) {
    const mark = element("b", {}, duration(at));
    mark.style.left = `${(at / length) * 100}%`;
    track.append(mark);
  }
  return element("div", { className: "axis" }, track);
}

const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms % 1000 ? 2 : 0)} s`);

function detail(span) {
  if (span.error) return span.error;
  if (span.kind === "llm") return `${span.model} · ${SHOWN.format(span.inputTokens)} → ${SHOWN.format(span.outputTokens)} tokens`;
  if (span.kind === "tool") return span.output ?? "";
  return Object.entries(span.attributes ?? {})
    .filter(([name]) => !name.includes("."))
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
