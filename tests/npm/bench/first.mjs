// A process of its own: prints the microseconds from import to the first recorded span.
import { discardRequests } from "./cases.mjs";
import * as contestants from "./contestants.mjs";

const [who, module] = process.argv.slice(2);
discardRequests();
const start = performance.now();
contestants[who](await import(module))().span(0);
console.log((performance.now() - start) * 1000);
process.exit(0);
