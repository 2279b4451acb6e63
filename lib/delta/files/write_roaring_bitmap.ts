import {
  BITSET_BYTES,
  COOKIE_WITH_RUNS,
  COOKIE_WITHOUT_RUNS,
  MAX_ARRAY_VALUES,
  NO_OFFSETS_BELOW,
  VALUES_PER_CONTAINER,
} from "./roaring_format.ts";

const VALUES_PER_BITMAP = 2 ** 32;

/** The values that share all but their lowest 16 bits, in the form that takes the fewest bytes. */
interface Container {
  /** The 16 bits above the lowest. */
  readonly key: number;
  readonly cardinality: number;
  readonly isRun: boolean;
  readonly bytes: Uint8Array;
}

/**
 * Writes a 64-bit roaring bitmap in its portable form: 32-bit ones, each with its high 32 bits.
 * Values are in ascending order, each once.
 *
 * @throws {RangeError} if they are not.
 */
export function writeRoaringBitmap64(values: ArrayLike<number>): Uint8Array {
  const parts: Uint8Array[] = [];
  let bitmaps = 0;
  for (let start = 0; start < values.length; bitmaps++) {
    const high = Math.floor(values[start]! / VALUES_PER_BITMAP);
    const end = endOfBlock(values, start, (high + 1) * VALUES_PER_BITMAP);
    parts.push(uint32s(high), ...bitmap32(values, start, end));
    start = end;
  }
  return joined([uint32s(bitmaps, 0), ...parts]);
}

/** The index of the first value that is not below the limit. */
function endOfBlock(values: ArrayLike<number>, start: number, limit: number): number {
  let end = start;
  while (end < values.length && values[end]! < limit) {
    if (end > 0 && !(values[end]! > values[end - 1]!)) throw new RangeError("values out of order");
    end++;
  }
  return end;
}

function bitmap32(values: ArrayLike<number>, start: number, end: number): Uint8Array[] {
  const containers: Container[] = [];
  for (let at = start; at < end;) {
    const block = Math.floor(values[at]! / VALUES_PER_CONTAINER);
    const next = endOfBlock(values, at, (block + 1) * VALUES_PER_CONTAINER);
    containers.push(container(values, at, next));
    at = next;
  }
  const count = containers.length;
  const hasRuns = containers.some(({ isRun }) => isRun);
  const head = hasRuns
    ? [uint32s((count - 1) * 65536 + COOKIE_WITH_RUNS), runFlags(containers)]
    : [uint32s(COOKIE_WITHOUT_RUNS, count)];
  const keys = uint16s(containers.flatMap(({ key, cardinality }) => [key, cardinality - 1]));
  const contents = containers.map(({ bytes }) => bytes);
  if (hasRuns && count < NO_OFFSETS_BELOW) return [...head, keys, ...contents];
  let offset = head.reduce((sum, { length }) => sum + length, 0) + keys.length + count * 4;
  const offsets = contents.map(({ length }) => {
    offset += length;
    return offset - length;
  });
  return [...head, keys, uint32s(...offsets), ...contents];
}

function container(values: ArrayLike<number>, start: number, end: number): Container {
  const cardinality = end - start;
  const low = (i: number): number => values[i]! % VALUES_PER_CONTAINER;
  const key = Math.floor(values[start]! / VALUES_PER_CONTAINER) % VALUES_PER_CONTAINER;
  const runs: number[] = [];
  for (let i = start; i < end; i++) {
    if (i > start && values[i] === values[i - 1]! + 1) runs[runs.length - 1]!++;
    else runs.push(low(i), 0);
  }
  const runBytes = 2 + runs.length * 2;
  const plainBytes = cardinality > MAX_ARRAY_VALUES ? BITSET_BYTES : cardinality * 2;
  if (runBytes < plainBytes) {
    return { key, cardinality, isRun: true, bytes: uint16s([runs.length / 2, ...runs]) };
  }
  if (cardinality <= MAX_ARRAY_VALUES) {
    const bytes = uint16s(Array.from({ length: cardinality }, (_, i) => low(start + i)));
    return { key, cardinality, isRun: false, bytes };
  }
  const bytes = new Uint8Array(BITSET_BYTES);
  for (let i = start; i < end; i++) bytes[low(i) >> 3]! |= 1 << (low(i) & 7);
  return { key, cardinality, isRun: false, bytes };
}

function runFlags(containers: readonly Container[]): Uint8Array {
  const flags = new Uint8Array(Math.ceil(containers.length / 8));
  containers.forEach(({ isRun }, i) => {
    if (isRun) flags[i >> 3]! |= 1 << (i & 7);
  });
  return flags;
}

function uint16s(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint16(i * 2, value, true));
  return bytes;
}

function uint32s(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(i * 4, value, true));
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
