// The packed tarball as tools see it that look at packages.
import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { bin, install, run, TARBALL } from "../support/install.mjs";

let app;

before(async () => {
  app = await install();
});

after(() => app?.remove());

/** The output of a program that has to succeed. */
const succeeds = (program, ...args) =>
  run(program, args, { cwd: app.directory }).catch((error) => assert.fail(`${error.message}\n${error.stdout}`));

test("publint finds nothing to improve", async () => {
  const { buffer } = new Uint8Array(await readFile(TARBALL));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test("attw finds the types wherever ES modules are imported", async () => {
  // The wasm file has an address so that bundlers find it, and no types.
  await succeeds(bin("attw"), TARBALL, "--profile", "esm-only", "--exclude-entrypoints", "./raindrop_bg.wasm");
});

test("right uses compile under `strict`, and each wrong one is an error", async () => {
  await cp(fileURLToPath(new URL("../types", import.meta.url)), app.path("types"), { recursive: true });
  await succeeds(bin("tsc"), "--project", "types");
});
