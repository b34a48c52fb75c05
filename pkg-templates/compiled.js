// For runtimes that have the compiled module at import: there is nothing left to do for `init`.
import * as glue from "./raindrop_bg.js";

export { Raindrop, RaindropError, defaults } from "./raindrop.js";

export function start(module) {
  const { exports } = new WebAssembly.Instance(module, { "./raindrop_bg.js": glue });
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
}

export async function init() {}
