// What all entries share: the classes, and the wasm module's half in JavaScript. In the package it is one file.
import { core } from "./host.js";
import * as glue from "./raindrop_bg.js";

export { defaults } from "./options.js";
export { Raindrop } from "./raindrop.js";
export { RaindropError } from "./report.js";

/** What the wasm module imports, by the names that it has for it. */
export const imports = { "./raindrop_bg.js": glue };

/** Only the first instance counts: an entry may be evaluated again, and clients keep addresses in what they began with. */
export function start({ exports }) {
  if (core) return;
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
}

/** For runtimes that have the compiled module at import: there is nothing left to do for `init`. */
export const startCompiled = (module) => start(new WebAssembly.Instance(module, imports));

export async function init() {}
