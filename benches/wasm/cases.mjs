// What every runtime does: each case, called so often that it takes a while.

export const CASES = ['span', 'llm_span', 'tool_span', 'track_ai', 'interaction'];
export const CALLS = 20_000;

/** Requests end here, and count as delivered. */
export function replaceFetch() {
  globalThis.fetch = async () => new Response(null, { status: 204 });
}

/** Nanoseconds per call of each case, by a clock that runs. */
export async function measure(run) {
  replaceFetch();
  const nanos = {};
  for (const name of CASES) {
    await run(name, CALLS);
    const times = [];
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      await run(name, CALLS);
      times.push(((performance.now() - start) * 1e6) / CALLS);
    }
    nanos[name] = median(times);
  }
  return nanos;
}

export function median(numbers) {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];
}
