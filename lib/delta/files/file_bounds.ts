import {
  type DataType,
  Decimal,
  parseDateDays,
  parseTimestampMicros,
  type StructField,
} from "../../core/mod.ts";
import type { ColumnBounds } from "../../sql/mod.ts";
import type { AddFile } from "../protocol/actions.ts";
import type { ColumnMapping } from "../protocol/column_mapping.ts";
import { parseStatsJson, type StatsJson } from "../protocol/stats_json.ts";
import { parsePartitionValue } from "../protocol/partition_values.ts";
import type { TableLayout } from "./table_layout.ts";

/** What is known of a column in a file, found by its path in the table's schema. */
export type BoundsOf = (path: readonly string[]) => ColumnBounds | undefined;

const MICROS_PER_MILLI = 1000n;

/**
 * What the log tells of the values in a data file: those of partition columns, and bounds of others
 * from `add.stats`. Statistics that are missing or make no sense tell nothing. See Delta's "per-file
 * statistics".
 */
export function fileBounds(layout: TableLayout, file: AddFile): BoundsOf {
  let stats: StatsJson | undefined;
  return (path) => {
    const fields = fieldsAlong(layout.schema.fields, path);
    const [column] = fields;
    const leaf = fields.at(-1);
    if (column === undefined || leaf === undefined) return undefined;
    if (layout.partitionColumns.includes(column.name)) {
      return partitionBounds(column, file, layout.mapping);
    }
    stats ??= parseStatsJson(file.stats);
    const names = fields.map((field) => layout.mapping.physicalName(field));
    return statsBounds(leaf.type, names, stats, file);
  };
}

/** How many rows the statistics say that a file has, deleted ones too. */
export function recordCount(file: AddFile): number | undefined {
  const { numRecords } = parseStatsJson(file.stats);
  return isCount(numRecords) ? numRecords : undefined;
}

/** The fields on the way to one that is in structs only; none if there is no such field. */
export function fieldsAlong(
  fields: readonly StructField[],
  path: readonly string[],
): StructField[] {
  const found: StructField[] = [];
  let level: readonly StructField[] = fields;
  for (const name of path) {
    const field = level.find((candidate) => candidate.name === name);
    if (field === undefined) return [];
    found.push(field);
    level = typeof field.type === "object" && field.type.type === "struct" ? field.type.fields : [];
  }
  return found;
}

function partitionBounds(
  field: StructField,
  file: AddFile,
  mapping: ColumnMapping,
): ColumnBounds {
  const text = file.partitionValues[mapping.physicalName(field)];
  const value = parsePartitionValue(field.type, text);
  // How many rows there are does not matter: all have this value.
  return value === null
    ? { nullCount: 1, numRows: 1 }
    : { min: value, max: value, nullCount: 0, numRows: 1 };
}

function statsBounds(
  type: DataType,
  names: readonly string[],
  stats: StatsJson,
  { deletionVector }: AddFile,
): ColumnBounds | undefined {
  const min = boundOf(type, valueAlong(stats.minValues, names), "min");
  const max = boundOf(type, valueAlong(stats.maxValues, names), "max");
  const nulls = valueAlong(stats.nullCount, names);
  const numRows = isCount(stats.numRecords) ? stats.numRecords : undefined;
  // With deleted rows, or bounds that are not tight, a count says something only at its extremes.
  const isLoose = deletionVector !== undefined || stats.tightBounds === false;
  const isKnown = isCount(nulls) && (!isLoose || nulls === 0 || nulls === numRows);
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(isKnown ? { nullCount: nulls } : {}),
    ...(numRows === undefined ? {} : { numRows }),
  };
}

function valueAlong(object: unknown, names: readonly string[]): unknown {
  let value = object;
  for (const name of names) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  return value;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A bound as rows hold values; the statistics may be of a type that was widened since. */
function boundOf(type: DataType, value: unknown, side: "min" | "max"): unknown {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  if (typeof type === "object") {
    return type.type === "decimal" ? Decimal.tryParse(text)?.rescaled(type.scale) : undefined;
  }
  switch (type) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "byte":
    case "short":
    case "integer":
      return /^-?\d{1,10}$/.test(text) ? Number(text) : undefined;
    case "long":
      return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    case "float":
    case "double":
      return looseNumber(value, side);
    case "date":
      return parseDateDays(text);
    case "timestamp":
    case "timestamp_ntz":
      return timestampBound(type, text, side);
    default:
      return undefined;
  }
}

/**
 * The text of a 32-bit float is not quite the number that it stands for; widened to 64 bits it would
 * be a bound that a value exceeds.
 */
function looseNumber(value: string | number, side: "min" | "max"): number | undefined {
  const exact = Number(value);
  if (typeof value === "string" && !/^-?[\d.]+(?:[eE][+-]?\d+)?$/.test(value)) return undefined;
  if (!Number.isFinite(exact)) return undefined;
  const rounded = Math.fround(exact);
  return side === "min" ? Math.min(exact, rounded) : Math.max(exact, rounded);
}

/** Some writers cut times to milliseconds, so that the greatest may be up to one greater. */
function timestampBound(
  type: "timestamp" | "timestamp_ntz",
  text: string,
  side: "min" | "max",
): bigint | undefined {
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text} 00:00:00` : text;
  const micros = parseTimestampMicros(whole, type === "timestamp" ? "required" : "forbidden");
  return micros !== undefined && side === "max" ? micros + MICROS_PER_MILLI : micros;
}
