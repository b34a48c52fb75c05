// node, deno and bun. The build makes one file of it, with the core and the wasm module as base64: so it needs no permission to
// read, may be bundled, and takes less time to import.
import { Buffer } from "node:buffer";
import wasm from "./raindrop_bg.wasm";
import { startCompiled } from "./core.js";

export { init, init as default, Raindrop, RaindropError } from "./core.js";

startCompiled(new WebAssembly.Module(Buffer.from(wasm, "base64")));
