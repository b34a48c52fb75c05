// The local ingestion server, as a process of its own, told over HTTP what to do.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { LONG_ENOUGH_MS } from "./patience.mjs";

const BINARY = process.env.RAINDROP_INGEST_BIN ?? new URL("../../../target/debug/raindrop-ingest", import.meta.url).pathname;

export class Ingest {
  static async start() {
    const process_ = spawn(BINARY, [], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = await once(createInterface(process_.stdout), "line");
    return new Ingest(process_, JSON.parse(line).origin);
  }

  constructor(process_, origin) {
    this.process = process_;
    this.origin = origin;
    this.endpoint = `${origin}/v1/`;
  }

  async requests(waitFor = 0) {
    const signal = AbortSignal.timeout(LONG_ENOUGH_MS);
    return (await fetch(`${this.origin}/_/requests?wait_for=${waitFor}`, { signal })).json();
  }

  async received() {
    return (await fetch(`${this.origin}/_/received`)).json();
  }

  async fail(route, times, fault) {
    const body = JSON.stringify({ route, times, fault });
    const response = await fetch(`${this.origin}/_/faults`, { method: "POST", body });
    if (!response.ok) throw new Error(await response.text());
  }

  async succeed() {
    await fetch(`${this.origin}/_/faults`, { method: "DELETE" });
  }

  async clear() {
    await fetch(`${this.origin}/_/state`, { method: "DELETE" });
  }

  stop() {
    this.process.stdin.end();
    return once(this.process, "exit");
  }
}
