/** A key with more bytes behind it. */
export function keyWith(key: Uint8Array, rest: Uint8Array): Uint8Array {
  const joined = new Uint8Array(key.length + rest.length);
  joined.set(key);
  joined.set(rest, key.length);
  return joined;
}

/** A key with a time behind it, in 8 bytes that are ordered as the times are. */
export function keyWithTime(key: Uint8Array, micros: bigint): Uint8Array {
  const joined = new Uint8Array(key.length + 8);
  joined.set(key);
  new DataView(joined.buffer).setBigUint64(key.length, BigInt.asUintN(64, micros - MIN_INT64));
  return joined;
}

/** The time in the last 8 bytes of a key. */
export function timeOfKey(key: Uint8Array): bigint {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  return view.getBigUint64(key.length - 8) + MIN_INT64;
}

/** True if two keys have the same bytes. */
export function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}

const MIN_INT64 = -(2n ** 63n);
