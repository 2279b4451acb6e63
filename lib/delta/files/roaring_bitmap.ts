import {
  BITSET_BYTES,
  COOKIE_WITH_RUNS,
  COOKIE_WITHOUT_RUNS,
  MAX_ARRAY_VALUES,
  NO_OFFSETS_BELOW,
  VALUES_PER_CONTAINER,
} from "./roaring_format.ts";

/**
 * Reads a 64-bit roaring bitmap in its portable form: 32-bit ones, each with its high 32 bits.
 * Values come in ascending order, as far as the bytes are sound.
 *
 * @throws {RangeError} if the bytes are none, go on behind it, or hold more than `maxValues`: a few
 * bytes of runs can stand for billions.
 */
export function readRoaringBitmap64(bytes: Uint8Array, maxValues: number): number[] {
  const reader = new Reader(bytes);
  const values: number[] = [];
  const bitmaps = reader.uint64();
  for (let i = 0; i < bitmaps; i++) {
    const high = reader.uint32();
    if (high > 0x1f_ffff) throw new RangeError("a value beyond 2^53");
    readRoaringBitmap32(reader, high * 2 ** 32, values, maxValues);
  }
  if (!reader.atEnd) throw new RangeError("bytes behind the bitmap");
  return values;
}

/** Reads a 32-bit bitmap and adds its values, each plus `base`. */
function readRoaringBitmap32(
  reader: Reader,
  base: number,
  values: number[],
  maxValues: number,
): void {
  const cookie = reader.uint32();
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!hasRuns && cookie !== COOKIE_WITHOUT_RUNS) throw new RangeError(`cookie ${cookie}`);
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32();
  if (count > VALUES_PER_CONTAINER) throw new RangeError(`${count} containers`);
  const runFlags = hasRuns ? reader.bytes(Math.ceil(count / 8)) : undefined;
  const containers = Array.from({ length: count }, (_, i) => ({
    base: base + reader.uint16() * VALUES_PER_CONTAINER,
    cardinality: reader.uint16() + 1,
    isRun: runFlags !== undefined && (runFlags[i >> 3]! >> (i & 7) & 1) === 1,
  }));
  // Containers lie one behind the other, so where they begin is known without these.
  if (!hasRuns || count >= NO_OFFSETS_BELOW) reader.bytes(count * 4);
  for (const { base, cardinality, isRun } of containers) {
    const before = values.length;
    if (before + cardinality > maxValues) throw new RangeError("more values than there should be");
    if (isRun) readRuns(reader, base, values, before + cardinality);
    else if (cardinality > MAX_ARRAY_VALUES) readBitset(reader, base, values);
    else for (let i = 0; i < cardinality; i++) values.push(base + reader.uint16());
    if (values.length - before !== cardinality) throw new RangeError("a wrong count of values");
  }
}

function readRuns(reader: Reader, base: number, values: number[], end: number): void {
  const runs = reader.uint16();
  for (let run = 0; run < runs; run++) {
    const start = reader.uint16();
    const last = start + reader.uint16();
    if (last >= VALUES_PER_CONTAINER) throw new RangeError("a run that is too long");
    if (values.length + last - start >= end) throw new RangeError("a wrong count of values");
    for (let value = start; value <= last; value++) values.push(base + value);
  }
}

function readBitset(reader: Reader, base: number, values: number[]): void {
  reader.bytes(BITSET_BYTES).forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte >> bit & 1) === 1) values.push(base + i * 8 + bit);
    }
  });
}

/** Reads little-endian integers from the front; a RangeError where bytes are wanting. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  bytes(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) throw new RangeError("too few bytes");
    this.#at = start + length;
    return start;
  }
}
