// The assistant, and how it is instrumented: this is the file to read.
import { chooser, turnFor, writer } from "./script.mjs";

const INSTRUCTIONS = "You are the support assistant of a bookshop. Be brief.";

export class Assistant {
  /** `pace` scales the time that the pretended work takes. */
  constructor(raindrop, { userId, pace = 1 }) {
    this.raindrop = raindrop;
    this.userId = userId;
    this.convoId = crypto.randomUUID();
    this.work = (ms) => new Promise((done) => setTimeout(done, ms * pace));
    raindrop.identify({ userId, traits: { name: "Ada", plan: "reader" } });
  }

  /** Answers a question; `show` gets the tools as they run and the words as they come. Resolves to the event's id. */
  async reply(question, show) {
    const interaction = this.raindrop.begin({
      event: "support_chat",
      userId: this.userId,
      convoId: this.convoId,
      model: writer.model,
      input: question,
      properties: { page: location.pathname },
    });
    const turn = turnFor(question);
    const output = await interaction.withSpan({ name: "answer question" }, async (parent) => {
      await this.search(interaction, parent, turn.search);
      await this.chooseTools(interaction, parent, question, turn);
      const failures = await this.useTools(interaction, parent, turn.tools, show);
      interaction.setProperties({ tools: turn.tools.length, failures });
      return this.write(interaction, parent, question, turn.answer, show);
    });
    interaction.finish({ output });
    return interaction.eventId;
  }

  /** A vote on an answer. */
  rate(eventId, isGood) {
    this.raindrop.trackSignal({
      eventId,
      name: isGood ? "thumbs_up" : "thumbs_down",
      type: "feedback",
      sentiment: isGood ? "POSITIVE" : "NEGATIVE",
    });
  }

  search(interaction, parent, { query, articles, ms }) {
    return interaction.withSpan({ name: "search help pages", parent }, async (span) => {
      await this.work(ms);
      span.setAttributes({ query, articles });
    });
  }

  async chooseTools(interaction, parent, question, { choice, tools }) {
    const span = interaction.startLlmSpan({
      name: "choose tools",
      parent,
      model: chooser.model,
      provider: "openai",
      messages: messages(question),
    });
    await this.work(choice.ms);
    span.setOutput(tools.map((tool) => tool.name).join(", "));
    span.setTokenUsage({ model: chooser.version, ...tokens(choice) });
    span.end();
    this.deliver();
  }

  /** Runs all tools at once. Resolves to how many have failed. */
  async useTools(interaction, parent, tools, show) {
    if (tools.length === 0) return 0;
    const results = await interaction.withSpan({ name: "use tools", parent }, (group) => {
      const calls = tools.map(({ name, input, output, error, ms }) =>
        interaction.withTool({ name, parent: group, inputParameters: input }, async () => {
          show.tool(name);
          await this.work(ms);
          show.tool(name, error ? "failed" : "done");
          if (error) throw new Error(error);
          return output;
        }),
      );
      return Promise.allSettled(calls);
    });
    this.deliver();
    return results.filter((result) => result.status === "rejected").length;
  }

  async write(interaction, parent, question, answer, show) {
    const span = interaction.startLlmSpan({
      name: "write answer",
      parent,
      model: writer.model,
      provider: "openai",
      messages: messages(question),
    });
    for (const word of answer.text.split(/(?<= )/)) {
      await this.work(28);
      show.word(word);
    }
    span.setOutput(answer.text);
    span.setTokenUsage({ model: writer.version, ...tokens(answer) });
    span.end();
    return answer.text;
  }

  /**
   * Sends what is there in the middle of a turn, so that the panel beside the chat fills while you watch. Without it,
   * `finish` sends everything.
   */
  deliver() {
    this.raindrop.flush().catch((error) => console.warn(error));
  }
}

const messages = (question) => [
  { role: "system", content: INSTRUCTIONS },
  { role: "user", content: question },
];

const tokens = ({ inputTokens, outputTokens }) => ({ inputTokens, outputTokens });
