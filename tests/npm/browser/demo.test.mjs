// The demo, from a click to the waterfall.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { serveDemo } from "../../../examples/browser/serve.mjs";
import { Ingest } from "../../worker/test/ingest.mjs";
import { launch, open } from "../support/chromium.mjs";
import { install } from "../support/install.mjs";

let app, ingest, browser, demo, page;

before(async () => {
  app = await install();
  ingest = await Ingest.start();
  browser = await launch();
  demo = await serveDemo(app.package, ingest.origin, 0);
});

after(async () => {
  await browser?.close();
  demo?.stop();
  await ingest?.stop();
  await app?.remove();
});

beforeEach(async () => {
  await ingest.clear();
  page = await open(browser, `${demo.origin}/?pace=0`);
});

afterEach(async () => {
  await page.close();
  assert.deepEqual(page.troubles, []);
  for (const request of await ingest.requests()) assert.equal(request.error, null);
});

test("a question is answered, its spans are shown as they nest, and an error as what it is", async () => {
  await page.getByRole("button", { name: "Refund my last order" }).click();
  const turn = page.locator("article", { hasText: "Refund my last order" });
  await turn.getByText("1 error").waitFor();

  const names = await turn.locator(".span .name").allTextContents();
  assert.deepEqual(names.sort(), [
    "answer question",
    "choose tools",
    "find_order",
    "refund_payment",
    "search help pages",
    "use tools",
    "write answer",
  ]);
  const depth = (name) => turn.getByText(name, { exact: true }).evaluate((row) => row.style.getPropertyValue("--depth"));
  assert.deepEqual(await Promise.all(["answer question", "use tools", "find_order"].map(depth)), ["0", "1", "2"]);
  assert.match(await turn.locator(".span.error").textContent(), /refund_payment.*503 Service Unavailable/);
  assert.match(await turn.locator("header").textContent(), /617 tokens/);
  assert.match(await page.getByRole("log").textContent(), /a colleague will see to it today/);
});

test("a vote is shown on the turn that it is about", async () => {
  const answers = { "Where is my order?": "Rotterdam", "Recommend a sea novel": "Iris Murdoch" };
  for (const [question, answer] of Object.entries(answers)) {
    await page.getByRole("button", { name: question }).click();
    await page.locator("#messages li", { hasText: answer }).getByRole("button", { name: "Good answer" }).waitFor();
  }
  await page.locator("#messages li", { hasText: "Rotterdam" }).getByRole("button", { name: "Good answer" }).click();
  await page.locator("article", { hasText: "Where is my order?" }).getByTitle("signal thumbs_up").waitFor();
  assert.equal(await page.getByTitle(/^signal/).count(), 1);
});
