// Records on their way into the wasm module. They cross several at a time: one by one, that takes as long as to write them.
import { utf8 } from "./json.js";

/** So many characters cross at once. */
const ENOUGH = 16_384;

/** Those of a client and its scopes, in the order of the calls. */
export class Crossing {
  /** Consecutive ones of one kind and for one core. */
  #texts = [];
  #length = 0;
  #core;
  #kind;
  #lost;

  /** `lost` is called when there was no room for all. */
  constructor(lost) {
    this.#lost = lost;
  }

  get size() {
    return this.#texts.length;
  }

  add(core, kind, text) {
    if (core != this.#core || kind != this.#kind) this.cross();
    this.#core = core;
    this.#kind = kind;
    this.#texts.push(text);
    this.#length += text.length;
    if (this.#length > ENOUGH) this.cross();
  }

  cross() {
    const texts = this.#texts;
    if (!texts.length) return;
    this.#texts = [];
    this.#length = 0;
    const joined = texts.join("");
    const isAscii = utf8(joined).length == joined.length;
    const lengths = texts.map((text) => (isAscii ? text : utf8(text)).length);
    if (this.#core.record(this.#kind, utf8(joined), lengths)) this.#lost();
  }
}
