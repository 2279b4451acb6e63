import type { DataType, Schema, StructField } from "../../core/mod.ts";
import { isSameName, parseColumnPath } from "../protocol/column_path.ts";
import {
  numIndexedColumns,
  statsColumns,
  type TableProperties,
} from "../protocol/table_properties.ts";

/**
 * The fields that have statistics, none of them a struct: those that
 * `delta.dataSkippingStatsColumns` names, with all that is in the structs among them, or else the
 * first `delta.dataSkippingNumIndexedCols`. A name of no column counts for nothing.
 *
 * @throws {SluiceError} `BAD_COLUMN_NAME` if what the property has are no names.
 */
export function indexedFields(schema: Schema, properties: TableProperties): Set<StructField> {
  const named = statsColumns(properties);
  if (named === undefined) {
    return new Set(leaves(schema.fields).slice(0, numIndexedColumns(properties)));
  }
  return new Set(named.flatMap((path) => leaves(fieldAt(schema.fields, parseColumnPath(path)))));
}

function leaves(fields: readonly StructField[]): StructField[] {
  return fields.flatMap((field) => isStruct(field.type) ? leaves(field.type.fields) : [field]);
}

/** The field of that path, or none. */
function fieldAt(fields: readonly StructField[], path: readonly string[]): StructField[] {
  const [name, ...rest] = path;
  const field = fields.find((field) => name !== undefined && isSameName(field.name, name));
  if (field === undefined || rest.length === 0) return field === undefined ? [] : [field];
  return isStruct(field.type) ? fieldAt(field.type.fields, rest) : [];
}

function isStruct(type: DataType): type is Extract<DataType, { type: "struct" }> {
  return typeof type === "object" && type.type === "struct";
}
