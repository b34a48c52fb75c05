// The left side: messages, suggestions, votes.
import { element } from "./element.mjs";
import { turns } from "./script.mjs";

const messages = document.getElementById("messages");
const suggestions = document.getElementById("suggestions");
const composer = document.getElementById("composer");
const input = document.getElementById("question");

export function startChat(assistant) {
  const ask = async (question) => {
    add("user", question);
    const answer = new Answer();
    setBusy(true);
    const eventId = await assistant.reply(question, answer);
    answer.askForVote((isGood) => assistant.rate(eventId, isGood));
    setBusy(false);
  };
  suggestions.replaceChildren(
    ...turns.map(({ question }) => {
      const button = element("button", { type: "button" }, question);
      button.addEventListener("click", () => ask(question));
      return button;
    }),
  );
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = input.value.trim();
    if (!question || composer.inert) return;
    input.value = "";
    ask(question);
  });
  add("assistant", "Ahoy! Ask me about an order, a book or a refund.");
}

function setBusy(isBusy) {
  composer.inert = suggestions.inert = isBusy;
  if (!isBusy) input.focus({ preventScroll: true });
}

function add(from, ...content) {
  const message = element("li", { className: from }, ...content);
  messages.append(message);
  message.scrollIntoView({ block: "end" });
  return message;
}

/** A message of the assistant that is still being written. */
class Answer {
  #tools = element("p", { className: "tools" });
  #text = element("p", { className: "text" });
  #message = add("assistant writing", this.#tools, this.#text);
  #shown = new Map();

  tool(name, state = "running") {
    const shown = this.#shown.get(name) ?? element("span", {}, name);
    shown.className = state;
    this.#shown.set(name, shown);
    this.#tools.append(shown);
  }

  word(word) {
    this.#text.append(word);
    this.#message.scrollIntoView({ block: "end" });
  }

  askForVote(vote) {
    this.#message.classList.remove("writing");
    const buttons = [
      ["thumbs_up", "Good answer", true],
      ["thumbs_down", "Bad answer", false],
    ].map(([sign, label, isGood]) => {
      const button = element("button", { type: "button", className: sign, ariaLabel: label, ariaPressed: "false" });
      button.addEventListener("click", () => {
        for (const other of buttons) other.disabled = true;
        button.ariaPressed = "true";
        vote(isGood);
      });
      return button;
    });
    this.#message.append(element("p", { className: "votes" }, ...buttons));
    this.#message.scrollIntoView({ block: "end" });
  }
}
