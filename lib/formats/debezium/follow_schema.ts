import { type DataType, SluiceError, type StructField, typeName } from "../../core/mod.ts";
import { columnTypeOf } from "./column_type.ts";
import {
  type ConnectField,
  type ConnectType,
  connectTypeKey,
  describeConnectType,
  OR_NULL,
} from "./connect_type.ts";
import { isConvertible } from "./converter.ts";
import { holdsType } from "./holds_type.ts";
import { addedColumn, type KnownColumns } from "./known_columns.ts";
import type { ReadRules } from "./row_reader.ts";

/** What a schema tells that was not known. */
export interface Lesson {
  /** All that is known now. */
  readonly known: KnownColumns;
  /** For a person; empty if only types of columns were seen for the first time. */
  readonly added: readonly string[];
}

/**
 * Holds the schema of rows against what is known of their table.
 *
 * @param rules The columns as they are read now.
 * @param isOther Tells which names are no columns of the table.
 * @returns `undefined` if the schema tells nothing new.
 * @throws {SluiceError} `SCHEMA_CHANGED` for a column that is read no longer, or that may have values
 * now which its column cannot take.
 */
export function followSchema(
  rows: ConnectType,
  rules: ReadRules,
  known: KnownColumns,
  isOther: (name: string) => boolean,
): Lesson | undefined {
  const fields = new Map(rows.fields.map((field) => [field.name, field]));
  const seen: [name: string, type: string][] = [];
  for (const [i, column] of rules.fields.entries()) {
    const field = fields.get(column.sourceName);
    const types = known.sourceTypes.get(column.sourceName) ?? [];
    if (field === undefined) {
      if (column.nullable && !rules.isKey[i]) continue;
      throw changed(column, "no such column any more", types);
    }
    const type = connectTypeKey(field.type);
    if (types.includes(type)) continue;
    refuseUnreadable(column, field, types, rules);
    seen.push([column.sourceName, type]);
  }
  const added: StructField[] = [];
  const named = new Set(rules.fields.map(({ sourceName }) => sourceName));
  for (const field of rows.fields) {
    if (named.has(field.name) || isOther(field.name)) continue;
    const column = addedColumn(field.name, newType(field));
    added.push(column);
    seen.push([field.name, connectTypeKey(field.type)]);
  }
  if (seen.length === 0) return undefined;
  const sourceTypes = new Map(known.sourceTypes);
  for (const [name, type] of seen) sourceTypes.set(name, [...sourceTypes.get(name) ?? [], type]);
  return {
    known: { added: [...known.added, ...added], sourceTypes },
    added: added.map(({ name, type }) => `"${name}" ${typeName(type)}`),
  };
}

/** The first type of a column is the query's own affair; of another all values have to fit. */
function refuseUnreadable(
  column: StructField,
  { type }: ConnectField,
  before: readonly string[],
  { timePrecision }: ReadRules,
): void {
  const values = columnTypeOf(type);
  const isReadable = isConvertible(type, column.type, column.epochUnit ?? timePrecision);
  const isNullNew = type.optional && !before.some((each) => each.endsWith(OR_NULL));
  const fits = before.length === 0 ||
    (values !== undefined && holdsType(column.type, values) && (column.nullable || !isNullNew));
  if (!isReadable || !fits) throw changed(column, connectTypeKey(type), before);
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
      "nothing of this change was written, and its record stays in the topic. Give the column a " +
      "type in the query's schema that takes both, such as string, and in the tables that the query " +
      "writes, then start it again: it goes on here. Or capture the table anew, into another topic",
  });
}
