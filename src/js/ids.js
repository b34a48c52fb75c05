// Ids of events, traces and spans: random, from a pool that is filled now and then.

const POOL_BYTES = 3072;
let pool = "";
let poolAt = 0;

/** So many random characters of base64. */
function random(length) {
  if (poolAt + length > pool.length) {
    const bytes = new Uint8Array(POOL_BYTES);
    let isRandom = true;
    try {
      crypto.getRandomValues(bytes);
    } catch {
      // Refused, as in a Worker's global scope: the next id asks again.
      isRandom = false;
      bytes.forEach((_, index) => (bytes[index] = Math.random() * 256));
    }
    pool = btoa(String.fromCharCode.apply(null, bytes));
    poolAt = 0;
    if (!isRandom) {
      const id = pool.slice(0, length);
      pool = "";
      return id;
    }
  }
  return pool.slice(poolAt, (poolAt += length));
}

/** 16 bytes, of which the last two bits are 0: base64 then has one way to write them. */
export const traceId = () => `${random(21)}A==`;
/** 8 bytes, of which the last four bits are 0. */
export const spanId = () => `${random(10)}A=`;

/** A UUID of version 4. */
export function eventId() {
  const bytes = Array.from(atob(`${random(22)}==`), (character) => character.charCodeAt());
  bytes[6] = (bytes[6] & 0xf) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.map((byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
