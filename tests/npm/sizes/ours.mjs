import init, { Raindrop } from "raindrop-edge";

await init();
globalThis.x = new Raindrop({ writeKey: "k" });
