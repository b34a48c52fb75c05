// What callers are told: counts, and errors of a flush.

export class RaindropError extends Error {
  constructor(message, code, status) {
    super(message);
    this.name = "RaindropError";
    this.code = code;
    if (status) this.status = status;
  }
}

// The kinds of records, and why one is dropped, as wasm numbers them.
export const USER = 0;
export const EVENT = 1;
export const PARTIAL = 2;
export const SIGNAL = 3;
export const SPAN = 4;
export const QUEUE_FULL = 0;
export const TOO_LARGE = 1;
export const EMPTY_INTERACTION = 3;
export const UNKNOWN_USER = 4;

const KINDS = ["users", "events", "partials", "signals", "spans"];
const REASONS = ["queueFull", "tooLarge", "rejected", "emptyInteraction", "unknownUser", "undelivered", "workshop"];

/** Numbers by their names, and their sum. */
function named(names, numbers) {
  const of = Object.fromEntries(names.map((name, index) => [name, numbers[index]]));
  return [numbers.reduce((sum, number) => sum + number, 0), of];
}

/**
 * The numbers of the wasm module by their names: the first one, then what was delivered, is left and was dropped of each kind,
 * then what was dropped for each reason.
 */
export function counts([number, ...numbers], first, left) {
  const [delivered, deliveredOf] = named(KINDS, numbers.slice(0, 5));
  const [remaining, remainingOf] = named(KINDS, numbers.slice(5, 10));
  const [dropped, droppedOf] = named(KINDS, numbers.slice(10, 15));
  const [, droppedBy] = named(REASONS, numbers.slice(15));
  return { [first]: number, delivered, deliveredOf, [left]: remaining, [`${left}Of`]: remainingOf, dropped, droppedOf, droppedBy };
}

export const flushReport = (numbers) => counts(numbers, "requests", "requeued");

/** Of a flush that had nothing to do. */
export const emptyReport = () => flushReport(new Array(16 + REASONS.length).fill(0));

/** Adds interactions that have news but are no records yet. */
export function addChanged(numbers, count) {
  numbers[0] += count;
  numbers[6 + PARTIAL] += count;
}

/** Adds updates of interactions that were dropped. */
export function addDropped(numbers, reason, count) {
  numbers[11 + PARTIAL] += count;
  numbers[16 + reason] += count;
}
