import { type DataType, SluiceError, type StructField, typeName } from "../../core/mod.ts";
import { columnTypeOf } from "./column_type.ts";
import { type ConnectField, type ConnectType, describeConnectType } from "./connect_type.ts";
import { isConvertible } from "./converter.ts";
import { addedColumn, type KnownColumns } from "./known_columns.ts";
import type { ReadRules } from "./row_reader.ts";

/** What a schema tells that was not known. */
export interface Lesson {
  /** All that is known now. */
  readonly known: KnownColumns;
  /** For a person; empty if only types of columns were seen for the first time. */
  readonly added: readonly string[];
}

/** Names that stand for no column of a table: those that `ExtractNewRecordState` adds. */
const NO_COLUMN = /^__/;
/** The bits of integers, of the source and of columns. */
const INTEGER_BITS: Readonly<Record<string, number>> = {
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  byte: 8,
  short: 16,
  integer: 32,
  long: 64,
};

/**
 * Holds the schema of rows against what is known of their table.
 *
 * @param rules The columns as they are read now.
 * @param others Names that are read beside the row.
 * @returns `undefined` if the schema tells nothing new.
 * @throws {SluiceError} `SCHEMA_CHANGED` for a column that is read no longer, or that may have values
 * now which its column cannot take.
 */
export function followSchema(
  rows: ConnectType,
  rules: ReadRules,
  known: KnownColumns,
  others: readonly string[],
): Lesson | undefined {
  const fields = new Map(rows.fields.map((field) => [field.name, field]));
  const seen: [name: string, type: string][] = [];
  for (const [i, column] of rules.fields.entries()) {
    const field = fields.get(column.sourceName);
    const types = known.sourceTypes[column.sourceName] ?? [];
    if (field === undefined) {
      if (column.nullable && !rules.isKey[i]) continue;
      throw changed(column, "no such column any more", types);
    }
    const type = describeConnectType(field.type);
    if (types.includes(type)) continue;
    refuseUnreadable(column, field, types, rules);
    seen.push([column.sourceName, type]);
  }
  const added: StructField[] = [];
  const named = new Set([...rules.fields.map(({ sourceName }) => sourceName), ...others]);
  for (const field of rows.fields) {
    if (named.has(field.name) || NO_COLUMN.test(field.name)) continue;
    const column = addedColumn(field.name, newType(field));
    added.push(column);
    seen.push([field.name, describeConnectType(field.type)]);
  }
  if (seen.length === 0) return undefined;
  const sourceTypes = { ...known.sourceTypes };
  for (const [name, type] of seen) sourceTypes[name] = [...sourceTypes[name] ?? [], type];
  return {
    known: { added: [...known.added, ...added], sourceTypes },
    added: added.map(({ name, type }) => `"${name}" ${typeName(type)}`),
  };
}

/** The first type of a column is the query's own affair; another has to fit it whole. */
function refuseUnreadable(
  column: StructField,
  { type }: ConnectField,
  before: readonly string[],
  { timePrecision }: ReadRules,
): void {
  const isReadable = isConvertible(type, column.type, column.epochUnit ?? timePrecision);
  const fits = before.length === 0 || fitsWhole(type, column.type);
  if (!isReadable || !fits) throw changed(column, describeConnectType(type), before);
}

function fitsWhole(source: ConnectType, wanted: DataType): boolean {
  const bits = INTEGER_BITS[source.type];
  const wantedBits = typeof wanted === "string" ? INTEGER_BITS[wanted] : undefined;
  return bits === undefined || wantedBits === undefined || bits <= wantedBits;
}

function newType(field: ConnectField): DataType {
  const type = columnTypeOf(field.type);
  if (type !== undefined && isConvertible(field.type, type, undefined)) return type;
  throw new SluiceError("SCHEMA_CHANGED", {
    attempted: "follow a change of a table's columns",
    where: `new column "${field.name}"`,
    found: describeConnectType(field.type),
    wanted: "a type that a column can have",
    hint:
      "name the column in the query's schema, with a type of your choice, and start it again; or " +
      'leave it out with the connector\'s "column.exclude.list"',
  });
}

function changed(
  { name, sourceName, type, nullable }: StructField,
  found: string,
  before: readonly string[],
): SluiceError {
  const column = name === sourceName ? `"${name}"` : `"${sourceName}" (column ${name})`;
  const was = before.length === 0 ? "" : `, where it was ${before.join(", ")} before`;
  return new SluiceError("SCHEMA_CHANGED", {
    attempted: "follow a change of a table's columns",
    where: `column ${column}`,
    found: found + was,
    wanted: `values for ${typeName(type)}${nullable ? "" : ", which is not nullable"}`,
    hint:
      "nothing of this change was written. Change the column in the source back, or in the query's " +
      "schema and the tables it writes, then start the query again: it goes on here",
  });
}
