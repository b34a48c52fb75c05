// The packed tarball, bundled as for production and loaded in Chromium.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { serve } from "../../../examples/browser/serve.mjs";
import { Ingest } from "../../worker/test/ingest.mjs";
import { bundlers, viteDeps } from "../support/bundlers.mjs";
import { launch, open } from "../support/chromium.mjs";
import { install } from "../support/install.mjs";
import { assertLanded } from "../support/landed.mjs";

let app, ingest, browser;

before(async () => {
  app = await install();
  ingest = await Ingest.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await ingest?.stop();
  await app?.remove();
});

beforeEach(() => ingest.clear());

/** Opens the page at `path` of what `directory` has, and looks whether it delivers. */
async function assertDelivers(directory, path = "/") {
  const site = await serve({ "/": directory });
  try {
    const page = await open(browser, site.origin + path);
    const outcome = await page.evaluate((endpoint) => journey(endpoint), ingest.endpoint);
    await assertLanded(ingest, outcome, "browser");
    assert.deepEqual(page.troubles, []);
    await page.close();
  } finally {
    site.stop();
  }
}

for (const [name, bundle] of Object.entries(bundlers)) {
  test(`a page bundled by ${name} loads the wasm file and delivers, to another origin`, async () => {
    await assertDelivers(await bundle(app));
  });
}

test("a page of Vite's development server, which moves the package, loads the wasm file and delivers", async () => {
  await assertDelivers(app.directory, await viteDeps(app));
});
