// What an app does with the package, the same everywhere.
import init, { Raindrop } from "raindrop-edge";

export async function journey(endpoint) {
  await init();
  const raindrop = new Raindrop({ writeKey: "rk_test", endpoint });
  raindrop.identify({ userId: "ada", traits: { plan: "reader" } });

  const interaction = raindrop.begin({
    event: "support_chat",
    userId: "ada",
    convoId: "convo_1",
    model: "gpt-4o",
    input: "Where is my order? 📦",
  });
  interaction.setProperty("channel", "web");

  const llm = interaction.startLlmSpan({
    name: "choose tools",
    model: "gpt-4o-mini",
    provider: "openai",
    messages: [{ role: "user", content: "Where is my order? 📦" }],
  });
  const tool = interaction.startToolSpan({ name: "find_order", parent: llm, inputParameters: { email: "ada@example.com" } });
  tool.setOutput({ order: 1815 });
  tool.end();
  llm.setOutput("find_order");
  llm.setTokenUsage({ model: "gpt-4o-mini-2024-07-18", inputTokens: 21, outputTokens: 7 });
  llm.end();
  interaction.finish({ output: "On its way." });

  raindrop.trackSignal({ eventId: interaction.eventId, name: "thumbs_up", type: "feedback", sentiment: "POSITIVE" });
  await raindrop.flush();
  const { pending, dropped } = raindrop.stats();
  return { eventId: interaction.eventId, pending, dropped };
}
