// In workerd, whose clock stands still while a Worker computes: it is timed from outside, by how long requests take.
import { cases, discardRequests, prepared } from "./cases.mjs";

/** A Worker that does what its requests name. */
export function worker(create) {
  let clients, work;
  return {
    async fetch(request) {
      discardRequests();
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/prepare") {
        ({ clients, work } = prepared(cases[searchParams.get("case")], create));
      } else if (pathname === "/work") {
        await work();
      } else if (pathname === "/clean") {
        for (const client of clients) await client.flush();
      }
      return new Response("done");
    },
  };
}
