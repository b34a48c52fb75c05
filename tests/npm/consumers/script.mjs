// For node, deno and bun.
import process from "node:process";
import { journey } from "./journey.mjs";

console.log(JSON.stringify(await journey(process.argv[2])));
