// Cloudflare Workers: the platform compiles the wasm module before the Worker starts.
import module from "./raindrop_bg.wasm";
import { defaults, startCompiled } from "./core.js";

export { init, init as default, Raindrop, RaindropError } from "./core.js";

// A flush that nobody waits for ends with the request; records wait for the one that `ctx.waitUntil` gets.
defaults.flushOnFinish = false;
startCompiled(module);
