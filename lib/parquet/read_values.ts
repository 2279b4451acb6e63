import type {
  BooleanColumn,
  BytesColumn,
  Decimal128Column,
  DecimalType,
  Int64Column,
  NumberColumn,
} from "../core/mod.ts";
import type { ArrowMemory, ArrowRun } from "./arrow_memory.ts";
import { decimalOf } from "./arrow_types.ts";

const NUMBER_ARRAYS = {
  c: Int8Array,
  C: Uint8Array,
  s: Int16Array,
  S: Uint16Array,
  i: Int32Array,
  I: Uint32Array,
  f: Float32Array,
  g: Float64Array,
  tdD: Int32Array,
} as const;

/** What each type may be stored as so that every value fits. */
const NUMBER_FORMATS: Readonly<Record<string, readonly string[]>> = {
  byte: ["c"],
  short: ["s", "c", "C"],
  integer: ["i", "s", "c", "S", "C"],
  long: ["i", "s", "c", "I", "S", "C"],
  date: ["tdD"],
  float: ["f"],
  double: ["g", "f", "i", "s", "c"],
};

/** Microseconds are `value * multiplier / divisor` of a timestamp in this unit. */
const TIMESTAMP_UNITS: Readonly<Record<string, readonly [multiplier: bigint, divisor: bigint]>> = {
  s: [1_000_000n, 1n],
  m: [1_000n, 1n],
  u: [1n, 1n],
  n: [1n, 1_000n],
};

/** Integers as decimals, with the digits that Delta lets a decimal have that they are widened to. */
const INTEGER_DECIMALS: Readonly<Record<string, { precision: number; scale: number }>> = {
  c: { precision: 10, scale: 0 },
  s: { precision: 10, scale: 0 },
  i: { precision: 10, scale: 0 },
  l: { precision: 20, scale: 0 },
};

const MICROS_PER_DAY = 86_400_000_000n;
const VIEW_BYTES = 16;
const MAX_INLINE_BYTES = 12;

/** Copies byte, short, integer, date, float or double; false if they are stored as something else. */
export function readNumbers(
  memory: ArrowMemory,
  column: NumberColumn,
  format: string,
  runs: readonly ArrowRun[],
): boolean {
  if (!NUMBER_FORMATS[column.type as string]!.includes(format)) return false;
  let row = 0;
  for (const run of runs) {
    column.values.set(numbersOf(memory, format, run), row);
    row += run.length;
  }
  return true;
}

/** Copies long, timestamp or timestamp_ntz; false if they are stored as something else. */
export function readInt64s(
  memory: ArrowMemory,
  column: Int64Column,
  format: string,
  runs: readonly ArrowRun[],
): boolean {
  if (column.type === "timestamp_ntz" && format === "tdD") {
    readDatesAsMicros(memory, column, runs);
    return true;
  }
  const isLong = column.type === "long";
  const isNarrow = isLong && NUMBER_FORMATS.long!.includes(format);
  const unit = isLong ? undefined : timestampUnit(format);
  if (!isNarrow && unit === undefined && !(isLong && format === "l")) return false;
  let row = 0;
  for (const run of runs) {
    const target = column.values.subarray(row, row + run.length);
    if (isNarrow) {
      numbersOf(memory, format, run).forEach((value, i) => target[i] = BigInt(value));
    } else {
      target.set(memory.int64s(run.array.buffers[1]!, run.start, run.length));
      if (unit !== undefined && unit !== TIMESTAMP_UNITS.u) toMicros(target, ...unit);
    }
    row += run.length;
  }
  return true;
}

function readDatesAsMicros(
  memory: ArrowMemory,
  column: Int64Column,
  runs: readonly ArrowRun[],
): void {
  let row = 0;
  for (const run of runs) {
    for (const days of numbersOf(memory, "tdD", run)) {
      column.values[row++] = BigInt(days) * MICROS_PER_DAY;
    }
  }
}

/** Copies decimals, and integers as such, of no greater scale and no more digits before the point. */
export function readDecimals(
  memory: ArrowMemory,
  column: Int64Column | Decimal128Column,
  format: string,
  runs: readonly ArrowRun[],
): boolean {
  const stored = decimalOf(format) ?? INTEGER_DECIMALS[format];
  const { precision, scale } = column.type as DecimalType;
  if (stored === undefined || stored.scale > scale) return false;
  if (stored.precision - stored.scale > precision - scale) return false;
  if (stored.scale !== scale || format in INTEGER_DECIMALS) {
    const factor = 10n ** BigInt(scale - stored.scale);
    readRescaled(memory, column, format, runs, factor);
    return true;
  }
  const wordsPerRow = precision <= 18 ? 1 : 2;
  let row = 0;
  for (const { array, start, length } of runs) {
    const words = memory.int64s(array.buffers[1]!, start * 2, length * 2);
    if (wordsPerRow === 2) column.values.set(words, row * 2);
    else for (let i = 0; i < length; i++) column.values[row + i] = words[i * 2]!;
    row += length;
  }
  return true;
}

/** Copies decimals or integers times a factor, word by word as it is done rarely. */
function readRescaled(
  memory: ArrowMemory,
  column: Int64Column | Decimal128Column,
  format: string,
  runs: readonly ArrowRun[],
  factor: bigint,
): void {
  const isNarrow = (column.type as DecimalType).precision <= 18;
  let row = 0;
  for (const run of runs) {
    for (let i = 0; i < run.length; i++, row++) {
      const value = unscaledAt(memory, format, run, i) * factor;
      if (isNarrow) {
        column.values[row] = value;
      } else {
        column.values[row * 2] = BigInt.asIntN(64, value);
        column.values[row * 2 + 1] = value >> 64n;
      }
    }
  }
}

function unscaledAt(memory: ArrowMemory, format: string, run: ArrowRun, i: number): bigint {
  const buffer = run.array.buffers[1]!;
  const at = run.start + i;
  if (format === "l") return memory.int64s(buffer, at, 1)[0]!;
  if (format in NUMBER_ARRAYS) {
    return BigInt(numbersOf(memory, format, { ...run, start: at, length: 1 })[0]!);
  }
  const [low, high] = memory.int64s(buffer, at * 2, 2);
  return (high! << 64n) + BigInt.asUintN(64, low!);
}

/** Copies booleans; false if they are stored as something else. */
export function readBooleans(
  memory: ArrowMemory,
  column: BooleanColumn,
  format: string,
  runs: readonly ArrowRun[],
): boolean {
  if (format !== "b") return false;
  let row = 0;
  for (const { array, start, length } of runs) {
    for (let i = 0; i < length; i++) {
      column.values[row++] = memory.bit(array.buffers[1]!, start + i);
    }
  }
  return true;
}

/** Copies strings or binary values; false if they are stored as something else. */
export function readBytes(
  memory: ArrowMemory,
  column: BytesColumn,
  format: string,
  runs: readonly ArrowRun[],
): boolean {
  const formats = column.type === "string" ? ["u", "U", "vu"] : ["z", "Z", "vz"];
  if (!formats.includes(format)) return false;
  for (const run of runs) {
    if (format.startsWith("v")) readViews(memory, column, run);
    else readRun(memory, column, run, format === "U" || format === "Z");
  }
  return true;
}

function readRun(memory: ArrowMemory, column: BytesColumn, run: ArrowRun, isLarge: boolean): void {
  const offsets = memory.offsets(run.array.buffers[1]!, run.start, run.length, isLarge);
  const first = offsets[0]!;
  const bytes = memory.bytes(run.array.buffers[2]! + first, offsets[run.length]! - first);
  const row = column.length;
  const from = column.offsets[row]!;
  if (from === 0) {
    column.data = bytes.slice();
  } else {
    const joined = new Uint8Array(from + bytes.length);
    joined.set(column.data.subarray(0, from));
    joined.set(bytes, from);
    column.data = joined;
  }
  for (let i = 1; i <= run.length; i++) column.offsets[row + i] = from + offsets[i]! - first;
  column.length = row + run.length;
}

/** "View" layout: short values lie in the view itself, long ones in one of several buffers. */
function readViews(
  memory: ArrowMemory,
  column: BytesColumn,
  { array, start, length }: ArrowRun,
): void {
  for (let i = 0; i < length; i++) {
    const view = array.buffers[1]! + (start + i) * VIEW_BYTES;
    const isNull = array.buffers[0] !== 0 && memory.bit(array.buffers[0]!, start + i) === 0;
    const size = isNull ? 0 : memory.int32(view);
    const at = size <= MAX_INLINE_BYTES
      ? view + 4
      : array.buffers[2 + memory.int32(view + 8)]! + memory.int32(view + 12);
    column.appendBytes(memory.bytes(at, size), 0, size);
  }
}

function numbersOf(memory: ArrowMemory, format: string, { array, start, length }: ArrowRun) {
  const type = NUMBER_ARRAYS[format as keyof typeof NUMBER_ARRAYS];
  if (length === 0) return new type(0);
  return new type(memory.buffer, array.buffers[1]! + start * type.BYTES_PER_ELEMENT, length);
}

/**
 * The unit of `tsu:UTC`. Whether there is a zone does not matter: old writers store points in time
 * without one (as 96-bit integers, or by mistake), and all of them mean UTC.
 */
function timestampUnit(format: string) {
  const match = /^ts([smun]):/.exec(format);
  return match === null ? undefined : TIMESTAMP_UNITS[match[1]!];
}

function toMicros(values: BigInt64Array, multiplier: bigint, divisor: bigint): void {
  for (let i = 0; i < values.length; i++) {
    const scaled = values[i]! * multiplier;
    const quotient = scaled / divisor;
    values[i] = scaled < 0n && quotient * divisor !== scaled ? quotient - 1n : quotient;
  }
}
