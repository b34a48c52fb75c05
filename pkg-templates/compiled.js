// For runtimes that have the compiled module at import: there is nothing left to do for `init`.
import { imports, start } from "./imports.js";

export { defaults } from "./options.js";
export { Raindrop } from "./raindrop.js";
export { RaindropError } from "./report.js";

export const startCompiled = (module) => start(new WebAssembly.Instance(module, imports));

export async function init() {}
