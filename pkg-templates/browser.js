// Browsers, and everything else that has a `fetch`: `init` loads the wasm module.
import { imports, start } from "./core.js";

export { Raindrop, RaindropError } from "./core.js";

/** Vite's development server moves modules from their packages to a folder of its own, and leaves what lies beside them. */
const VITE = /node_modules\/\.[\w/]+\/deps\//;

let ready;

export function init(source = new URL("./raindrop_bg.wasm", import.meta.url).href.replace(VITE, "node_modules/raindrop-edge/")) {
  ready ??= load(source).catch((error) => {
    ready = undefined;
    throw error;
  });
  return ready;
}

export default init;

async function load(source) {
  let module = await (typeof source == "string" || source instanceof URL ? fetch(source) : source);
  // Tests have a DOM that knows no `Response`.
  if (typeof Response == "function" && module instanceof Response) {
    const type = module.headers.get("content-type");
    // Many servers answer with a page where there is no such file.
    if (!module.ok || type?.startsWith("text/html")) {
      const hint = 'tell init where raindrop_bg.wasm is, or Vite optimizeDeps: { exclude: ["raindrop-edge"] }';
      throw new Error(`raindrop-edge: ${module.url} answered ${module.status}, ${type}: ${hint}`);
    }
    module = await (type == "application/wasm"
      ? WebAssembly.compileStreaming(module)
      : module.arrayBuffer());
  }
  const result = await WebAssembly.instantiate(module, imports);
  start(result.instance ?? result);
}
