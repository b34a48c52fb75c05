// JSON texts, and making them fit where they must. The rules are those of `src/wire/text.rs` and `src/wire/fit.rs`.

/** JSON that UTF-8 can hold: half a surrogate pair, which `JSON.stringify` escapes, becomes U+FFFD. */
export function json(value) {
  const text = JSON.stringify(value);
  return text?.indexOf("\\ud") >= 0 ? text.replace(/\\(\\|ud[89a-f]..)/g, (all, code) => (code == "\\" ? all : "\ufffd")) : text;
}

const NEEDS_ESCAPE = /["\\\x00-\x1f\ud800-\udfff]/;

/** The same for a text, without its quotes. */
export const escaped = (text) => (NEEDS_ESCAPE.test(text) ? json(text).slice(1, -1) : text);

const KEYS_KEPT = 1000;
/** Longer ones are seldom keys of an app's own. */
export const LONGEST_KEY = 128;

/** What `make` makes of a key, remembered for the first short ones. */
export function remembered(make) {
  const known = new Map();
  return (key) => {
    let made = known.get(key);
    if (!made) {
      made = make(key);
      if (known.size < KEYS_KEPT && key.length < LONGEST_KEY) known.set(key, made);
    }
    return made;
  };
}

/** What opens a value in an object that stands inside a string: as its first and as another, and the same for a text. */
const opening = remembered((key) => {
  const next = `,\\"${twice(key)}\\":`;
  const first = `{${next.slice(1)}`;
  return { first, next, firstText: `${first}\\"`, nextText: `${next}\\"` };
});

const twice = (text) => (NEEDS_ESCAPE.test(text) ? escaped(escaped(text)) : text);

/** The JSON of a flat object as it stands inside a string, in a third of the time of `JSON.stringify` twice. Nothing for other values. */
export function flatInside(value) {
  if (typeof value != "object" || Object.getPrototypeOf(value) != Object.prototype || Array.isArray(value) || value.toJSON) return;
  let text = "";
  for (const key of Object.keys(value)) {
    const item = value[key];
    const { first, next, firstText, nextText } = opening(key);
    if (typeof item == "string") text += `${text ? nextText : firstText}${twice(item)}\\"`;
    else if (typeof item == "number" || typeof item == "boolean" || item === null) {
      text += `${text ? next : first}${Number.isFinite(item) || typeof item == "boolean" ? item : null}`;
    } else if (item !== undefined) return;
  }
  return text ? `${text}}` : "{}";
}

export const quoted = (text) => `"${escaped(text)}"`;

const MARKER = "...[truncated by raindrop]";

/** Where the code point with this number begins. */
function startOf(text, codePoint) {
  let at = 0;
  for (; codePoint > 0 && at < text.length; codePoint--) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return at;
}

/** At most so many code points. */
export function cut(text, cap) {
  if (text.length <= cap || startOf(text, cap) == text.length) return text;
  return cap > MARKER.length ? text.slice(0, startOf(text, cap - MARKER.length)) + MARKER : text.slice(0, startOf(text, cap));
}

/** The same for each text in JSON, but for keys. What is too deep for that stays as it is. */
export function cutAll(text, cap) {
  if (text.length <= cap) return text;
  try {
    return json(JSON.parse(text, (_, value) => (typeof value == "string" ? cut(value, cap) : value)));
  } catch {
    return text;
  }
}

/** How many code points a text has; if they cannot be more than `limit`, an upper bound. */
export const codePoints = (text, limit) => (text.length <= limit ? text.length : [...text].length);

/** What `encode` makes under `cap` or, if that measures more than `limit`, under about the largest cap that fits. Nothing if none does. */
export function fitted(limit, cap, measure, encode) {
  let fitting = encode(cap);
  const size = measure(fitting);
  if (size <= limit) return fitting;
  fitting = encode(1);
  if (measure(fitting) > limit) return;
  let low = 1;
  let high = Math.min(cap, size);
  // Good to a sixteenth: each step encodes all of it again.
  while (high - low > Math.ceil(low / 16)) {
    const middle = (low + high) >>> 1;
    const text = encode(middle);
    if (measure(text) > limit) high = middle;
    else [low, fitting] = [middle, text];
  }
  return fitting;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(65536);

/** UTF-8, good until the next call. */
export function utf8(text) {
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

/** The text of a record: nothing if it is more than `limit` bytes and nothing in it is left to shorten. */
export function textWithin(limit, cap, encode) {
  const text = encode(cap);
  // A character is at most three bytes.
  return text.length * 3 <= limit ? text : fitted(limit, cap, (text) => utf8(text).length, encode);
}
