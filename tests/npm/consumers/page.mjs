// For bundlers. The tests call what it leaves on the page.
import init, { Raindrop } from "raindrop-edge";
import { journey } from "./journey.mjs";

Object.assign(globalThis, { init, Raindrop, journey });
