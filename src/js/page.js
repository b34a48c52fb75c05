// What is delivered when a page is hidden or left.
import { LEAVE, deliver, hurry } from "./delivery.js";

const clients = new Set();
let isWatched = false;

export function watch(client) {
  if (typeof document == "undefined") return;
  clients.add(client);
  if (isWatched) return;
  isWatched = true;
  const leave = () => {
    clients.forEach((client) => deliver(client, LEAVE).catch(() => {}));
    hurry();
  };
  document.addEventListener("visibilitychange", () => document.visibilityState == "hidden" && leave());
  addEventListener("pagehide", leave);
}

export const forget = (client) => clients.delete(client);
