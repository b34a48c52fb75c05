import * as module from "@raindrop-ai/ai-sdk/workers";
import { peer } from "./contestants.mjs";
import { worker } from "./worker.mjs";

export default worker(peer(module));
