import {
  type BooleanColumn,
  type BytesColumn,
  type Decimal128Column,
  type DecimalType,
  Int64Column,
  type NumberColumn,
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
  let row = 0;
  for (const { array, start, length } of runs) {
    const stored = memory.int64s(array.buffers[1]!, start * 2, length * 2);
    if (column instanceof Int64Column) copyLowHalves(stored, column.words.subarray(row * 2));
    else column.values.set(stored, row * 2);
    row += length;
  }
  return true;
}

/** Copies the lower 64 of each 128 bits, as 32-bit words: reading these makes no BigInt. */
function copyLowHalves(stored: BigInt64Array, target: Int32Array): void {
  const words = new Int32Array(stored.buffer, stored.byteOffset, stored.length * 2);
  for (let from = 0, to = 0; from < words.length; from += 4, to += 2) {
    target[to] = words[from]!;
    target[to + 1] = words[from + 1]!;
  }
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
  if (format !== (column.type === "string" ? "u" : "z")) return false;
  for (const run of runs) readRun(memory, column, run);
  return true;
}

function readRun(memory: ArrowMemory, column: BytesColumn, run: ArrowRun): void {
  const offsets = memory.offsets(run.array.buffers[1]!, run.start, run.length);
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
  const shift = from - first;
  const target = column.offsets.subarray(row);
  if (shift === 0) target.set(offsets);
  else for (let i = 1; i <= run.length; i++) target[i] = offsets[i]! + shift;
  column.length = row + run.length;
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
  const match = /^ts([mun]):/.exec(format);
  return match === null ? undefined : TIMESTAMP_UNITS[match[1]!];
}

function toMicros(values: BigInt64Array, multiplier: bigint, divisor: bigint): void {
  for (let i = 0; i < values.length; i++) {
    const scaled = values[i]! * multiplier;
    const quotient = scaled / divisor;
    values[i] = scaled < 0n && quotient * divisor !== scaled ? quotient - 1n : quotient;
  }
}
