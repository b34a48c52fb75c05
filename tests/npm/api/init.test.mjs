// Each start of the module needs a process of its own: there is one module in each.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test from "node:test";
import { promisify } from "node:util";
import { PACKAGE } from "./setup.mjs";

const READY = "new Raindrop().trackAi({ userId: 'u', input: 'hi' }).length";

/** What a script prints that has `entry` of the package, and the bytes of its wasm module. */
async function printed(entry, script) {
  const source = `
    import { readFileSync } from "node:fs";
    import init, { Raindrop, init as named } from "${PACKAGE}${entry}";
    const bytes = readFileSync("${PACKAGE}raindrop_bg.wasm");
    const served = (type) => new Response(bytes, { headers: { "content-type": type } });
    ${script}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source]);
  return stdout.trim();
}

test("node.js is ready when it is imported, and init does nothing", async () => {
  assert.equal(await printed("node.js", `console.log(${READY}, await init(), await named());`), "36 undefined undefined");
});

test("before init a constructor says what is missing", async () => {
  const script = "try { new Raindrop() } catch (error) { console.log(error.name, error.message) }";
  assert.match(await printed("browser.js", script), /^Error .*await init\(\)/);
});

for (const source of [
  "bytes",
  "new WebAssembly.Module(bytes)",
  "served('application/wasm')",
  "Promise.resolve(served('text/plain'))",
  "`data:application/wasm;base64,${bytes.toString('base64')}`",
  "new URL(`data:application/wasm;base64,${bytes.toString('base64')}`)",
]) {
  test(`init takes ${source}`, async () => {
    assert.equal(await printed("browser.js", `await init(${source}); console.log(${READY});`), "36");
  });
}

test("init takes bytes where there is no Response, as in jsdom", async () => {
  assert.equal(await printed("browser.js", `delete globalThis.Response; await init(bytes); console.log(${READY});`), "36");
});

test("init loads the module once", async () => {
  const script = `
    let loads = 0;
    globalThis.fetch = async () => (loads++, served("application/wasm"));
    await Promise.all([init(), named(), init()]);
    await init();
    console.log(loads, ${READY});`;
  assert.equal(await printed("browser.js", script), "1 36");
});

test("an init that got no module says what it got and what to do, and can be tried again", async () => {
  const script = `
    const told = [];
    for (const [type, status] of [["text/plain", 404], ["text/html; charset=utf-8", 200]]) {
      const response = new Response("<!doctype html>", { status, headers: { "content-type": type } });
      await init(response).catch(({ message }) => told.push(
        message.includes(status + ", " + type + ": tell init") && message.includes('optimizeDeps: { exclude: ["raindrop-edge"] }'),
      ));
    }
    await init(bytes);
    console.log(...told, ${READY});`;
  assert.equal(await printed("browser.js", script), "true true 36");
});

test("an entry that is evaluated again, as by a hot reload, leaves living clients what they have", async () => {
  const script = `
    const living = new Raindrop({ writeKey: "k", flushOnFinish: false, fetch: async () => new Response() });
    living.track({ userId: "u", event: "before" });
    const again = await import("${PACKAGE}browser.js?v=2");
    await again.init(bytes);
    living.track({ userId: "u", event: "after" });
    const { delivered } = await living.flush();
    console.log(delivered, new again.Raindrop().trackAi({ userId: "u", input: "hi" }).length);`;
  assert.equal(await printed("browser.js", `await init(bytes); ${script}`), "2 36");
});
