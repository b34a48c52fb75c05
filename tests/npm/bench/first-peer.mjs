// A Worker that records one span.
import * as module from "@raindrop-ai/ai-sdk/workers";
import { discardRequests } from "./cases.mjs";
import { peer } from "./contestants.mjs";

export default {
  fetch() {
    discardRequests();
    peer(module)().span(0);
    return new Response("recorded");
  },
};
