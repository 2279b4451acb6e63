import type { Decimal } from "./decimal.ts";
import { SluiceError } from "./errors.ts";

/** A type without parameters, named as in Delta's and Spark's schema JSON. */
export type PrimitiveType =
  | "string"
  | "binary"
  | "boolean"
  | "byte"
  | "short"
  | "integer"
  | "long"
  | "float"
  | "double"
  | "date"
  | "timestamp"
  | "timestamp_ntz";

/** An exact number of at most `precision` digits, `scale` of them behind the point. */
export interface DecimalType {
  /** Tells decimals from other types. */
  readonly type: "decimal";
  /** Digits in all, 1 to 38. */
  readonly precision: number;
  /** Digits behind the point, 0 to `precision`. */
  readonly scale: number;
}

/** Named fields. */
export interface StructType {
  /** Tells structs from other types. */
  readonly type: "struct";
  /** The fields, in order. */
  readonly fields: readonly StructField[];
}

/** A list of values of one type. */
export interface ArrayType {
  /** Tells arrays from other types. */
  readonly type: "array";
  /** The type of every element. */
  readonly elementType: DataType;
  /** True if elements may be null. */
  readonly containsNull: boolean;
}

/** Pairs of a key and a value. */
export interface MapType {
  /** Tells maps from other types. */
  readonly type: "map";
  /** The type of every key; no key is null. */
  readonly keyType: DataType;
  /** The type of every value. */
  readonly valueType: DataType;
  /** True if values may be null. */
  readonly valueContainsNull: boolean;
}

/** Any type a column can have. */
export type DataType = PrimitiveType | DecimalType | StructType | ArrayType | MapType;

/** What one second, millisecond or microsecond since 1970 is called in `timestamp(unit)`. */
export type EpochUnit = "s" | "ms" | "us";

/** One named column of a table, or one field of a struct. */
export interface StructField {
  /** The column's name in every table. */
  readonly name: string;
  /** The type of its values. */
  readonly type: DataType;
  /** False: a record without a value for it is a dead letter. */
  readonly nullable: boolean;
  /** What the field is called in the records, where that is not its name. */
  readonly sourceName: string;
  /** The unit of a timestamp that is a number in the records; absent: it is ISO 8601 text. */
  readonly epochUnit?: EpochUnit;
}

/** A type as written in a schema; `T` is what a row holds for it. */
export class TypeSpec<T> {
  /** Carries `T` for the type checker; never set. */
  declare readonly rowType: T;
  /** The type itself. */
  readonly type: DataType;
  /** True if a missing value or null is allowed. */
  readonly isNullable: boolean;
  /** What the field is called in the records; `undefined`: as the column. */
  readonly sourceName: string | undefined;
  /** The unit of a timestamp that is a number in the records. */
  readonly epochUnit: EpochUnit | undefined;

  /** Use the functions of `schema` instead. */
  constructor(
    type: DataType,
    isNullable = false,
    sourceName?: string,
    epochUnit?: EpochUnit,
  ) {
    this.type = type;
    this.isNullable = isNullable;
    this.sourceName = sourceName;
    this.epochUnit = epochUnit;
  }

  /** The same type, where a missing value or null is allowed. */
  nullable(): TypeSpec<T | null> {
    return new TypeSpec<T | null>(this.type, true, this.sourceName, this.epochUnit);
  }

  /** The same type, found under another name in the records. */
  from(sourceName: string): TypeSpec<T> {
    return new TypeSpec<T>(this.type, this.isNullable, sourceName, this.epochUnit);
  }
}

/** Fields as written in a schema. */
export type FieldSpecs = Readonly<Record<string, TypeSpec<unknown>>>;

/** The row that fields as written in a schema make. */
export type RowOf<F extends FieldSpecs> = { -readonly [K in keyof F]: F[K]["rowType"] };

/** A table's columns, and with them the TypeScript type of its rows. */
export class Schema<Row = Record<string, unknown>> extends TypeSpec<Row> {
  /** The columns as a struct type. */
  declare readonly type: StructType;

  /** Makes a schema from its columns. Use `schema.struct` to have rows typed. */
  constructor(fields: readonly StructField[]) {
    super({ type: "struct", fields });
    checkNames(fields);
  }

  /** The columns, in order. */
  get fields(): readonly StructField[] {
    return this.type.fields;
  }
}

/** The row type of a schema: `type TradeRow = Row<typeof Trade>`. */
export type Row<S extends Schema> = S["rowType"];

/**
 * The words a schema is written in. Rows hold `string`, `bigint` (long), `number` (byte, short,
 * integer, float, double), `boolean`, `Decimal`, `Uint8Array` (binary), `number` of days since
 * 1970-01-01 (date) and `bigint` microseconds since 1970-01-01T00:00:00 (timestamp, timestamp_ntz).
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { type Row, schema as s } from "./schema.ts";
 *
 * const Trade = s.struct({
 *   symbol: s.string().from("s"),
 *   price: s.decimal(18, 8).from("p"),
 *   trade_time: s.timestamp("ms").from("T"),
 *   note: s.string().nullable(),
 * });
 * type TradeRow = Row<typeof Trade>; // { symbol: string; price: Decimal; trade_time: bigint; note: string | null }
 * equal(Trade.fields[0]?.sourceName, "s");
 * ```
 */
export const schema = {
  /** Text, UTF-8. */
  string: (): TypeSpec<string> => new TypeSpec("string"),
  /** Bytes; base64 in JSON. */
  binary: (): TypeSpec<Uint8Array> => new TypeSpec("binary"),
  /** True or false. */
  boolean: (): TypeSpec<boolean> => new TypeSpec("boolean"),
  /** An 8-bit integer. */
  byte: (): TypeSpec<number> => new TypeSpec("byte"),
  /** A 16-bit integer. */
  short: (): TypeSpec<number> => new TypeSpec("short"),
  /** A 32-bit integer. */
  integer: (): TypeSpec<number> => new TypeSpec("integer"),
  /** A 64-bit integer, exact. */
  long: (): TypeSpec<bigint> => new TypeSpec("long"),
  /** A 32-bit floating point number. */
  float: (): TypeSpec<number> => new TypeSpec("float"),
  /** A 64-bit floating point number. */
  double: (): TypeSpec<number> => new TypeSpec("double"),
  /** An exact decimal number; a number or text in JSON. */
  decimal: (precision: number, scale: number): TypeSpec<Decimal> => {
    if (!(Number.isInteger(precision) && precision >= 1 && precision <= 38)) {
      throw badSchema("decimal precision", String(precision), "an integer from 1 to 38");
    }
    if (!(Number.isInteger(scale) && scale >= 0 && scale <= precision)) {
      throw badSchema("decimal scale", String(scale), `an integer from 0 to ${precision}`);
    }
    return new TypeSpec({ type: "decimal", precision, scale });
  },
  /** A calendar day: days since 1970-01-01 in a row, `YYYY-MM-DD` in JSON. */
  date: (): TypeSpec<number> => new TypeSpec("date"),
  /** A point in time, in microseconds. With a unit it is a number in JSON, without it ISO 8601 text. */
  timestamp: (epochUnit?: EpochUnit): TypeSpec<bigint> =>
    new TypeSpec("timestamp", false, undefined, epochUnit),
  /** Date and time of day without a zone, in microseconds. With a unit it is a number in JSON. */
  timestampNtz: (epochUnit?: EpochUnit): TypeSpec<bigint> =>
    new TypeSpec("timestamp_ntz", false, undefined, epochUnit),
  /** A list. */
  array: <T>(element: TypeSpec<T>): TypeSpec<T[]> =>
    new TypeSpec({
      type: "array",
      elementType: plainType(element, "the elements of an array"),
      containsNull: element.isNullable,
    }),
  /** Pairs of key and value; a JavaScript `Map` in a row, an object in JSON. */
  map: <K, V>(key: TypeSpec<K>, value: TypeSpec<V>): TypeSpec<Map<K, V>> =>
    new TypeSpec({
      type: "map",
      keyType: plainType(key, "the keys of a map"),
      valueType: plainType(value, "the values of a map"),
      valueContainsNull: value.isNullable,
    }),
  /** Named fields: a table's schema, or a nested object. */
  struct: <F extends FieldSpecs>(fields: F): Schema<RowOf<F>> =>
    new Schema(Object.entries(fields).map(([name, spec]) => fieldOf(name, spec))),
} as const;

/** How a type is written in a message and in Delta's schema JSON: `long`, `decimal(18,8)`. */
export function typeName(type: DataType): string {
  if (typeof type === "string") return type;
  switch (type.type) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "array":
      return `array<${typeName(type.elementType)}>`;
    case "map":
      return `map<${typeName(type.keyType)},${typeName(type.valueType)}>`;
    case "struct":
      return `struct<${type.fields.map((f) => `${f.name}:${typeName(f.type)}`).join(",")}>`;
  }
}

// Only fields have a name in the records and a unit; elsewhere they would be lost without a word.
function plainType(spec: TypeSpec<unknown>, where: string): DataType {
  if (spec.epochUnit !== undefined) {
    throw badSchema(where, `timestamp("${spec.epochUnit}")`, "a timestamp without a unit");
  }
  if (spec.sourceName !== undefined) {
    throw badSchema(where, `.from("${spec.sourceName}")`, "a type without a name");
  }
  return spec.type;
}

function fieldOf(name: string, spec: TypeSpec<unknown>): StructField {
  return {
    name,
    type: spec.type,
    nullable: spec.isNullable,
    sourceName: spec.sourceName ?? name,
    ...(spec.epochUnit === undefined ? {} : { epochUnit: spec.epochUnit }),
  };
}

// Delta, Spark and DuckDB fold case, so "t" and "T" would be one column there.
function checkNames(fields: readonly StructField[]): void {
  if (fields.length === 0) throw badSchema("struct", "no fields", "one or more");
  const seen = new Map<string, string>();
  const sources = new Set<string>();
  for (const { name, sourceName } of fields) {
    if (name === "__proto__") throw badSchema("a column", '"__proto__"', "a name a row can hold");
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw badSchema(
        `column "${name}"`,
        `another column "${other}"`,
        'names that differ in more than case; use .from("' + name +
          '") on a column of another name',
      );
    }
    if (sources.has(sourceName)) {
      throw badSchema(`column "${name}"`, `"${sourceName}" read twice`, "one column a field");
    }
    seen.set(name.toLowerCase(), name);
    sources.add(sourceName);
  }
}

function badSchema(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_SCHEMA", { attempted: "make a schema", where, found, wanted });
}
