// Serves files to browsers on this machine, and, run as a program, the demo with an ingestion server of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Serves what `mounts` names, by prefixes of paths: a string is a directory, the longest prefix wins; anything else is
 * answered as JSON. `headers` go with every answer. A `port` of 0 is any free one.
 */
export async function serve(mounts, { port = 0, headers = {} } = {}) {
  const prefixes = Object.keys(mounts).sort((one, other) => other.length - one.length);
  const server = createServer(async (request, response) => {
    // Parsing it as a URL takes out `..`.
    const { pathname } = new URL(request.url, "http://localhost");
    const prefix = prefixes.find((prefix) => pathname.startsWith(prefix));
    try {
      const [type, content] = await read(mounts[prefix], decodeURIComponent(pathname.slice(prefix.length)));
      response.writeHead(200, { "content-type": type, "cache-control": "no-store", ...headers }).end(content);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, stop };
}

async function read(mount, path) {
  if (typeof mount !== "string") return [TYPES[".json"], JSON.stringify(mount)];
  const file = join(mount, normalize(`/${path || "index.html"}`));
  return [TYPES[extname(file)] ?? "application/octet-stream", await readFile(file)];
}

/** The demo at a port, with the package in `directory`, sending to the ingestion server at `ingest`. */
export function serveDemo(directory, ingest, port) {
  const mounts = { "/": fileURLToPath(new URL(".", import.meta.url)), "/raindrop-edge/": directory, "/ingest.json": { ingest } };
  // What a page with this package needs: WebAssembly, and a way to where the telemetry goes.
  const policy = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${ingest}`;
  return serve(mounts, { port, headers: { "content-security-policy": policy } });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [directory, binary, port] = process.argv.slice(2);
  const ingest = spawn(binary, [], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface(ingest.stdout), "line");
  try {
    const { origin } = await serveDemo(directory, JSON.parse(line).origin, Number(port));
    console.log(`The demo is at ${origin}/ (Ctrl-C ends it)`);
  } catch (error) {
    console.error(`${error.message}. For another port: cargo xtask demo --port N`);
    process.exit(1);
  }
}
