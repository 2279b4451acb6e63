import {
  type DataType,
  type Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../core/mod.ts";

/** Postgres cuts longer names off, so that two may become one. */
const MAX_NAME_BYTES = 63;

/** A table by name, in a schema or found on the connection's search path. */
export interface TableName {
  /** The Postgres schema; `undefined`: the first of the search path that has the table. */
  readonly schema: string | undefined;
  /** The table's own name. */
  readonly table: string;
}

/**
 * Reads `table` or `schema.table`. Names are taken as they are: `Trades` is not `trades`.
 *
 * @throws {SluiceError} `BAD_NAME` if it is not one or two names of 1 to 63 bytes.
 */
export function parseTableName(text: string, defaultSchema?: string): TableName {
  const parts = text.split(".");
  if (parts.length > 2) {
    throw badName(`"${text}"`, `${parts.length} names`, '"table" or "schema.table"');
  }
  parts.forEach(quoteName);
  return parts.length === 1
    ? { schema: defaultSchema, table: parts[0]! }
    : { schema: parts[0]!, table: parts[1]! };
}

/** A table's name in SQL: `"public"."trades"`. */
export function quoteTable({ schema, table }: TableName): string {
  return schema === undefined ? quoteName(table) : `${quoteName(schema)}.${quoteName(table)}`;
}

/**
 * A name in SQL: `"trade id"`.
 *
 * @throws {SluiceError} `BAD_NAME` if Postgres cannot hold it.
 */
export function quoteName(name: string): string {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes === 0 || bytes > MAX_NAME_BYTES || name.includes("\0")) {
    throw badName(
      JSON.stringify(name),
      name.includes("\0") ? "U+0000 in it" : `${bytes} bytes`,
      `1 to ${MAX_NAME_BYTES} bytes of UTF-8 without U+0000`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** The Postgres type that holds every value of a type, as Postgres itself writes it. */
export function postgresType(type: DataType): string {
  if (typeof type === "object") {
    return type.type === "decimal" ? `numeric(${type.precision},${type.scale})` : "jsonb";
  }
  switch (type) {
    case "string":
      return "text";
    case "binary":
      return "bytea";
    case "boolean":
      return "boolean";
    case "byte":
    case "short":
      return "smallint";
    case "integer":
      return "integer";
    case "long":
      return "bigint";
    case "float":
      return "real";
    case "double":
      return "double precision";
    case "date":
      return "date";
    case "timestamp":
      return "timestamp with time zone";
    case "timestamp_ntz":
      return "timestamp without time zone";
    default:
      throw new SluiceError("BAD_SCHEMA", {
        attempted: "choose a Postgres type",
        found: typeName(type),
      });
  }
}

/**
 * The `create table if not exists` of a schema: names quoted as they are, `not null` where a column is not
 * nullable, `jsonb` for structs, arrays and maps. With a key, its columns are the primary key, or
 * unique with nulls that are equal where one of them is nullable, which Postgres knows since 15.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../core/mod.ts";
 * import { createTableSql } from "./table.ts";
 *
 * const Trade = s.struct({ id: s.long(), price: s.decimal(18, 8).nullable() });
 * equal(
 *   createTableSql("market.trades", Trade),
 *   `create table if not exists "market"."trades" (
 *   "id" bigint not null,
 *   "price" numeric(18,8)
 * )`,
 * );
 * ```
 *
 * @throws {SluiceError} `BAD_NAME` for a name that Postgres cannot hold.
 */
export function createTableSql(
  table: string | TableName,
  schema: Schema,
  key: readonly StructField[] = [],
): string {
  const parts = columnDefinitions(schema);
  if (key.length > 0) {
    const kind = hasNullable(key) ? "unique nulls not distinct" : "primary key";
    parts.push(`${kind} (${nameList(key)})`);
  }
  const name = typeof table === "string" ? parseTableName(table) : table;
  return `create table if not exists ${quoteTable(name)} (\n  ${parts.join(",\n  ")}\n)`;
}

/** The columns of a schema as `create table` takes them. */
export function columnDefinitions({ fields }: Pick<Schema, "fields">): string[] {
  return fields.map((field) =>
    `${quoteName(field.name)} ${postgresType(field.type)}${field.nullable ? "" : " not null"}`
  );
}

/** The names of columns in SQL, with commas between them. */
export function nameList(fields: readonly StructField[]): string {
  return fields.map(({ name }) => quoteName(name)).join(", ");
}

/** The `copy` that takes what `encodeCopyBinary` makes of rows of a schema. */
export function copySql(quotedTable: string, schema: Schema): string {
  return `copy ${quotedTable} (${nameList(schema.fields)}) from stdin (format binary)`;
}

/** True if one of the columns may be null. */
export function hasNullable(fields: readonly StructField[]): boolean {
  return fields.some(({ nullable }) => nullable);
}

function badName(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_NAME", { attempted: "name a table or column", where, found, wanted });
}
