// Ids of events, traces and spans: random, from a pool that is filled now and then.

const POOL_LENGTH = 4096;
let pool = "";
let poolAt = 0;

/** So many random characters of base64. */
function random(length) {
  if (poolAt + length > pool.length) {
    const bytes = new Uint8Array(POOL_LENGTH * 0.75);
    poolAt = 0;
    try {
      crypto.getRandomValues(bytes);
    } catch {
      // Refused, as in a Worker's global scope: these are the last of the pool, and the next id asks again.
      bytes.forEach((_, index) => (bytes[index] = Math.random() * 256));
      poolAt = POOL_LENGTH - length;
    }
    // The newer way takes a tenth of the time.
    pool = bytes.toBase64?.() ?? btoa(String.fromCharCode.apply(null, bytes));
  }
  return pool.slice(poolAt, (poolAt += length));
}

/** 16 bytes, of which the last eight bits are 0: base64 then has one way to write them, which ends with `A==`. */
export const traceId = () => random(21);
/** 8 bytes, of which the last four bits are 0: they end with `A=`. */
export const spanId = () => random(10);

/** A UUID of version 4. */
export function eventId() {
  const bytes = atob(random(44));
  let at = 0;
  // An 8 stands for two bits that are set and two that are random.
  const digit = (fixed) => ((bytes.charCodeAt(at++) & (fixed == 8 ? 3 : 15)) | fixed).toString(16);
  return "00000000-0000-4000-8000-000000000000".replace(/[08]/g, digit);
}
