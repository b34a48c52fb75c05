// The packed tarball as tools see it that look at packages.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { bin, run, TARBALL } from "../support/install.mjs";

test("publint finds nothing to improve", async () => {
  const { buffer } = new Uint8Array(await readFile(TARBALL));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test("attw finds the types wherever ES modules are imported", async () => {
  // The wasm file has an address so that bundlers find it, and no types.
  const args = [TARBALL, "--profile", "esm-only", "--exclude-entrypoints", "./raindrop_bg.wasm"];
  await run(bin("attw"), args).catch((error) => assert.fail(error.stdout));
});
