// The text of records that the wasm module knows by a number: what is delivered at the first attempt never crosses.
import { utf8 } from "./json.js";

const texts = new Map();
let last = 0;

/** Keeps the body of a request, of `size` bytes, in which records stand from `start` to `end`. Returns its number. */
export function keep(body, size, start, end) {
  // The module counts in 32 bits; 0 is no number.
  last = (last + 1) >>> 0 || 1;
  texts.set(last, { body, size, start, end });
  return last;
}

export const kept = (number) => texts.get(number);

/** The records alone, as they cross. */
export function bytesOf(number) {
  const { body, start, end } = kept(number);
  return utf8(body.slice(start, end));
}

export const forget = (number) => texts.delete(number);
