import {
  type DataType,
  Decimal,
  formatDateDays,
  formatTimestampMicros,
  Schema,
  StructColumn,
  type StructField,
} from "../../core/mod.ts";
import { decodeParquet, type ParquetColumn, readParquetFooter } from "../../parquet/mod.ts";
import { formatPartitionValue } from "../protocol/partition_values.ts";
import type { AddFile } from "../protocol/actions.ts";

const STATS = "stats_parsed";
const PARTITION_VALUES = "partitionValues_parsed";

/**
 * Reads what a checkpoint has as structs where it could have text and maps: statistics, and the
 * values of partitions; `undefined` if no file needs them. See Delta's "checkpoint format".
 */
export async function structForms(
  file: Uint8Array,
  add: StructColumn,
): Promise<((row: number) => Partial<AddFile>) | undefined> {
  const missing = [["stats", STATS], ["partitionValues", PARTITION_VALUES]]
    .filter(([name]) => add.children[indexOf(add, name!)]!.nullCount > add.nullCount)
    .map(([, form]) => form!);
  if (missing.length === 0) return undefined;
  const { columns } = readParquetFooter(file);
  const fields = missing.map((name) => structField(name, columns, ["add", name]))
    .filter((field) => field !== undefined);
  if (fields.length === 0) return undefined;
  const batch = await decodeParquet(file, new Schema([fieldOf("add", { type: "struct", fields })]));
  const forms = batch.columns[0] as StructColumn;
  const stats = child(forms, STATS);
  const values = child(forms, PARTITION_VALUES);
  return (row) => ({
    ...(stats === undefined || stats.isNull(row) ? {} : { stats: statsText(stats, row) }),
    ...(values === undefined || values.isNull(row)
      ? {}
      : { partitionValues: partitionValuesAt(values, row) }),
  });
}

/** A struct with the leaves of a file that lie below a path; `undefined` if there are none. */
function structField(
  name: string,
  columns: readonly ParquetColumn[],
  path: readonly string[],
): StructField | undefined {
  const below = columns.filter((column) =>
    column.path.length > path.length && path.every((part, i) => column.path[i] === part)
  );
  const names = new Set(below.map((column) => column.path[path.length]!));
  const fields = [...names].map((part) => {
    const leaf = below.find((column) =>
      column.path.length === path.length + 1 && column.path[path.length] === part
    );
    if (leaf === undefined) return structField(part, columns, [...path, part]);
    return leaf.type === undefined ? undefined : fieldOf(part, leaf.type);
  }).filter((field) => field !== undefined);
  return fields.length === 0 ? undefined : fieldOf(name, { type: "struct", fields });
}

function fieldOf(name: string, type: DataType): StructField {
  return { name, type, nullable: true, sourceName: name };
}

function statsText(column: StructColumn, row: number): string {
  const members = column.type.fields.flatMap(({ name, type }, i) => {
    const member = column.children[i]!;
    if (member.isNull(row)) return [];
    const text = member instanceof StructColumn
      ? statsText(member, row)
      : statText(type, member.get(row));
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

/** A value of `stats_parsed` in JSON; `undefined` if JSON has no such value. */
function statText(type: DataType, value: unknown): string | undefined {
  if (type === "date") return `"${formatDateDays(value as number)}"`;
  if (type === "timestamp") return `"${formatTimestampMicros(value as bigint)}Z"`;
  if (type === "timestamp_ntz") return `"${formatTimestampMicros(value as bigint)}"`;
  if (typeof value === "bigint" || value instanceof Decimal) return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  return typeof value === "string" || typeof value === "boolean"
    ? JSON.stringify(value)
    : undefined;
}

function partitionValuesAt(column: StructColumn, row: number): Record<string, string | null> {
  return Object.fromEntries(
    column.type.fields.map(({ name }, i) => [name, formatPartitionValue(column.children[i]!, row)]),
  );
}

function child(column: StructColumn, name: string): StructColumn | undefined {
  const found = column.children[indexOf(column, name)];
  return found instanceof StructColumn ? found : undefined;
}

function indexOf({ type }: StructColumn, name: string): number {
  return type.fields.findIndex((field) => field.name === name);
}
