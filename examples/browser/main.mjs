import init, { Raindrop } from "./raindrop-edge/browser.js";
import { Assistant } from "./assistant.mjs";
import { startChat } from "./chat.mjs";
import { landings, turnsOf } from "./landed.mjs";
import { showCounts, showTurns } from "./waterfall.mjs";

const { ingest } = await (await fetch("ingest.json")).json();
const pace = Number(new URLSearchParams(location.search).get("pace") ?? 1);

await init();
const raindrop = new Raindrop({ writeKey: "rk_demo", endpoint: `${ingest}/v1/`, serviceName: "harbour-books" });
startChat(new Assistant(raindrop, { userId: "ada", pace }));

document.getElementById("origin").textContent = new URL(ingest).host;
for await (const landed of landings(ingest)) {
  showCounts(document.getElementById("counts"), landed);
  const turns = turnsOf(landed);
  if (turns.length) showTurns(document.getElementById("turns"), turns);
}
