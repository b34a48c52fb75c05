// In workerd, whose clock stands still while a Worker computes: it is timed from outside, by how long requests take.
import * as ourModule from "raindrop-edge";
import * as peerModule from "@raindrop-ai/ai-sdk/workers";
import { cases, discardRequests, prepared } from "./cases.mjs";
import { ours, peer } from "./contestants.mjs";

const contestants = { ours: ours(ourModule), peer: peer(peerModule) };
let clients, work;

export default {
  async fetch(request) {
    discardRequests();
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/prepare") {
      ({ clients, work } = prepared(cases[searchParams.get("case")], contestants[searchParams.get("who")]));
    } else if (pathname === "/work") {
      await work();
    } else if (pathname === "/clean") {
      for (const client of clients) await client.flush();
    }
    return new Response("done");
  },
};
