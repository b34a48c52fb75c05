// Chromium without a window, as Debian packages it.
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** Opens a page. Its uncaught errors, warnings and refused requests are in `page.troubles`. */
export async function open(context, url) {
  const page = await context.newPage();
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("console", (message) => {
    const isOurs = ["error", "warning"].includes(message.type()) && !message.location().url.endsWith("/favicon.ico");
    if (isOurs) page.troubles.push(message.text());
  });
  await page.goto(url);
  return page;
}
