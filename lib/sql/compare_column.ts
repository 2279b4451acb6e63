import {
  BooleanColumn,
  BytesColumn,
  type Column,
  type DataType,
  Decimal,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../core/mod.ts";
import type { Bound } from "./bound.ts";
import { toDecimal, toDouble } from "./values/compare_values.ts";
import { floorOf } from "./values/decimal_math.ts";
import type { ComparisonOperator } from "./parse/expression.ts";
import { type Batches, findColumn } from "./frame.ts";
import { holds } from "./open_reader.ts";
import { isDecimal, isFloating, isNumeric, type SqlType } from "./values/sql_type.ts";
import { FALSE, NULL } from "./truth_value.ts";

/** The truth for a value that is less than, equal to and greater than the literal. */
interface Outcomes {
  readonly less: number;
  readonly equal: number;
  readonly greater: number;
}

const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  "=": "=",
  "<>": "<>",
  "<=>": "<=>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};
const encoder = new TextEncoder();

/**
 * Compares a column with a literal over the column's arrays: no value of a row is made. `undefined`
 * for operands and types it is not made for.
 */
export function compareWithLiteral(
  { operator, left, right }: Extract<Bound, { kind: "compare" }>,
  batches: Batches,
): Uint8Array | undefined {
  if (left.kind === "column" && right.kind === "literal") {
    return compareColumn(operator, left, right, batches);
  }
  if (left.kind === "literal" && right.kind === "column") {
    return compareColumn(MIRRORED[operator], right, left, batches);
  }
  return undefined;
}

function compareColumn(
  operator: ComparisonOperator,
  side: Extract<Bound, { kind: "column" }>,
  { value, type }: Extract<Bound, { kind: "literal" }>,
  batches: Batches,
): Uint8Array | undefined {
  if (value === null) return undefined;
  const column = findColumn(batches, side.column, side.type as DataType);
  const truth = new Uint8Array(column.length);
  const outcomes: Outcomes = {
    less: Number(holds(operator, -1)),
    equal: Number(holds(operator, 0)),
    greater: Number(holds(operator, 1)),
  };
  if (!compareValues(column, type, value, outcomes, truth)) return undefined;
  const { validity } = column;
  if (validity !== undefined) {
    const ofNull = operator === "<=>" ? FALSE : NULL;
    for (let i = 0; i < truth.length; i++) if (validity[i] === 0) truth[i] = ofNull;
  }
  return truth;
}

/** Fills in the truth of every row, nulls not regarded; false where the types are not provided for. */
function compareValues(
  column: Column,
  type: SqlType,
  value: unknown,
  outcomes: Outcomes,
  truth: Uint8Array,
): boolean {
  if (column instanceof BytesColumn) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value as Uint8Array;
    if (outcomes.less === outcomes.greater) matchBytes(column, bytes, outcomes, truth);
    else compareBytes(column, bytes, outcomes, truth);
    return true;
  }
  if (column instanceof BooleanColumn) {
    compareNumbers(column.values, Number(value), outcomes, truth);
    return true;
  }
  if (isFloating(column.type) || isFloating(type)) {
    const double = toDouble(value);
    if (!(column instanceof NumberColumn) || Number.isNaN(double)) return false;
    compareNumbers(column.values, double, outcomes, truth);
    return true;
  }
  if (isNumeric(column.type) !== isNumeric(type)) return false;
  const scale = isDecimal(column.type) ? column.type.scale : 0;
  const threshold = thresholdOf(value, scale, outcomes);
  if (column instanceof NumberColumn) {
    // Past a double's exact integers, which no value of such a column reaches, rounding is harmless.
    compareNumbers(column.values, Number(threshold.value), threshold.outcomes, truth);
  } else if (column instanceof Int64Column) {
    compareWords(column.words, 2, threshold, truth);
  } else if (column instanceof Decimal128Column) {
    compareWords(new Int32Array(column.values.buffer), 4, threshold, truth);
  } else {
    return false;
  }
  return true;
}

interface Threshold {
  readonly value: bigint;
  readonly outcomes: Outcomes;
}

/**
 * The literal as an integer in units of the column. One that falls between two of them is rounded
 * down, and what equals it then is less than the literal.
 */
function thresholdOf(value: unknown, scale: number, outcomes: Outcomes): Threshold {
  const shifted = toDecimal(value).times(new Decimal(10n ** BigInt(scale), 0));
  const floor = floorOf(shifted);
  const isExact = shifted.compare(new Decimal(floor, 0)) === 0;
  return { value: floor, outcomes: isExact ? outcomes : { ...outcomes, equal: outcomes.less } };
}

/** NaN, which no comparison holds for, is greater than the number. */
function compareNumbers(
  values: ArrayLike<number>,
  number: number,
  { less, equal, greater }: Outcomes,
  truth: Uint8Array,
): void {
  for (let i = 0; i < truth.length; i++) {
    const value = values[i]!;
    truth[i] = value < number ? less : value === number ? equal : greater;
  }
}

/** Integers of two or four 32-bit words, the lowest first; only the highest has a sign. */
function compareWords(
  words: Int32Array,
  width: 2 | 4,
  { value, outcomes }: Threshold,
  truth: Uint8Array,
): void {
  const { less, equal, greater } = outcomes;
  const bits = width * 32;
  if (BigInt.asIntN(bits, value) !== value) {
    truth.fill(value < 0n ? greater : less);
    return;
  }
  const high = Number(value >> BigInt(bits - 32));
  const low = Number(BigInt.asUintN(32, value));
  if (width === 2) {
    for (let i = 0; i < truth.length; i++) {
      const a = words[i * 2 + 1]!;
      const b = words[i * 2]! >>> 0;
      truth[i] = a < high || (a === high && b < low)
        ? less
        : a === high && b === low
        ? equal
        : greater;
    }
    return;
  }
  const second = Number(BigInt.asUintN(32, value >> 64n));
  const third = Number(BigInt.asUintN(32, value >> 32n));
  for (let i = 0; i < truth.length; i++) {
    const order = words[i * 4 + 3]! - high || (words[i * 4 + 2]! >>> 0) - second ||
      (words[i * 4 + 1]! >>> 0) - third || (words[i * 4]! >>> 0) - low;
    truth[i] = order < 0 ? less : order === 0 ? equal : greater;
  }
}

/** Only equal or not: most values differ in length or in the first byte. */
function matchBytes(
  { data, offsets }: BytesColumn,
  wanted: Uint8Array,
  { equal, less: other }: Outcomes,
  truth: Uint8Array,
): void {
  const { length } = wanted;
  for (let i = 0; i < truth.length; i++) {
    const start = offsets[i]!;
    let isEqual = offsets[i + 1]! - start === length;
    for (let j = 0; isEqual && j < length; j++) isEqual = data[start + j] === wanted[j];
    truth[i] = isEqual ? equal : other;
  }
}

function compareBytes(
  { data, offsets }: BytesColumn,
  wanted: Uint8Array,
  { less, equal, greater }: Outcomes,
  truth: Uint8Array,
): void {
  for (let i = 0; i < truth.length; i++) {
    const start = offsets[i]!;
    const length = offsets[i + 1]! - start;
    const shorter = Math.min(length, wanted.length);
    let order = 0;
    for (let j = 0; order === 0 && j < shorter; j++) order = data[start + j]! - wanted[j]!;
    if (order === 0) order = length - wanted.length;
    truth[i] = order < 0 ? less : order === 0 ? equal : greater;
  }
}
