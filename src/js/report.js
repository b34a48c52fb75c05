// What callers are told: counts, and errors of a flush.

export class RaindropError extends Error {
  constructor(message, code, status) {
    super(message);
    this.name = "RaindropError";
    this.code = code;
    if (status) this.status = status;
  }
}

const KINDS = ["users", "events", "partials", "signals", "spans"];
const REASONS = ["queueFull", "tooLarge", "rejected", "emptyInteraction", "unknownUser", "undelivered", "workshop"];

/** Counts that come in the order of their names. */
function named(names, counts) {
  const of = Object.fromEntries(names.map((name, index) => [name, counts[index]]));
  return [counts.reduce((sum, count) => sum + count, 0), of];
}

export function counts(numbers, left) {
  const [delivered, deliveredOf] = named(KINDS, numbers.slice(2, 7));
  const [remaining, remainingOf] = named(KINDS, numbers.slice(7, 12));
  const [dropped, droppedOf] = named(KINDS, numbers.slice(12, 17));
  const [, droppedBy] = named(REASONS, numbers.slice(17));
  return { delivered, deliveredOf, [left]: remaining, [`${left}Of`]: remainingOf, dropped, droppedOf, droppedBy };
}

export const flushReport = (numbers) => ({ requests: numbers[0], ...counts(numbers, "requeued") });
