const LENGTH_BYTES = 4;

/** Several runs of bytes as one, each behind its length. */
export function packBytes(items: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const item of items) length += LENGTH_BYTES + item.length;
  const packed = new Uint8Array(length);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const item of items) {
    view.setUint32(at, item.length);
    packed.set(item, at + LENGTH_BYTES);
    at += LENGTH_BYTES + item.length;
  }
  return packed;
}

/** The runs of bytes again, not copied. */
export function* unpackBytes(packed: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  while (at < packed.length) {
    const start = at + LENGTH_BYTES;
    at = start + view.getUint32(at);
    yield packed.subarray(start, at);
  }
}
