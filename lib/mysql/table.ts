import { type DataType, type Schema, SluiceError, type StructField } from "../core/mod.ts";

const MAX_NAME_LENGTH = 64;
/** Texts and bytes of a key must fit an index. */
const MAX_KEY_LENGTH = 255;
/** Of texts outside of keys: that of the `json` of MariaDB, so that the two can be compared. */
const TEXT_CHARSET = "character set utf8mb4 collate utf8mb4_bin";
const LONG_TEXT = `longtext ${TEXT_CHARSET}`;

/** A table by name, in a database or in that of the connection. */
export interface TableName {
  /** The database; `undefined`: the connection's own. */
  readonly database: string | undefined;
  /** The table's own name. */
  readonly table: string;
}

/**
 * Reads `table` or `database.table`; names are taken as they are.
 *
 * @throws {SluiceError} `BAD_NAME` if it is not one or two names of 1 to 64 characters.
 */
export function parseTableName(text: string, defaultDatabase?: string): TableName {
  const parts = text.split(".");
  if (parts.length > 2) {
    throw badName(`"${text}"`, `${parts.length} names`, '"table" or "database.table"');
  }
  parts.forEach(quoteName);
  return parts.length === 1
    ? { database: defaultDatabase, table: parts[0]! }
    : { database: parts[0]!, table: parts[1]! };
}

/** A table's name in SQL: `` `market`.`trades` ``. */
export function quoteTable({ database, table }: TableName): string {
  return database === undefined ? quoteName(table) : `${quoteName(database)}.${quoteName(table)}`;
}

/** A table's name in messages: `market.trades`. */
export function tableText({ database, table }: TableName): string {
  return database === undefined ? table : `${database}.${table}`;
}

/**
 * A name in SQL: `` `trade id` ``.
 *
 * @throws {SluiceError} `BAD_NAME` if MySQL cannot hold it.
 */
export function quoteName(name: string): string {
  // What lies above U+FFFF is two characters in `length`.
  if (
    name.length === 0 || name.length > MAX_NAME_LENGTH || name.endsWith(" ") ||
    /[\0\u{10000}-\u{10ffff}]/u.test(name)
  ) {
    throw badName(
      JSON.stringify(name),
      `${name.length} characters`,
      `1 to ${MAX_NAME_LENGTH} characters up to U+FFFF, no U+0000 and no space at the end`,
    );
  }
  return `\`${name.replaceAll("`", "``")}\``;
}

/** The names of columns in SQL, with commas between them. */
export function nameList(fields: readonly { readonly name: string }[]): string {
  return fields.map(({ name }) => quoteName(name)).join(", ");
}

/** The type that holds every value of a column; in an index texts are shorter, with a collation of their own. */
export function mysqlType(type: DataType, keyCollation: string, isInIndex = false): string {
  if (typeof type === "object") {
    if (type.type === "decimal") return `decimal(${type.precision},${type.scale})`;
    // MySQL's json keeps numbers with a point as doubles.
    return holdsDecimals(type) ? LONG_TEXT : "json";
  }
  switch (type) {
    case "string":
      return isInIndex
        ? `varchar(${MAX_KEY_LENGTH}) character set utf8mb4 collate ${keyCollation}`
        : LONG_TEXT;
    case "binary":
      return isInIndex ? `varbinary(${MAX_KEY_LENGTH})` : "longblob";
    case "boolean":
      return "boolean";
    case "byte":
      return "tinyint";
    case "short":
      return "smallint";
    case "integer":
      return "int";
    case "long":
      return "bigint";
    case "timestamp":
    case "timestamp_ntz":
      return "datetime(6)";
    default:
      return type;
  }
}

/** A column as `create table` and `alter table … add column` take it. */
export function columnDefinition(
  { name, type, nullable }: StructField,
  keyCollation: string,
  isInIndex = false,
): string {
  const sqlType = mysqlType(type, keyCollation, isInIndex);
  return `${quoteName(name)} ${sqlType}${nullable ? "" : " not null"}`;
}

/** The `create table if not exists` of columns and indexes: in InnoDB, which has transactions. */
export function createTableSql(
  table: TableName,
  definitions: readonly string[],
): string {
  return `create table if not exists ${quoteTable(table)} (
  ${definitions.join(",\n  ")}
) engine=InnoDB default ${TEXT_CHARSET}`;
}

/** The columns of a schema as `create table` takes them. */
export function columnDefinitions(
  { fields }: Schema,
  keyCollation: string,
  inIndex: readonly StructField[] = [],
): string[] {
  return fields.map((field) => columnDefinition(field, keyCollation, inIndex.includes(field)));
}

function holdsDecimals(type: DataType): boolean {
  if (typeof type !== "object") return false;
  switch (type.type) {
    case "decimal":
      return true;
    case "struct":
      return type.fields.some((field) => holdsDecimals(field.type));
    case "array":
      return holdsDecimals(type.elementType);
    case "map":
      return holdsDecimals(type.keyType) || holdsDecimals(type.valueType);
  }
}

function badName(where: string, found: string, wanted: string): SluiceError {
  return new SluiceError("BAD_NAME", { attempted: "name a table or column", where, found, wanted });
}
