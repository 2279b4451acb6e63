/** Avro's types without parts. */
export type AvroPrimitiveKind =
  | "null"
  | "boolean"
  | "int"
  | "long"
  | "float"
  | "double"
  | "bytes"
  | "string";

/** What a value means beyond its type: the logical types that are known. */
export type LogicalType =
  | { readonly name: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly name: PlainLogicalName };

/** Logical types without parameters. */
export type PlainLogicalName =
  | "uuid"
  | "date"
  | "time-millis"
  | "time-micros"
  | "timestamp-millis"
  | "timestamp-micros"
  | "timestamp-nanos"
  | "local-timestamp-millis"
  | "local-timestamp-micros"
  | "local-timestamp-nanos"
  | "duration";

/** A type without parts. */
export interface AvroPrimitive {
  readonly kind: AvroPrimitiveKind;
  readonly logical?: LogicalType;
}

/** A type with a name: a full one, `com.example.Trade`, and the names it had before. */
export interface AvroNamed {
  readonly name: string;
  readonly aliases: readonly string[];
}

/** That many bytes. */
export interface AvroFixed extends AvroNamed {
  readonly kind: "fixed";
  readonly size: number;
  readonly logical?: LogicalType;
}

/** One of some symbols. */
export interface AvroEnum extends AvroNamed {
  readonly kind: "enum";
  readonly symbols: readonly string[];
  /** What a reader takes for a symbol it does not know. */
  readonly default?: string;
}

/** A list. */
export interface AvroArray {
  readonly kind: "array";
  readonly items: AvroType;
}

/** Values by text. */
export interface AvroMap {
  readonly kind: "map";
  readonly values: AvroType;
}

/** A field of a record. */
export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  /** The JSON of the default; `undefined`: there is none. */
  readonly default?: unknown;
}

/** Named fields. A record that holds itself is its own part. */
export interface AvroRecord extends AvroNamed {
  readonly kind: "record";
  readonly fields: readonly AvroField[];
}

/** One of some types. */
export interface AvroUnion {
  readonly kind: "union";
  readonly branches: readonly AvroType[];
}

/** An Avro schema, read: names are full and stand for the types themselves. */
export type AvroType =
  | AvroPrimitive
  | AvroFixed
  | AvroEnum
  | AvroArray
  | AvroMap
  | AvroRecord
  | AvroUnion;

/** A type for a message: `long (timestamp-millis)`, `record Trade`, `string or null`. */
export function avroTypeName(type: AvroType): string {
  switch (type.kind) {
    case "union":
      return type.branches.map(avroTypeName).join(" or ");
    case "array":
      return `array of ${avroTypeName(type.items)}`;
    case "map":
      return `map of ${avroTypeName(type.values)}`;
    case "record":
    case "enum":
      return `${type.kind} ${type.name}`;
    case "fixed":
      return `fixed ${type.name} of ${type.size} bytes${logicalSuffix(type.logical)}`;
    default:
      return `${type.kind}${logicalSuffix(type.logical)}`;
  }
}

/** The name of a type in a union: a named type's name without its namespace, else the type's. */
export function memberName(type: AvroType): string {
  return type.kind === "record" || type.kind === "enum" || type.kind === "fixed"
    ? simpleName(type.name)
    : type.kind;
}

/** A name without its namespace. */
export function simpleName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** The branches of a union that hold a value. */
export function valueBranches(union: AvroUnion): AvroType[] {
  return union.branches.filter((branch) => branch.kind !== "null");
}

function logicalSuffix(logical: LogicalType | undefined): string {
  if (logical === undefined) return "";
  return logical.name === "decimal"
    ? ` (decimal(${logical.precision},${logical.scale}))`
    : ` (${logical.name})`;
}
