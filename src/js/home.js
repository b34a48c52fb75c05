// What a client and its scopes share.
import { Crossing } from "./crossing.js";
import { core, monotonic } from "./host.js";

const SWEEP_INTERVAL_MS = 1000;
const WARN_INTERVAL_MS = 30_000;

export class Home {
  /** Builds scopes, and takes what the client itself records. */
  core = core;
  /** When each kind of warning was last written. */
  warned = {};
  refused = 0;
  /** How many interactions have news, and those of scopes. */
  changed = 0;
  stores = new Set();
  /** The interactions begun or resumed last, so that another handle finds what is known of one. */
  recent = new Map();

  /**
   * `settings`: where records go, `cloud` and `workshop`, each a `url` and `headers`, and the `secret` that no error may repeat;
   * how many code points a text may have (`textCap`); a request of spans (`spans`); how many records of each kind but
   * spans may wait (`eventLimit`); `context`, what events say of what recorded them; and the options that are needed later.
   */
  constructor(settings) {
    Object.assign(this, settings);
    this.isOn = !!(this.cloud || this.workshop);
    this.crossing = new Crossing(this.spans, () => queueMicrotask(() => this.warnOfLoss()));
  }

  /** Writes a warning, if it is the first of its kind for a while. */
  warn(kind, message) {
    const { warned } = this;
    const now = Date.now();
    if (now - warned[kind] < WARN_INTERVAL_MS) return;
    warned[kind] = now;
    try {
      console.warn(`raindrop: ${message}`);
    } catch {
      // Whoever has replaced it may throw.
    }
  }

  warnOfLoss() {
    this.warn("lost", "the buffer is full, or a record is too large: one was dropped. See `stats`");
  }

  /** Makes records of what scopes hold that seem to be dead: the wasm module looks after them then. */
  sealAbandoned() {
    const now = monotonic();
    if (now - this.swept < SWEEP_INTERVAL_MS) return;
    this.swept = now;
    for (const store of this.stores) store.sealAbandoned(now);
  }
}
