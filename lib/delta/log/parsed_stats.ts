import {
  type Column,
  type DataType,
  type Schema,
  SluiceError,
  StructColumn,
  type StructField,
  type StructType,
} from "../../core/mod.ts";
import { parsePartitionValue } from "../protocol/partition_values.ts";
import type { AddFile } from "../protocol/actions.ts";
import type { ColumnMapping } from "../protocol/column_mapping.ts";
import { parseStatsJson } from "../protocol/stats_json.ts";
import type { FieldAppender } from "./checkpoint_columns.ts";

/** Types whose values have no bounds in statistics. */
const UNBOUNDED: readonly DataType[] = ["binary", "boolean"];

/**
 * The type of `stats_parsed`, which has the statistics of these columns under their physical names.
 * See Delta's "checkpoint format".
 */
export function statsType(columns: readonly StructField[], mapping: ColumnMapping): StructType {
  const bounds = leafTypes(columns, mapping, (type) => hasBounds(type) ? type : undefined);
  const counts = leafTypes(columns, mapping, () => "long");
  return structOf([
    nullable("numRecords", "long"),
    nullable("tightBounds", "boolean"),
    ...(bounds === undefined ? [] : [nullable("minValues", bounds), nullable("maxValues", bounds)]),
    ...(counts === undefined ? [] : [nullable("nullCount", counts)]),
  ]);
}

/** The type of `partitionValues_parsed`; `undefined` if the table has no partitions. */
export function partitionValuesType(
  schema: Schema,
  partitionColumns: readonly string[],
  mapping: ColumnMapping,
): StructType | undefined {
  if (partitionColumns.length === 0) return undefined;
  const fields = schema.fields.filter(({ name }) => partitionColumns.includes(name));
  return structOf(fields.map((field) => nullable(mapping.physicalName(field), field.type)));
}

/** Fills `stats_parsed`; a bound that does not fit its column is left out. */
export function statsAppender(column: Column): FieldAppender<AddFile> {
  const append = valueAppender(column);
  return ({ stats }) => append(stats === undefined ? undefined : parseStatsJson(stats));
}

/**
 * Fills `partitionValues_parsed`.
 *
 * @throws {SluiceError} `BAD_PARTITION_VALUE` if the log has a value that its column cannot have.
 */
export function partitionValuesAppender(column: Column): FieldAppender<AddFile> {
  const { fields } = column.type as StructType;
  return ({ partitionValues }) =>
    column.append(Object.fromEntries(
      fields.map(({ name, type }) => [name, parsePartitionValue(type, partitionValues[name])]),
    ));
}

function leafTypes(
  fields: readonly StructField[],
  mapping: ColumnMapping,
  leafType: (type: DataType) => DataType | undefined,
): StructType | undefined {
  const typed = fields.flatMap((field) => {
    const { type } = field;
    const leaf = typeof type === "object" && type.type === "struct"
      ? leafTypes(type.fields, mapping, leafType)
      : leafType(type);
    return leaf === undefined ? [] : [nullable(mapping.physicalName(field), leaf)];
  });
  return typed.length === 0 ? undefined : structOf(typed);
}

function hasBounds(type: DataType): boolean {
  return typeof type === "object" ? type.type === "decimal" : !UNBOUNDED.includes(type);
}

/** Adds values as JSON has them. */
function valueAppender(column: Column): (value: unknown) => void {
  if (column instanceof StructColumn) return structAppender(column);
  const { type } = column;
  return (value) => {
    if (value === undefined || value === null) return column.appendNull();
    try {
      column.append(type === "string" ? value : parsePartitionValue(type, String(value)));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      column.appendNull();
    }
  };
}

function structAppender(column: StructColumn): (value: unknown) => void {
  const members = column.type.fields.map(({ name }, i) => ({
    name,
    append: valueAppender(column.children[i]!),
  }));
  return (value) => {
    if (typeof value !== "object" || value === null) return column.appendNull();
    const object = value as Readonly<Record<string, unknown>>;
    const row = column.length;
    column.reserve(row + 1);
    for (const { name, append } of members) {
      append(Object.hasOwn(object, name) ? object[name] : undefined);
    }
    column.length = row + 1;
    column.validity?.fill(1, row, row + 1);
  };
}

function structOf(fields: readonly StructField[]): StructType {
  return { type: "struct", fields };
}

function nullable(name: string, type: DataType): StructField {
  return { name, type, nullable: true, sourceName: name };
}
