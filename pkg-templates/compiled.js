// For runtimes that have the compiled module at import: there is nothing left to do for `init`.
import { imports, start } from "./core.js";

export { Raindrop, RaindropError, defaults } from "./core.js";

export const startCompiled = (module) => start(new WebAssembly.Instance(module, imports));

export async function init() {}
