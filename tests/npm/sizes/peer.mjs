import { createRaindropAISDK } from "@raindrop-ai/ai-sdk/browser";

globalThis.x = createRaindropAISDK({ writeKey: "k" });
