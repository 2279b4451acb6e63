import { SluiceError, type StructField } from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import { columnsIn, isPlainKey, KEY_HASH, keyHashDefinition } from "./key_hash.ts";
import {
  readTableColumns,
  readUniqueIndexes,
  type TableColumn,
  type UniqueIndex,
} from "./table_columns.ts";
import { mysqlType, nameList, quoteName, quoteTable, type TableName, tableText } from "../table.ts";

/** Collations by which texts are equal only if their bytes are; of the last, but for spaces at the end. */
const EXACT_COLLATIONS = ["utf8mb4_nopad_bin", "utf8mb4_0900_bin", "utf8mb4_bin"];

/**
 * Makes sure that a table has at most one row for a key, an index by which it is found, and none by
 * which `on duplicate key update` would find another row.
 *
 * @param fields The columns that rows bring with them.
 * @throws {SluiceError} `SCHEMA_MISMATCH` with the statements that mend it.
 */
export async function checkKey(
  connection: MysqlConnection,
  table: TableName,
  key: readonly StructField[],
  fields: readonly StructField[],
): Promise<void> {
  const columns = await readTableColumns(connection, table);
  const indexes = await readUniqueIndexes(connection, table);
  if (isPlainKey(key)) {
    checkCollations(table, key, columns, connection.keyCollation);
    if (!indexes.some((index) => isOn(index, key.map(({ name }) => name)))) {
      throw mismatch(
        table,
        `no unique index on exactly ${nameList(key)}`,
        `a unique index on ${nameList(key)}, of whole columns`,
        `add unique key (${nameList(key)})`,
      );
    }
  } else {
    checkHash(table, key, columns, indexes);
  }
  checkOthers(table, key, fields, columns, indexes);
}

/** By a collation of a language two keys may be one. */
function checkCollations(
  table: TableName,
  key: readonly StructField[],
  columns: readonly TableColumn[],
  keyCollation: string,
): void {
  for (const { name, type } of key) {
    const column = columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (type !== "string" || EXACT_COLLATIONS.includes(column?.collation ?? "")) continue;
    const wanted = `${mysqlType(type, keyCollation, true)} not null`;
    throw mismatch(
      table,
      `column ${name} in ${column?.collation}, by which different keys may be equal`,
      wanted,
      `modify column ${quoteName(name)} ${wanted}`,
    );
  }
}

/** A key with nulls or structs needs the column that stands for it. */
function checkHash(
  table: TableName,
  key: readonly StructField[],
  columns: readonly TableColumn[],
  indexes: readonly UniqueIndex[],
): void {
  const names = key.map(({ name }) => name);
  const hash = columns.find(({ name }) => name.toLowerCase() === KEY_HASH);
  const isOfKey = hash?.expression !== undefined &&
    JSON.stringify(columnsIn(hash.expression)) === JSON.stringify(names);
  const isUnique = indexes.some((index) => isOn(index, [KEY_HASH]));
  if (isOfKey && isUnique) return;
  const alters = [
    ...(hash !== undefined && !isOfKey ? [`drop column ${quoteName(KEY_HASH)}`] : []),
    ...(isOfKey ? [] : [`add column ${keyHashDefinition(key)}`]),
    `add unique key (${quoteName(KEY_HASH)})`,
  ];
  throw mismatch(
    table,
    hash === undefined
      ? `no column ${KEY_HASH}`
      : isOfKey
      ? `no unique index on ${KEY_HASH}`
      : `a column ${KEY_HASH} that is not made of ${names.join(", ")}`,
    `a column ${KEY_HASH} made of ${names.join(", ")}, with a unique index: ` +
      "no other tells keys apart in which there are nulls or structs",
    alters.join(",\n    "),
  );
}

// A row with a new key and a value of another index would be written over the row that has the value.
function checkOthers(
  table: TableName,
  key: readonly StructField[],
  fields: readonly StructField[],
  columns: readonly TableColumn[],
  indexes: readonly UniqueIndex[],
): void {
  const numbered = columns.find(({ isAutoIncrement }) => isAutoIncrement);
  const isNumbered = (name: string) => name.toLowerCase() === numbered?.name.toLowerCase();
  const comesWithRows = fields.some(({ name }) => isNumbered(name));
  const written = key.map(({ name }) => name.toLowerCase());
  for (const { name, columns: parts } of indexes) {
    const own = new Set(parts.map((part) => part.toLowerCase()));
    if (!isPlainKey(key) && own.has(KEY_HASH)) continue;
    if (written.every((part) => own.has(part))) continue;
    const hasNumber = parts.some(isNumbered);
    // A number that the server gives is a new one.
    if (hasNumber && !comesWithRows) continue;
    const drop = name === "PRIMARY" ? "drop primary key" : `drop index ${quoteName(name)}`;
    // Without an index the server gives no numbers.
    const alter = hasNumber
      ? `${drop},\n    modify column ${quoteName(numbered!.name)} ${numbered!.columnType} not null`
      : drop;
    throw mismatch(
      table,
      `a unique index ${name}${
        parts.length === 0 ? " on part of a column" : ` on ${parts.join(", ")}`
      }`,
      `no unique index but that on ${written.join(", ")}: MySQL would take a row with the same ` +
        "value there for the one with the key",
      alter,
    );
  }
}

/** True if the index is on these columns and no others, in whatever order. */
function isOn({ columns }: UniqueIndex, names: readonly string[]): boolean {
  const found = new Set(columns.map((name) => name.toLowerCase()));
  return found.size === names.length && names.every((name) => found.has(name.toLowerCase()));
}

function mismatch(table: TableName, found: string, wanted: string, alter: string): SluiceError {
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to MySQL table "${tableText(table)}" by key`,
    found,
    wanted,
    hint: `to mend the table run:\n  alter table ${quoteTable(table)}\n    ${alter};`,
  });
}
