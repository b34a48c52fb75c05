// What is measured. A case prepares so many clients, which is not timed, and returns the work that is: `per` times what its name
// says.

const SPANS = 1000;
const INTERACTIONS = 100;
/** How many flushes are timed together: what a request into workerd takes besides varies by as much as one of them takes. */
const FLUSHES = 5;

const record = (call, times) => {
  for (let index = 0; index < times; index++) call(index);
};

/** One record of many. */
const recording = (call, per) => ({ clients: 1, per, prepare: ([client]) => () => record(client[call], per) });

/** Flushes, one after the other, each of a client of its own. */
const flushing = (before, work) => ({
  clients: FLUSHES,
  per: FLUSHES,
  prepare(clients) {
    clients.forEach(before);
    return async () => {
      for (const client of clients) await work(client);
    };
  },
});

const nothing = () => {};

export const cases = {
  "span with 6 attributes, start → end": recording("span", 5_000),
  "tool span": recording("tool", 5_000),
  "interaction, begin → finish": recording("interaction", 1_000),
  "1,000 spans, flushed": flushing(
    (client) => record(client.span, SPANS),
    (client) => client.flush(),
  ),
  "1,000 spans, recorded and flushed": flushing(nothing, (client) => {
    record(client.span, SPANS);
    return client.flush();
  }),
  "100 interactions, recorded and flushed": flushing(nothing, (client) => {
    record(client.interaction, INTERACTIONS);
    return client.flush();
  }),
};

/** The clients of a case, and its work. */
export function prepared({ clients: count, prepare }, create) {
  const clients = Array.from({ length: count }, create);
  return { clients, work: prepare(clients) };
}

const ANSWER = '{"success":true}';
const HEADERS = { "content-length": ANSWER.length };

const encoder = new TextEncoder();

/** The network, without the network: a body becomes the bytes that would be sent, and each answer is as a server's would be. */
export function discardRequests() {
  globalThis.fetch = async (_, { body }) => {
    if (typeof body == "string") encoder.encode(body);
    return new Response(ANSWER, { headers: HEADERS });
  };
}
