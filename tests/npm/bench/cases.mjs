// What is measured: a case prepares something that is not timed, and returns what is.

const SPANS = 1000;
const INTERACTIONS = 100;

const record = (call, times) => {
  for (let index = 0; index < times; index++) call(index);
};

/** One record of many. */
const recording = (call, per) => ({ per, prepare: (client) => () => record(client[call], per) });

export const cases = {
  "span with 6 attributes, start → end": recording("span", 5_000),
  "tool span": recording("tool", 5_000),
  "interaction, begin → finish": recording("interaction", 1_000),
  "1,000 spans, flushed": {
    per: 1,
    prepare(client) {
      record(client.span, SPANS);
      return () => client.flush();
    },
  },
  "1,000 spans, recorded and flushed": {
    per: 1,
    prepare: (client) => () => {
      record(client.span, SPANS);
      return client.flush();
    },
  },
  "100 interactions, recorded and flushed": {
    per: 1,
    prepare: (client) => () => {
      record(client.interaction, INTERACTIONS);
      return client.flush();
    },
  },
};

/** The network, without the network. */
export function discardRequests() {
  globalThis.fetch = async () => new Response('{"success":true}');
}
