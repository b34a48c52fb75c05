// How the documentation of each bundler says that a page is built. Each takes an app that has installed the package, and
// returns the directory to serve.
import { copyFile, mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import { build as viteBuild } from "vite";
import webpack from "webpack";

export const bundlers = {
  async Vite(app) {
    const outDir = app.path("vite");
    await viteBuild({ root: app.directory, configFile: false, logLevel: "error", build: { outDir } });
    return outDir;
  },

  async webpack(app) {
    const outDir = app.path("webpack");
    const stats = await promisify(webpack)({
      mode: "production",
      context: app.directory,
      entry: "./page.mjs",
      output: { path: outDir, filename: "page.mjs" },
    });
    if (stats.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }));
    await copyFile(app.path("index.html"), `${outDir}/index.html`);
    return outDir;
  },

  async esbuild(app) {
    const outDir = app.path("esbuild");
    await esbuild.build({
      entryPoints: [app.path("page.mjs")],
      outdir: outDir,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      minify: true,
      format: "esm",
    });
    await copyBeside(app, outDir);
    return outDir;
  },

  async rollup(app) {
    const outDir = app.path("rollup");
    const bundle = await rollup({ input: app.path("page.mjs"), plugins: [nodeResolve({ browser: true })] });
    await bundle.write({ dir: outDir, format: "esm", entryFileNames: "page.mjs" });
    await copyBeside(app, outDir);
    return outDir;
  },
};

/** As the development server of Vite 5 to 7 moves a page's packages: the wasm file stays where it is installed. */
export async function viteDeps(app) {
  const outDir = app.path("node_modules/.vite/deps");
  const outExtension = { ".js": ".mjs" };
  await esbuild.build({ entryPoints: [app.path("page.mjs")], outdir: outDir, outExtension, bundle: true, format: "esm" });
  await copyFile(app.path("index.html"), `${outDir}/index.html`);
  return "/node_modules/.vite/deps/index.html";
}

/** These two leave the address of the wasm file as it is: it belongs beside the bundle. */
async function copyBeside(app, outDir) {
  await mkdir(outDir, { recursive: true });
  await copyFile(app.path("index.html"), `${outDir}/index.html`);
  await copyFile(`${app.package}/raindrop_bg.wasm`, `${outDir}/raindrop_bg.wasm`);
}
