import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { PACKAGE } from "./setup.mjs";

test("right uses compile and wrong ones do not", () => {
  const app = mkdtempSync(join(tmpdir(), "raindrop-types-"));
  try {
    cpSync(fileURLToPath(new URL("../types", import.meta.url)), app, { recursive: true });
    writeFileSync(join(app, "package.json"), '{"type":"module"}');
    mkdirSync(join(app, "node_modules"));
    symlinkSync(PACKAGE.slice(0, -1), join(app, "node_modules/raindrop-edge"));
    const tsc = fileURLToPath(new URL("../node_modules/.bin/tsc", import.meta.url));
    execFileSync(tsc, ["-p", app], { encoding: "utf8" });
  } catch (error) {
    assert.fail(error.stdout || error);
  } finally {
    rmSync(app, { recursive: true });
  }
});
