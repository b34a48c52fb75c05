// The resident memory of a workerd that this process started.
import { readFile, readdir } from "node:fs/promises";

/** In MiB. */
export async function rss() {
  for (const pid of await readdir("/proc")) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const isOurs = status.match(/^PPid:\s+(\d+)$/m)?.[1] === String(process.pid);
    if (isOurs && /^Name:\s+workerd$/m.test(status)) return Math.round(status.match(/^VmRSS:\s+(\d+)/m)[1] / 1024);
  }
  return null;
}
