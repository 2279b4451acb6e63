import {
  type Batch,
  BytesColumn,
  type Column,
  Decimal128Column,
  type DecimalType,
  formatDateDays,
  formatTimestampMicros,
  formatUnscaled,
  Int64Column,
  NumberColumn,
  StructColumn,
  type StructField,
} from "../../core/mod.ts";

const MAX_PREFIX_CHARACTERS = 32;
const LAST_CHARACTER = 0x10ffff;
const LAST_BEFORE_SURROGATES = 0xd7ff;
const FIRST_AFTER_SURROGATES = 0xe000;

/** The rows of a column's least and greatest value; `undefined` if there are none to tell. */
type Extremes = { readonly min: number; readonly max: number } | undefined;

/** Members of the JSON objects `minValues`, `maxValues` and `nullCount`. */
interface Members {
  readonly min: string[];
  readonly max: string[];
  readonly nulls: string[];
}

/** Which columns have statistics, and what they are called there. */
export interface StatsColumns {
  /** True for a field that is no struct and has statistics. */
  readonly isIndexed: (field: StructField) => boolean;
  /** The name of a field in the log. */
  readonly nameOf: (field: StructField) => string;
}

/**
 * `add.stats` of a data file: the number of rows, and for the columns asked for the number of nulls
 * and bounds of the values. Numbers have all their digits. See Delta's "per-file statistics".
 */
export function fileStats(batch: Batch, columns: StatsColumns): string {
  const { min, max, nulls } = members(batch.schema.fields, batch.columns, columns);
  return `{"numRecords":${batch.numRows},"minValues":{${min}},"maxValues":{${max}},` +
    `"nullCount":{${nulls}}}`;
}

function members(
  fields: readonly StructField[],
  columns: readonly Column[],
  { isIndexed, nameOf }: StatsColumns,
): Members {
  const all: Members = { min: [], max: [], nulls: [] };
  columns.forEach((column, i) => {
    const field = fields[i]!;
    const name = JSON.stringify(nameOf(field));
    if (column instanceof StructColumn) {
      const { min, max, nulls } = members(column.type.fields, column.children, {
        isIndexed,
        nameOf,
      });
      if (min.length > 0) all.min.push(`${name}:{${min}}`);
      if (max.length > 0) all.max.push(`${name}:{${max}}`);
      if (nulls.length > 0) all.nulls.push(`${name}:{${nulls}}`);
      return;
    }
    if (!isIndexed(field)) return;
    all.nulls.push(`${name}:${column.nullCount}`);
    const extremes = extremesOf(column);
    if (extremes === undefined) return;
    const min = boundText(column, extremes.min, false);
    const max = boundText(column, extremes.max, true);
    if (min !== undefined) all.min.push(`${name}:${min}`);
    if (max !== undefined) all.max.push(`${name}:${max}`);
  });
  return all;
}

function extremesOf(column: Column): Extremes {
  if (column.nullCount === column.length) return undefined;
  if (column instanceof Int64Column) return extremeInt64s(column);
  if (column instanceof NumberColumn) return extremeNumbers(column);
  if (column instanceof BytesColumn && column.type === "string") return extremeTexts(column);
  if (column instanceof Decimal128Column) return extremeDecimals(column);
  return undefined;
}

function firstValue(column: Column): number {
  let row = 0;
  while (column.isNull(row)) row++;
  return row;
}

function extremeInt64s(column: Int64Column): Extremes {
  const { words, length, validity } = column;
  let min = firstValue(column);
  let max = min;
  let minLow = words[min * 2]! >>> 0;
  let minHigh = words[min * 2 + 1]!;
  let maxLow = minLow;
  let maxHigh = minHigh;
  for (let row = min + 1; row < length; row++) {
    if (validity !== undefined && validity[row] === 0) continue;
    const low = words[row * 2]! >>> 0;
    const high = words[row * 2 + 1]!;
    if (high < minHigh || (high === minHigh && low < minLow)) {
      min = row;
      minLow = low;
      minHigh = high;
    } else if (high > maxHigh || (high === maxHigh && low > maxLow)) {
      max = row;
      maxLow = low;
      maxHigh = high;
    }
  }
  return { min, max };
}

/** None where there is a NaN: readers do not agree on where it sorts. */
function extremeNumbers(column: NumberColumn): Extremes {
  const { values, length } = column;
  let min = firstValue(column);
  let max = min;
  for (let row = min; row < length; row++) {
    if (column.isNull(row)) continue;
    const value = values[row]!;
    if (value < values[min]!) min = row;
    else if (value > values[max]!) max = row;
    else if (value !== value) return undefined;
  }
  return { min, max };
}

function extremeDecimals(column: Decimal128Column): Extremes {
  const { values, length } = column;
  let min = firstValue(column);
  let max = min;
  const isLess = (a: number, b: number): boolean => {
    const highA = values[a * 2 + 1]!;
    const highB = values[b * 2 + 1]!;
    if (highA !== highB) return highA < highB;
    return BigInt.asUintN(64, values[a * 2]!) < BigInt.asUintN(64, values[b * 2]!);
  };
  for (let row = min + 1; row < length; row++) {
    if (column.isNull(row)) continue;
    if (isLess(row, min)) min = row;
    else if (isLess(max, row)) max = row;
  }
  return { min, max };
}

function extremeTexts(column: BytesColumn): Extremes {
  const { data, offsets, length } = column;
  const isLess = (a: number, b: number): boolean => {
    const startA = offsets[a]!;
    const startB = offsets[b]!;
    const lengthA = offsets[a + 1]! - startA;
    const lengthB = offsets[b + 1]! - startB;
    const shorter = lengthA < lengthB ? lengthA : lengthB;
    for (let i = 0; i < shorter; i++) {
      const difference = data[startA + i]! - data[startB + i]!;
      if (difference !== 0) return difference < 0;
    }
    return lengthA < lengthB;
  };
  let min = firstValue(column);
  let max = min;
  for (let row = min + 1; row < length; row++) {
    if (column.isNull(row)) continue;
    if (isLess(row, min)) min = row;
    else if (isLess(max, row)) max = row;
  }
  return { min, max };
}

/** A bound in JSON; `undefined` if it cannot be told there. */
function boundText(column: Column, row: number, isMax: boolean): string | undefined {
  if (column instanceof Int64Column) return int64Text(column, column.values[row]!);
  if (column instanceof Decimal128Column) {
    return formatUnscaled(column.unscaledAt(row), column.type.scale);
  }
  const value = column.get(row);
  if (typeof value === "string") {
    const bound = isMax ? upperBound(value) : prefix(value);
    return bound === undefined ? undefined : JSON.stringify(bound);
  }
  if (column.type === "date") return `"${formatDateDays(value as number)}"`;
  return Number.isFinite(value) ? String(value) : undefined;
}

function int64Text(column: Int64Column, value: bigint): string {
  switch (column.type) {
    case "long":
      return String(value);
    case "timestamp":
      return `"${formatTimestampMicros(value)}Z"`;
    case "timestamp_ntz":
      return `"${formatTimestampMicros(value)}"`;
    default:
      return formatUnscaled(value, (column.type as DecimalType).scale);
  }
}

/** The first characters: no text is less than its own beginning. */
function prefix(text: string): string {
  return text.length <= MAX_PREFIX_CHARACTERS
    ? text
    : [...text].slice(0, MAX_PREFIX_CHARACTERS).join("");
}

/** The first characters, the last of them raised where some were cut off. */
function upperBound(text: string): string | undefined {
  const start = prefix(text);
  if (start === text) return text;
  const points = Array.from(start, (character) => character.codePointAt(0)!);
  while (points.at(-1) === LAST_CHARACTER) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  points.push(last === LAST_BEFORE_SURROGATES ? FIRST_AFTER_SURROGATES : last + 1);
  return String.fromCodePoint(...points);
}
