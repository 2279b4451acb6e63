import type { DataType } from "../core/mod.ts";
import { decodeError } from "./decode_error.ts";
import { type LogicalType, readLogicalType } from "./logical_type.ts";
import type { ThriftStruct } from "./thrift_struct.ts";

/** How a column's values are stored. */
export type PhysicalType =
  | "BOOLEAN"
  | "INT32"
  | "INT64"
  | "INT96"
  | "FLOAT"
  | "DOUBLE"
  | "BYTE_ARRAY"
  | "FIXED_LEN_BYTE_ARRAY";

/** A group of fields, or a column. */
export type ParquetField = ParquetGroup | ParquetColumn;

/** What groups and columns have in common. */
export interface FieldInFile {
  /** The field's name; it may hold dots. */
  readonly name: string;
  /** The names from the top down to this field. */
  readonly path: readonly string[];
  /** The number that the writer gave the field, as Delta's column mapping does; absent: none. */
  readonly fieldId?: number;
  /** What the values mean; absent: just what their physical type says. */
  readonly logicalType?: LogicalType;
  /** True if there may be more than one a row, or none. */
  readonly isRepeated: boolean;
}

/** A struct, list or map, or a part of one. */
export interface ParquetGroup extends FieldInFile {
  /** The fields within, in order. */
  readonly children: readonly ParquetField[];
}

/** A leaf of a file's schema: a column that has values. */
export interface ParquetColumn extends FieldInFile {
  /** How values are stored. */
  readonly physicalType: PhysicalType;
  /** What rows hold, as in the docs of `schema`; absent if no column of a batch holds such values. */
  readonly type?: DataType;
}

/** The columns of a file as a tree. */
export interface ParquetSchema {
  readonly fields: readonly ParquetField[];
  /** The `SchemaElement` that each field was made of, and of the tree as a whole. */
  readonly elements: ReadonlyMap<ParquetField, ThriftStruct>;
  readonly root: ThriftStruct;
}

const PHYSICAL_TYPES: readonly PhysicalType[] = [
  "BOOLEAN",
  "INT32",
  "INT64",
  "INT96",
  "FLOAT",
  "DOUBLE",
  "BYTE_ARRAY",
  "FIXED_LEN_BYTE_ARRAY",
];
const REPEATED = 2;
const MAX_DEPTH = 100;

/** Ids of `SchemaElement`'s fields, parquet.thrift. */
export const ELEMENT = {
  type: 1,
  repetitionType: 3,
  name: 4,
  numChildren: 5,
  fieldId: 9,
} as const;

/**
 * Makes the tree of the flat list in a footer, where each group is followed by its children.
 *
 * @throws {SluiceError} `PARQUET_DECODE` if the list does not make a tree.
 */
export function readSchema(list: readonly ThriftStruct[]): ParquetSchema {
  const elements = new Map<ParquetField, ThriftStruct>();
  let next = 1;
  const childrenOf = (group: ThriftStruct, path: readonly string[]): ParquetField[] => {
    const count = group.integer(ELEMENT.numChildren) ?? 0;
    const left = list.length - next;
    if (count > left) throw decodeError(`a group of ${count} fields`, `at most the ${left} left`);
    if (path.length > MAX_DEPTH) throw decodeError(`groups more than ${MAX_DEPTH} deep`);
    return Array.from({ length: count }, () => {
      const element = list[next++];
      if (element === undefined) throw decodeError("a schema that ends within a group");
      const field = fieldOf(element, path, childrenOf);
      elements.set(field, element);
      return field;
    });
  };
  const [root] = list;
  if (root === undefined) throw decodeError("a footer without a schema");
  const fields = childrenOf(root, []);
  if (next < list.length) {
    throw decodeError(`${list.length} fields in the schema`, `${next}, as its groups say`);
  }
  return { fields, elements, root };
}

/** The columns in and below these fields, in the order in which row groups have them. */
export function leavesOf(fields: readonly ParquetField[]): ParquetColumn[] {
  return fields.flatMap((field) => isLeaf(field) ? [field] : leavesOf(field.children));
}

/** True if a field is a column. */
export function isLeaf(field: ParquetField): field is ParquetColumn {
  return "physicalType" in field;
}

/** True if a field is a struct: no list, no map, nor a part of one. */
export function isStruct(field: ParquetField): field is ParquetGroup {
  const kind = field.logicalType?.kind;
  return !isLeaf(field) && !field.isRepeated && kind !== "list" && kind !== "map";
}

function fieldOf(
  element: ThriftStruct,
  parent: readonly string[],
  childrenOf: (group: ThriftStruct, path: readonly string[]) => ParquetField[],
): ParquetField {
  const name = element.text(ELEMENT.name);
  if (name === undefined) throw decodeError("a field without a name");
  const path = [...parent, name];
  const fieldId = element.integer(ELEMENT.fieldId);
  const logicalType = readLogicalType(element);
  const field: FieldInFile = {
    name,
    path,
    isRepeated: element.integer(ELEMENT.repetitionType) === REPEATED,
    ...(fieldId === undefined ? {} : { fieldId }),
    ...(logicalType === undefined ? {} : { logicalType }),
  };
  const physical = element.integer(ELEMENT.type);
  if (physical === undefined) return { ...field, children: childrenOf(element, path) };
  const physicalType = PHYSICAL_TYPES[physical];
  if (physicalType === undefined) {
    throw decodeError(`column "${path.join(".")}" of physical type ${physical}`, "0 to 7");
  }
  const type = rowType(physicalType, logicalType);
  return { ...field, physicalType, ...(type === undefined ? {} : { type }) };
}

/** What a row holds for a value; `undefined` for what no column can hold. */
function rowType(physical: PhysicalType, logical: LogicalType | undefined): DataType | undefined {
  const kind = logical?.kind;
  if (kind !== undefined && !(STORED_AS[kind]?.includes(physical) ?? false)) return undefined;
  switch (logical?.kind) {
    case undefined:
    case "bson":
    case "enum":
      return PLAIN_TYPES[physical];
    case "string":
    case "json":
      return "string";
    case "decimal": {
      const { precision, scale } = logical;
      return precision > 38 ? undefined : { type: "decimal", precision, scale };
    }
    case "date":
      return "date";
    case "timestamp":
      return logical.isAdjustedToUtc ? "timestamp" : "timestamp_ntz";
    case "integer":
      if ((logical.bits === 64) !== (physical === "INT64")) return undefined;
      return INTEGER_TYPES[`${logical.isSigned ? "" : "u"}${logical.bits}`];
    default:
      return undefined;
  }
}

const PLAIN_TYPES: Readonly<Partial<Record<PhysicalType, DataType>>> = {
  BOOLEAN: "boolean",
  INT32: "integer",
  INT64: "long",
  INT96: "timestamp_ntz",
  FLOAT: "float",
  DOUBLE: "double",
  BYTE_ARRAY: "binary",
};

/** How the values of a logical type may be stored; others are stored as nothing a column holds. */
const STORED_AS: Readonly<Partial<Record<LogicalType["kind"], readonly PhysicalType[]>>> = {
  bson: ["BYTE_ARRAY"],
  enum: ["BYTE_ARRAY"],
  string: ["BYTE_ARRAY"],
  json: ["BYTE_ARRAY"],
  decimal: ["INT32", "INT64", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  date: ["INT32"],
  timestamp: ["INT64"],
  integer: ["INT32", "INT64"],
};

const INTEGER_TYPES: Readonly<Record<string, DataType>> = {
  "8": "byte",
  "16": "short",
  "32": "integer",
  "64": "long",
  "u8": "short",
  "u16": "integer",
  "u32": "long",
};
