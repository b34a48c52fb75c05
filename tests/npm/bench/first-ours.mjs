// A Worker that records one span.
import * as module from "raindrop-edge";
import { discardRequests } from "./cases.mjs";
import { ours } from "./contestants.mjs";

export default {
  fetch() {
    discardRequests();
    ours(module)().span(0);
    return new Response("recorded");
  },
};
