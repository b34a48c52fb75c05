/** Until the engine has compiled what is measured for good. */
const WARM_UP = 10;
const ROUNDS = 41;

export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Measures each contestant by turns, after a warm-up. Returns the median of each. */
export async function rounds(contestants, measure, { warmUp = WARM_UP, times = ROUNDS } = {}) {
  const measured = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -warmUp; round < times; round++) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const figure = await measure(contestant);
      if (round >= 0) measured[name].push(figure);
    }
  }
  return Object.fromEntries(Object.entries(measured).map(([name, figures]) => [name, median(figures)]));
}
