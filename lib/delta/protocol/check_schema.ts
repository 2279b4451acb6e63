import {
  type DataType,
  type Schema,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";
import type { Metadata } from "./actions.ts";
import { isSameName } from "./column_path.ts";
import { allFields, type FieldJson, fieldsOf } from "./schema_json.ts";
import { isTrue, type TableProperties } from "./table_properties.ts";

/** Characters that Parquet readers stumble over in names, and Delta therefore does not allow. */
const BAD_NAME = /[ ,;{}()\n\t=]/;
const FEED_COLUMNS: readonly string[] = ["_change_type", "_commit_version", "_commit_timestamp"];

/** What is to be written to a table. */
export interface WantedTable {
  readonly schema: Schema;
  /** Absent: as the table is, or none. */
  readonly partitionBy: readonly string[] | undefined;
  /** The columns that rows are looked up by; absent: none. */
  readonly key?: readonly StructField[];
  /** Where the table is, for errors. */
  readonly path: string;
}

/**
 * The columns of the rows that a table lacks and can get: rows that are there have null in them. Those
 * of the key are not among them, since these rows would then all have one key.
 */
export function addableColumns({ schema, key = [] }: WantedTable, table: Schema): StructField[] {
  return schema.fields.filter((field) =>
    field.nullable && !isAmong(field, key) && !isAmong(field, table.fields)
  );
}

/**
 * Refuses rows that a table cannot take. Columns are matched by name; a nullable one that the rows
 * do not have is null.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming the column, what the table has and what the rows have.
 */
export function refuseMismatch(
  { schema, partitionBy, path, key = [] }: WantedTable,
  table: { readonly metadata: Metadata; readonly schema: Schema },
): void {
  const { partitionColumns } = table.metadata;
  if (partitionBy !== undefined && !isSame(partitionBy, partitionColumns)) {
    throw mismatch(path, "partition columns", {
      found: list(partitionColumns),
      wanted: list(partitionBy),
      hint: "set partitionBy to the table's partition columns, or leave it out",
    });
  }
  refuseFields(schema.fields, table.schema.fields, path, "", key);
}

/**
 * Refuses a schema or partition columns of which no table can be made.
 *
 * @throws {SluiceError} `BAD_SCHEMA` or `BAD_PARTITION_COLUMNS`.
 */
export function refuseBadTable({ schema, partitionBy = [], path }: WantedTable): void {
  refuseBadDefinition(`create Delta table ${path}`, {
    fields: fieldsOf(schema.fields),
    partitionColumns: partitionBy,
    configuration: {},
  });
}

/** What is to be known of a table's columns. */
export interface TableDefinition {
  readonly fields: readonly FieldJson[];
  readonly partitionColumns: readonly string[];
  readonly configuration: TableProperties;
}

/**
 * Refuses columns and partition columns that a table with these properties cannot have.
 *
 * @throws {SluiceError} `BAD_SCHEMA` or `BAD_PARTITION_COLUMNS`.
 */
export function refuseBadDefinition(
  attempted: string,
  { fields, partitionColumns, configuration }: TableDefinition,
): void {
  refuseTwins(fields, attempted);
  // Files have other names for columns under column mapping.
  const isMapped = (configuration["delta.columnMapping.mode"] ?? "none") !== "none";
  for (const { path, field } of allFields(fields)) {
    if (field.name !== "" && (isMapped || !BAD_NAME.test(field.name))) continue;
    throw new SluiceError("BAD_SCHEMA", {
      attempted,
      where: `column "${path}"`,
      found: field.name === "" ? "no name" : "a name with a blank or one of , ; { } ( ) =",
      wanted: field.name === "" ? "a name" : "a name without",
      hint: `give the column another name and read it with .from("${field.name}"), or let the ` +
        "table have delta.columnMapping.mode = name",
    });
  }
  if (isTrue(configuration, "delta.enableChangeDataFeed")) refuseFeedColumns(fields, attempted);
  refuseBadPartitions(fields, partitionColumns, attempted);
}

function refuseTwins(fields: readonly FieldJson[], attempted: string): void {
  const paths = new Set<string>();
  for (const { path } of allFields(fields)) {
    const folded = path.toLowerCase();
    if (!paths.has(folded)) {
      paths.add(folded);
      continue;
    }
    throw new SluiceError("BAD_SCHEMA", {
      attempted,
      where: `column "${path}"`,
      found: "another column of that name",
      wanted: "names that differ in more than case",
    });
  }
}

function refuseFeedColumns(fields: readonly FieldJson[], attempted: string): void {
  const reserved = fields.find(({ name }) => FEED_COLUMNS.includes(name.toLowerCase()));
  if (reserved === undefined) return;
  throw new SluiceError("BAD_SCHEMA", {
    attempted,
    where: `column "${reserved.name}"`,
    found: "a name that the change data feed gives to a column of its own",
    wanted: `none of ${FEED_COLUMNS.join(", ")} while delta.enableChangeDataFeed is true`,
  });
}

function refuseBadPartitions(
  fields: readonly FieldJson[],
  partitionColumns: readonly string[],
  attempted: string,
): void {
  const names = fields.map((field) => field.name);
  for (const [i, name] of partitionColumns.entries()) {
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      throw badPartition(attempted, name, `columns ${list(names)}`, "one of them");
    }
    if (partitionColumns.indexOf(name) !== i) {
      throw badPartition(attempted, name, "it twice", "it once");
    }
    if (typeof field.type === "object") {
      throw badPartition(attempted, name, field.type.type, "a column that is not nested");
    }
  }
  if (partitionColumns.length === names.length) {
    throw badPartition(
      attempted,
      names[0] ?? "",
      "every column",
      "at least one column that is not",
    );
  }
}

function refuseFields(
  ours: readonly StructField[],
  theirs: readonly StructField[],
  path: string,
  parent: string,
  key: readonly StructField[] = [],
): void {
  for (const field of ours) {
    const name = parent + field.name;
    const other = theirs.find((candidate) => candidate.name === field.name);
    if (other === undefined) {
      const alike = theirs.find((candidate) => isSameName(candidate.name, field.name));
      throw mismatch(path, `column "${name}"`, {
        found: alike === undefined ? "no such column" : `column "${parent}${alike.name}"`,
        wanted: typeName(field.type) + (field.nullable ? "" : " not null"),
        hint: alike === undefined
          ? missingHint(field, parent, isAmong(field, key))
          : `name the column "${alike.name}", as the table does`,
      });
    }
    refuseType(field.type, other.type, path, name);
    refuseNull(field.nullable, other.nullable, path, name);
  }
  const missing = theirs.find((other) =>
    !other.nullable && !ours.some((field) => field.name === other.name)
  );
  if (missing !== undefined) {
    throw mismatch(path, `column "${parent}${missing.name}"`, {
      found: `${typeName(missing.type)} not null`,
      wanted: "a nullable column, since the rows have no such column",
      hint: "add the column to the rows, or make it nullable in the table",
    });
  }
}

/** Why a column that is missing was not added, and what to do. */
function missingHint({ nullable }: StructField, parent: string, isKey: boolean): string {
  const byHand = "add it to the table as a nullable one, or leave it out of the rows";
  if (parent !== "") return `fields within a column are not added by themselves: ${byHand}`;
  if (isKey) {
    return `the rows that are there would have no value for it, and so all one key: ${byHand}`;
  }
  return nullable
    ? "another took it away, or made the table: it is added when the query is started again"
    : "the rows that are there would have no value for it: declare it .nullable(), and it is added " +
      `by itself; or ${byHand}`;
}

function refuseType(ours: DataType, theirs: DataType, path: string, name: string): void {
  if (typeof ours === "object" && typeof theirs === "object") {
    if (ours.type === "struct" && theirs.type === "struct") {
      return refuseFields(ours.fields, theirs.fields, path, `${name}.`);
    }
    if (ours.type === "array" && theirs.type === "array") {
      refuseType(ours.elementType, theirs.elementType, path, `${name}.element`);
      return refuseNull(ours.containsNull, theirs.containsNull, path, `${name}.element`);
    }
    if (ours.type === "map" && theirs.type === "map") {
      refuseType(ours.keyType, theirs.keyType, path, `${name}.key`);
      refuseType(ours.valueType, theirs.valueType, path, `${name}.value`);
      return refuseNull(ours.valueContainsNull, theirs.valueContainsNull, path, `${name}.value`);
    }
  }
  if (typeName(ours) === typeName(theirs)) return;
  throw mismatch(path, `column "${name}"`, {
    found: typeName(theirs),
    wanted: typeName(ours),
    hint: `declare the column as ${typeName(theirs)}, or write to another table`,
  });
}

function refuseNull(ours: boolean, theirs: boolean, path: string, name: string): void {
  if (!ours || theirs) return;
  throw mismatch(path, `column "${name}"`, {
    found: "not null",
    wanted: "nullable, as in the rows",
    hint: "leave out .nullable(), or make the column nullable in the table",
  });
}

function isAmong({ name }: StructField, fields: readonly StructField[]): boolean {
  return fields.some((field) => isSameName(field.name, name));
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}

function mismatch(
  path: string,
  where: string,
  details: { found: string; wanted: string; hint: string },
): SluiceError {
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to Delta table ${path}`,
    where,
    ...details,
  });
}

function badPartition(
  attempted: string,
  name: string,
  found: string,
  wanted: string,
): SluiceError {
  return new SluiceError("BAD_PARTITION_COLUMNS", {
    attempted,
    where: `partitionBy "${name}"`,
    found,
    wanted,
  });
}
