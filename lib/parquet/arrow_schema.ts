import type { DataType, StructField } from "../core/mod.ts";
import { FIELD_ID } from "./arrow_memory.ts";
import type { FlatNode, FlatValue } from "./flatbuffer.ts";

/**
 * What a field of a schema, at any level, is called in a file, and the id it has there if any. It is
 * asked more than once of a field.
 */
export type FieldRename = (
  field: StructField,
) => { readonly name: string; readonly fieldId?: number };

/** Numbers of Arrow's `Type` union, Schema.fbs. */
const ARROW_TYPE = {
  int: 2,
  floatingPoint: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  timestamp: 10,
  list: 12,
  struct: 13,
  map: 17,
} as const;

const SINGLE = 1;
const DOUBLE = 2;
const MICROSECOND = 2;

/** A type in Arrow's terms. */
interface ArrowType {
  readonly type: number;
  readonly slots: readonly (FlatValue | undefined)[];
  readonly children: readonly FlatNode[];
}

/** Arrow's `Schema` table of these columns, Schema.fbs. */
export function arrowSchema(fields: readonly StructField[], rename: FieldRename): FlatNode {
  return table(undefined, list(structFields(fields, rename)));
}

/** A FlatBuffers table of these slots. */
export function table(...slots: (FlatValue | undefined)[]): FlatNode {
  return { kind: "table", slots };
}

/** A slot that refers to a node. */
export function reference(to: FlatNode): FlatValue {
  return { kind: "reference", to };
}

function list(items: readonly FlatNode[]): FlatValue {
  return reference({ kind: "references", items });
}

function text(value: string): FlatValue {
  return reference({ kind: "string", text: value });
}

function structFields(fields: readonly StructField[], rename: FieldRename): FlatNode[] {
  return fields.map((field) => {
    const { name, fieldId } = rename(field);
    return arrowField(name, field.type, field.nullable, rename, fieldId);
  });
}

function arrowField(
  name: string,
  type: DataType,
  nullable: boolean,
  rename: FieldRename,
  fieldId?: number,
): FlatNode {
  return fieldTable(name, arrowType(type, rename), nullable, fieldId);
}

/** Arrow's `Field` table, Schema.fbs. */
function fieldTable(name: string, arrow: ArrowType, nullable: boolean, fieldId?: number): FlatNode {
  return table(
    text(name),
    { kind: "int8", value: nullable ? 1 : 0 },
    { kind: "int8", value: arrow.type },
    reference(table(...arrow.slots)),
    undefined,
    list(arrow.children),
    fieldId === undefined ? undefined : list([table(text(FIELD_ID), text(String(fieldId)))]),
  );
}

function arrowType(type: DataType, rename: FieldRename): ArrowType {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return leaf(ARROW_TYPE.decimal, int32(type.precision), int32(type.scale), int32(128));
      case "struct":
        return {
          type: ARROW_TYPE.struct,
          slots: [],
          children: structFields(type.fields, rename),
        };
      case "array":
        return {
          type: ARROW_TYPE.list,
          slots: [],
          children: [arrowField("element", type.elementType, type.containsNull, rename)],
        };
      case "map":
        return { type: ARROW_TYPE.map, slots: [], children: [mapEntries(type, rename)] };
    }
  }
  switch (type) {
    case "string":
      return leaf(ARROW_TYPE.utf8);
    case "binary":
      return leaf(ARROW_TYPE.binary);
    case "boolean":
      return leaf(ARROW_TYPE.bool);
    case "byte":
      return signedInt(8);
    case "short":
      return signedInt(16);
    case "integer":
      return signedInt(32);
    case "long":
      return signedInt(64);
    case "float":
      return leaf(ARROW_TYPE.floatingPoint, int16(SINGLE));
    case "double":
      return leaf(ARROW_TYPE.floatingPoint, int16(DOUBLE));
    case "date":
      return leaf(ARROW_TYPE.date, int16(0));
    case "timestamp":
      return leaf(ARROW_TYPE.timestamp, int16(MICROSECOND), text("UTC"));
    case "timestamp_ntz":
      return leaf(ARROW_TYPE.timestamp, int16(MICROSECOND));
  }
}

/** The names are those of Parquet's map type, so that the file has them too. */
function mapEntries(type: Extract<DataType, { type: "map" }>, rename: FieldRename): FlatNode {
  const children = [
    arrowField("key", type.keyType, false, rename),
    arrowField("value", type.valueType, type.valueContainsNull, rename),
  ];
  return fieldTable("key_value", { type: ARROW_TYPE.struct, slots: [], children }, false);
}

function leaf(type: number, ...slots: FlatValue[]): ArrowType {
  return { type, slots, children: [] };
}

function signedInt(bits: number): ArrowType {
  return leaf(ARROW_TYPE.int, int32(bits), { kind: "int8", value: 1 });
}

function int16(value: number): FlatValue {
  return { kind: "int16", value };
}

function int32(value: number): FlatValue {
  return { kind: "int32", value };
}
