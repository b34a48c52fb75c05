import * as module from "raindrop-edge";
import { ours } from "./contestants.mjs";
import { worker } from "./worker.mjs";

export default worker(ours(module));
