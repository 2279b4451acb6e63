import { type Schema, SluiceError, type StructField } from "../../core/mod.ts";
import type { MysqlConnection } from "../connection.ts";
import { holdsEveryValue } from "./column_types.ts";
import { readTableColumns, readTableKind, type TableColumn } from "./table_columns.ts";
import {
  columnDefinition,
  mysqlType,
  quoteName,
  quoteTable,
  type TableName,
  tableText,
} from "../table.ts";

/** A difference between a table and a schema. */
interface Mismatch {
  readonly column: string;
  readonly found: string;
  readonly wanted: string;
  /** What follows `alter table …` to mend it; `undefined` where only `advice` says what to do. */
  readonly alter?: string;
  /** What else there is to do, or all where no `alter table` helps. */
  readonly advice?: string;
}

/** True if something of that name exists. */
export async function tableExists(connection: MysqlConnection, table: TableName): Promise<boolean> {
  return await readTableKind(connection, table) !== undefined;
}

/** What a table is, however its name was spelt: server, database and table. */
export async function tableId(connection: MysqlConnection, table: TableName): Promise<string> {
  // MySQL has the first, newer MariaDBs the second; either is a name that no other server has.
  const { rows } = await connection.query(`show variables where variable_name in
  ('server_uuid', 'server_uid', 'hostname', 'port', 'lower_case_table_names')`);
  const settings = new Map(rows.map((row) => [row.Variable_name, row.Value]));
  const server = ["server_uuid", "server_uid", "hostname", "port"]
    .flatMap((name) => settings.get(name) ?? []).join("/");
  const { rows: [own] } = await connection.query("select database() as name");
  const name = `${table.database ?? own?.name}/${table.table}`;
  const folds = settings.get("lower_case_table_names") !== "0";
  return `mysql/${server}/${folds ? name.toLowerCase() : name}`;
}

/**
 * Compares a table with the schema whose rows it shall hold. Gives the columns that it lacks, if they
 * are among the addable ones.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming every column that does not fit and the
 * `alter table` that mends it.
 */
export async function checkTable(
  connection: MysqlConnection,
  table: TableName,
  schema: Schema,
  addable: readonly StructField[],
): Promise<readonly StructField[]> {
  const found = await readTableKind(connection, table);
  if (found?.kind !== "BASE TABLE") {
    throw new SluiceError("SCHEMA_MISMATCH", {
      attempted: `write to MySQL table "${tableText(table)}"`,
      found: "a view or something else",
      wanted: "a table",
      hint: "write to a table of another name",
    });
  }
  if (found.engine?.toLowerCase() !== "innodb") {
    throw new SluiceError("SCHEMA_MISMATCH", {
      attempted: `write to MySQL table "${tableText(table)}"`,
      found: `a table in the engine ${found.engine}`,
      wanted: "InnoDB, which has transactions",
      hint: `to mend the table run:\n  alter table ${quoteTable(table)} engine = InnoDB;`,
    });
  }
  const columns = await readTableColumns(connection, table);
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const missing = addable.filter(({ name }) => !byName.has(name.toLowerCase()));
  const fields = schema.fields.filter((field) => !missing.includes(field));
  const mismatches = findMismatches(byName, fields, connection.keyCollation);
  if (mismatches.length === 0) return missing;
  throw mismatchError(table, mismatches);
}

function findMismatches(
  found: ReadonlyMap<string, TableColumn>,
  fields: readonly StructField[],
  keyCollation: string,
): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const others = new Map(found);
  for (const field of fields) {
    const column = found.get(field.name.toLowerCase());
    const mismatch = column === undefined
      ? absentColumn(field, keyCollation)
      : compareColumn(column, field, keyCollation);
    if (mismatch !== undefined) mismatches.push(mismatch);
    others.delete(field.name.toLowerCase());
  }
  for (const column of others.values()) {
    if (column.isNullable || column.hasDefault || column.expression !== undefined) continue;
    mismatches.push({
      column: column.name,
      found: `${column.columnType} not null without a default`,
      wanted: "a column of the schema, a default, or null allowed",
      ...allowNull(column, column.columnType, "give it a default"),
    });
  }
  return mismatches;
}

function absentColumn(field: StructField, keyCollation: string): Mismatch {
  const { name, type, nullable } = field;
  return {
    column: name,
    found: "no such column",
    wanted: `${mysqlType(type, keyCollation)}${nullable ? "" : " not null"}`,
    alter: `add column ${columnDefinition({ ...field, nullable: true }, keyCollation)}`,
    ...(nullable ? {} : {
      advice:
        `Column ${name} is not nullable, and the rows that are there would have no value for it: ` +
        "make the field nullable, and the column is added by itself; or add it by hand",
    }),
  };
}

function compareColumn(
  found: TableColumn,
  field: StructField,
  keyCollation: string,
): Mismatch | undefined {
  const type = mysqlType(field.type, keyCollation, found.isInPrimaryKey);
  const wanted = `${type}${field.nullable ? "" : " not null"}`;
  const column = field.name;
  const alter = `modify column ${quoteName(column)} ${wanted}`;
  if (found.expression !== undefined) {
    const advice =
      `Column ${column} is computed by the server: drop it, or give the rows' column another name`;
    return { column, found: "a generated column", wanted, advice };
  }
  if (!holdsEveryValue(found, field.type)) {
    const charset = found.characterSet === null ? "" : ` in ${found.characterSet}`;
    return { column, found: `${found.columnType}${charset}`, wanted, alter };
  }
  if (field.nullable && !found.isNullable) {
    return {
      column,
      found: `${found.columnType} not null`,
      wanted: `${type} with null allowed`,
      ...allowNull(found, type, "make the field not nullable"),
    };
  }
  return undefined;
}

/** How null becomes allowed; a primary key never allows it. */
function allowNull(
  { name, isInPrimaryKey }: TableColumn,
  type: string,
  instead: string,
): Pick<Mismatch, "alter" | "advice"> {
  return isInPrimaryKey
    ? {
      advice:
        `Column ${name} is in the primary key, where null is never allowed: ${instead}, or drop the key`,
    }
    : { alter: `modify column ${quoteName(name)} ${type} null` };
}

function mismatchError(table: TableName, mismatches: readonly Mismatch[]): SluiceError {
  const lines = mismatches.map(({ column, found, wanted }) =>
    `${column}: ${found}, wanted ${wanted}`
  );
  const alters = mismatches.flatMap(({ alter }) => alter === undefined ? [] : [alter]);
  const steps = mismatches.flatMap(({ advice }) => advice === undefined ? [] : [advice]);
  if (alters.length > 0) {
    const statement = `alter table ${quoteTable(table)}\n    ${alters.join(",\n    ")};`;
    steps.push(`To mend the table run:\n  ${statement}`);
  }
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to MySQL table "${tableText(table)}"`,
    found: `columns that do not hold the rows:\n  ${lines.join("\n  ")}`,
    hint: steps.join(".\n"),
  });
}
