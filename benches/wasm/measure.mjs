// node measure.mjs <directory of the wasm-bindgen module>
//
// Times the cases in node, workerd and Chromium. Prints one JSON object: nanoseconds per call, its share of the flushes
// included, and how often a call allocates.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { CALLS, CASES, measure, median } from './cases.mjs';

const directory = resolve(process.argv[2]);
const GLUE = 'raindrop_benches.js';
const WASM = 'raindrop_benches_bg.wasm';
const here = (file) => new URL(file, import.meta.url);

async function inNode() {
  const module = await import(pathToFileURL(join(directory, GLUE)));
  module.initSync({ module: await readFile(join(directory, WASM)) });
  const allocations = Object.fromEntries(CASES.map((name) => [name, module.allocations(name)]));
  return { node: await measure(module.run), allocations };
}

/** Its clock stands still while a request is served, so the requests are timed from outside. */
async function inWorkerd() {
  const require = createRequire(here('../../tests/worker/package.json'));
  const { Miniflare } = require('miniflare');
  const worker = `
    import wasm from './${WASM}';
    import { initSync, run } from './${GLUE}';
    import { replaceFetch } from './cases.mjs';
    initSync({ module: wasm });
    export default {
      async fetch(request) {
        replaceFetch();
        const { name, calls } = await request.json();
        await run(name, calls);
        return new Response();
      },
    };`;
  const runtime = new Miniflare({
    host: '127.0.0.1',
    cf: false,
    compatibilityDate: '2025-01-01',
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: worker },
      { type: 'ESModule', path: 'cases.mjs', contents: await readFile(here('cases.mjs'), 'utf8') },
      { type: 'ESModule', path: GLUE, contents: await readFile(join(directory, GLUE), 'utf8') },
      { type: 'CompiledWasm', path: WASM, contents: await readFile(join(directory, WASM)) },
    ],
  });
  const time = async (name, calls) => {
    const start = performance.now();
    const answer = await runtime.dispatchFetch('http://localhost/', {
      method: 'POST',
      body: JSON.stringify({ name, calls }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return performance.now() - start;
  };
  const nanos = {};
  for (const name of CASES) {
    await time(name, CALLS);
    const times = [];
    for (let round = 0; round < 5; round += 1) {
      // The difference is free of what a request costs by itself.
      const once = await time(name, CALLS);
      times.push((((await time(name, 2 * CALLS)) - once) * 1e6) / CALLS);
    }
    nanos[name] = median(times);
  }
  await runtime.dispose();
  return nanos;
}

const PAGE = `<!doctype html><script type="module">
  import init, { run } from './${GLUE}';
  import { measure } from './cases.mjs';
  const report = fetch;
  const send = (result) => report('/result', { method: 'POST', body: JSON.stringify(result) });
  try {
    await init();
    await send(await measure(run));
  } catch (error) {
    await send({ error: String(error) });
  }
</script>`;

async function inChromium() {
  const files = {
    '/': ['text/html', async () => PAGE],
    '/cases.mjs': ['text/javascript', () => readFile(here('cases.mjs'))],
    [`/${GLUE}`]: ['text/javascript', () => readFile(join(directory, GLUE))],
    [`/${WASM}`]: ['application/wasm', () => readFile(join(directory, WASM))],
  };
  let arrived;
  const result = new Promise((resolve) => (arrived = resolve));
  const server = createServer(async (request, response) => {
    if (request.url === '/result') {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end();
      arrived(JSON.parse(body));
      return;
    }
    const [type, content] = files[request.url] ?? ['text/plain', async () => ''];
    response.setHeader('content-type', type);
    response.end(await content());
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
  const profile = `--user-data-dir=${join(tmpdir(), `raindrop-bench-${process.pid}`)}`;
  const page = `http://127.0.0.1:${server.address().port}/`;
  const browser = spawn('chromium', [...flags, ...quiet, profile, page], { stdio: 'ignore' });
  const failed = new Promise((_, reject) => {
    browser.on('error', reject);
    browser.on('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
  });
  failed.catch(() => {});
  try {
    const nanos = await Promise.race([result, failed]);
    if (nanos.error) throw new Error(nanos.error);
    return nanos;
  } finally {
    browser.kill();
    server.close();
    server.closeAllConnections();
  }
}

const { node, allocations } = await inNode();
console.log(JSON.stringify({ node, workerd: await inWorkerd(), chromium: await inChromium(), allocations }, null, 2));
