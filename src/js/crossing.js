// Records on their way to the wasm module. It is told of several at a time: one by one, that takes as long as to write them.
import { utf8 } from "./json.js";
import { keep } from "./kept.js";
import { PARTIAL, SPAN } from "./report.js";

/** The most that a request may take, in bytes. */
export const REQUEST_LIMIT = 1024 * 1024;

/** A request: what stands before and after its records, how many bytes they may take, and how many they may be. */
export const ARRAY = { before: "[", after: "]", limit: REQUEST_LIMIT - 2, batch: 50 };

/** So many characters are put into one piece: many pieces take long to copy and to collect. */
const ENOUGH = 16_384;

/** Those of a client and its scopes, in the order of the calls. */
export class Crossing {
  /** Consecutive ones of one kind and for one core, as they stand in a request, and how long each of them is. */
  #text = "";
  #lengths = [];
  /** The latest, whose lengths are in characters, not in bytes, and how many others there are. */
  #pieces = "";
  #measured = 0;
  #core;
  #kind;
  #request;
  #spans;
  #lost;

  /** `spans`: a request of them. `lost` is called when there was no room for all; it must not record. */
  constructor(spans, lost) {
    this.#spans = spans;
    this.#lost = lost;
  }

  add(core, kind, text) {
    // A request of its own, of which the module has to know more.
    if (kind == PARTIAL) return core.update(utf8(text));
    if (core != this.#core || kind != this.#kind || this.#isFull(text)) {
      this.cross();
      this.#core = core;
      this.#kind = kind;
      this.#request = kind == SPAN ? this.#spans : ARRAY;
    }
    this.#pieces += this.#lengths.length ? `,${text}` : text;
    this.#lengths.push(text.length);
    if (this.#pieces.length > ENOUGH) this.#measure();
  }

  #isFull({ length }) {
    const { limit, batch } = this.#request;
    return this.#lengths.length >= batch || this.#text.length + this.#pieces.length + length >= limit;
  }

  #measure() {
    const lengths = this.#lengths;
    const text = this.#pieces;
    // That makes it one piece.
    if (utf8(text).length != text.length) {
      let start = this.#measured ? 1 : 0;
      for (let index = this.#measured; index < lengths.length; index++) {
        const end = start + lengths[index];
        lengths[index] = utf8(text.slice(start, end)).length;
        start = end + 1;
      }
    }
    this.#text += text;
    this.#pieces = "";
    this.#measured = lengths.length;
  }

  cross() {
    this.#measure();
    const text = this.#text;
    const lengths = this.#lengths;
    if (!text) return;
    const { before, after, limit } = this.#request;
    this.#text = "";
    this.#lengths = [];
    this.#measured = 0;
    let size = REQUEST_LIMIT - limit + lengths.length - 1;
    for (const length of lengths) size += length;
    const number = keep(before + text + after, size, before.length, -after.length);
    if (this.#core.record(this.#kind, number, lengths)) this.#lost();
  }
}
