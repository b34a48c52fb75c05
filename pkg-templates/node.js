// node: reads the wasm module from disk.
import { readFileSync } from "node:fs";
import { startCompiled } from "./core.js";

export { init, init as default, Raindrop, RaindropError } from "./core.js";

startCompiled(new WebAssembly.Module(readFileSync(new URL("./raindrop_bg.wasm", import.meta.url))));
