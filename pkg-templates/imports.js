// What the wasm module imports, by the names that it has for it.
import * as glue from "./raindrop_bg.js";
import { monotonic, runtime } from "./host.js";

export const imports = { "./raindrop_bg.js": glue, "SNIPPETS/host.js": { monotonic, runtime } };

export function start({ exports }) {
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
}
