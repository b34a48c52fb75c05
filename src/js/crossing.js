// Records on their way into the wasm module. They cross several at a time: one by one, that takes as long as to write them.
import { utf8 } from "./json.js";

/** So many characters cross at once. */
const ENOUGH = 16_384;

/** Those of a client and its scopes, in the order of the calls. */
export class Crossing {
  /** Consecutive ones of one kind and for one core, and how long each of them is. */
  #text = "";
  #lengths = [];
  #core;
  #kind;
  #lost;

  /** `lost` is called when there was no room for all; it must not record. */
  constructor(lost) {
    this.#lost = lost;
  }

  get size() {
    return this.#lengths.length;
  }

  add(core, kind, text) {
    if (core != this.#core || kind != this.#kind) this.cross();
    this.#core = core;
    this.#kind = kind;
    this.#text += text;
    this.#lengths.push(text.length);
    if (this.#text.length > ENOUGH) this.cross();
  }

  cross() {
    const text = this.#text;
    let lengths = this.#lengths;
    if (!text) return;
    this.#text = "";
    this.#lengths = [];
    let bytes = utf8(text);
    if (bytes.length != text.length) {
      let at = 0;
      lengths = lengths.map((length) => utf8(text.slice(at, (at += length))).length);
      bytes = utf8(text);
    }
    if (this.#core.record(this.#kind, bytes, lengths)) this.#lost();
  }
}
