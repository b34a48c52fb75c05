// What the assistant does for each kind of question. Times are milliseconds of pretended work.

export const chooser = { model: "gpt-4o-mini", version: "gpt-4o-mini-2024-07-18" };
export const writer = { model: "gpt-4o", version: "gpt-4o-2024-08-06" };

export const turns = [
  {
    question: "Where is my order?",
    about: /where|order|parcel|track/i,
    search: { query: "order status", articles: 2, ms: 60 },
    choice: { inputTokens: 214, outputTokens: 31, ms: 260 },
    tools: [
      { name: "find_order", input: { email: "ada@example.com" }, output: { order: 1815, status: "shipped" }, ms: 140 },
      { name: "track_parcel", input: { order: 1815 }, output: { carrier: "DHL", stop: "Rotterdam" }, ms: 290 },
    ],
    answer: {
      text: "Good news: order 1815 has left our warehouse. The parcel passed Rotterdam this morning and should reach you on Thursday.",
      inputTokens: 342,
      outputTokens: 29,
    },
  },
  {
    question: "Recommend a sea novel",
    about: /recommend|novel|book|read/i,
    search: { query: "sea novels", articles: 5, ms: 90 },
    choice: { inputTokens: 198, outputTokens: 22, ms: 210 },
    tools: [
      { name: "search_catalogue", input: { subject: "sea", rating: 4 }, output: ["The Sea, the Sea", "Moby-Dick"], ms: 180 },
    ],
    answer: {
      text: "Try “The Sea, the Sea” by Iris Murdoch: a retired director, a house on the rocks, and a past that does not keep its distance.",
      inputTokens: 287,
      outputTokens: 34,
    },
  },
  {
    question: "Refund my last order",
    about: /refund|cancel|money|return/i,
    search: { query: "refund policy", articles: 3, ms: 70 },
    choice: { inputTokens: 221, outputTokens: 27, ms: 240 },
    tools: [
      { name: "find_order", input: { email: "ada@example.com" }, output: { order: 1815, total: 34.5 }, ms: 130 },
      { name: "refund_payment", input: { order: 1815 }, error: "payments API: 503 Service Unavailable", ms: 380 },
    ],
    answer: {
      text: "I could not reach the payment service just now, so nothing has been refunded yet. I have noted your request; a colleague will see to it today.",
      inputTokens: 331,
      outputTokens: 38,
    },
  },
];

const smallTalk = {
  search: { query: "everything", articles: 0, ms: 50 },
  choice: { inputTokens: 180, outputTokens: 4, ms: 160 },
  tools: [],
  answer: {
    text: "I know about orders, books and refunds. Try one of the suggestions below.",
    inputTokens: 190,
    outputTokens: 16,
  },
};

/** The turn for a question. Later ones are more special: a refund of an order is about the refund. */
export const turnFor = (question) => turns.findLast((turn) => turn.about.test(question)) ?? smallTalk;
