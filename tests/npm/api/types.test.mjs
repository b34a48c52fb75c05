import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { PACKAGE } from "./setup.mjs";

const MODULES = fileURLToPath(new URL("../node_modules/", import.meta.url));

/** Compiles a project that has these of the modules here, and the package. */
function compile(prepare, modules = []) {
  const app = mkdtempSync(join(tmpdir(), "raindrop-types-"));
  try {
    prepare(app);
    writeFileSync(join(app, "package.json"), '{"type":"module"}');
    mkdirSync(join(app, "node_modules"));
    symlinkSync(PACKAGE.slice(0, -1), join(app, "node_modules/raindrop-edge"));
    for (const name of modules) symlinkSync(join(MODULES, name), join(app, "node_modules", name));
    execFileSync(join(MODULES, ".bin/tsc"), ["-p", app], { encoding: "utf8" });
  } catch (error) {
    assert.fail(error.stdout || error);
  } finally {
    rmSync(app, { recursive: true });
  }
}

test("right uses compile and wrong ones do not", () => {
  compile((app) => cpSync(fileURLToPath(new URL("../types", import.meta.url)), app, { recursive: true }));
});

test("a project for node alone compiles", () => {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    module: "node16",
    lib: ["es2022", "esnext.disposable"],
    types: ["node"],
    skipLibCheck: false,
  };
  compile(
    (app) => {
      writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }));
      writeFileSync(join(app, "app.ts"), 'import { init, Raindrop } from "raindrop-edge";\nawait init();\nnew Raindrop().begin({ userId: "u" });\n');
    },
    ["@types", "undici-types"],
  );
});
