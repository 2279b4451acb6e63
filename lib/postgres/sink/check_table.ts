import { type DecimalType, type Schema, SluiceError, type StructField } from "../../core/mod.ts";
import type { AnswerRow, PostgresConnection } from "../connection.ts";
import { postgresType, quoteName, quoteTable, type TableName } from "../table.ts";

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

const COLUMNS_SQL = `select a.attname as name,
  format_type(a.atttypid, a.atttypmod) as type,
  a.attnotnull as not_null,
  a.atthasdef or a.attidentity <> '' as has_default,
  a.attgenerated <> '' as generated,
  exists (select from pg_index i
    where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)) as in_primary_key
from pg_attribute a
where a.attrelid = to_regclass($1::text) and a.attnum > 0 and not a.attisdropped
order by a.attnum`;

/** True if something of that name exists. */
export async function tableExists(
  connection: PostgresConnection,
  table: TableName,
): Promise<boolean> {
  const { rows } = await connection.query(
    "select to_regclass($1::text) is not null as found",
    [quoteTable(table)],
  );
  return rows[0]?.found === true;
}

/** What a table is, however its name was spelt: the ids of server, database and table. */
export async function tableId(connection: PostgresConnection, table: TableName): Promise<string> {
  const { rows } = await connection.query(
    `select concat_ws('/', system_identifier, d.oid, to_regclass($1::text)::oid) as id
from pg_control_system(), pg_database d where d.datname = current_database()`,
    [quoteTable(table)],
  );
  return `postgres/${rows[0]?.id}`;
}

/**
 * Makes sure that the database can hold any text.
 *
 * @throws {SluiceError} `POSTGRES_ENCODING` if it stores another encoding than UTF-8.
 */
export async function checkEncoding(connection: PostgresConnection): Promise<void> {
  const { rows } = await connection.query("select current_setting('server_encoding') as encoding");
  const encoding = rows[0]?.encoding;
  if (encoding === "UTF8") return;
  throw new SluiceError("POSTGRES_ENCODING", {
    attempted: "write to Postgres",
    where: connection.where,
    found: `a database in ${encoding}`,
    wanted: "UTF8",
    hint: "create one with: create database … encoding 'UTF8' template template0",
  });
}

/**
 * Compares a table with the schema whose rows it shall hold. Gives the columns that it lacks, if they
 * are among the addable ones.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming every column that does not fit and the
 * `alter table` that mends it.
 */
export async function checkTable(
  connection: PostgresConnection,
  table: TableName,
  schema: Schema,
  addable: readonly StructField[],
): Promise<readonly StructField[]> {
  const kind = await connection.query(
    "select relkind::text as kind from pg_class where oid = to_regclass($1::text)",
    [quoteTable(table)],
  );
  if (!["r", "p"].includes(String(kind.rows[0]?.kind))) {
    throw new SluiceError("SCHEMA_MISMATCH", {
      attempted: `write to Postgres table ${quoteTable(table)}`,
      found: "a view or something else",
      wanted: "a table",
      hint: "write to a table of another name",
    });
  }
  const { rows } = await connection.query(COLUMNS_SQL, [quoteTable(table)]);
  const missing = addable.filter((field) => !rows.some(({ name }) => name === field.name));
  const fields = schema.fields.filter((field) => !missing.includes(field));
  const mismatches = findMismatches(rows, fields);
  if (mismatches.length === 0) return missing;
  throw mismatchError(table, mismatches);
}

function findMismatches(
  found: readonly AnswerRow[],
  fields: readonly StructField[],
): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const byName = new Map(found.map((column) => [String(column.name), column]));
  for (const field of fields) {
    const mismatch = compareColumn(byName.get(field.name), field);
    if (mismatch !== undefined) mismatches.push(mismatch);
    byName.delete(field.name);
  }
  for (const [name, column] of byName) {
    if (column.not_null === true && column.has_default !== true && column.generated !== true) {
      mismatches.push({
        column: name,
        found: `${column.type} not null without a default`,
        wanted: "a column of the schema, a default, or null allowed",
        ...allowNull(name, column, "give it a default"),
      });
    }
  }
  return mismatches;
}

function compareColumn(found: AnswerRow | undefined, field: StructField): Mismatch | undefined {
  const type = postgresType(field.type);
  const name = quoteName(field.name);
  const wanted = `${type}${field.nullable ? "" : " not null"}`;
  if (found === undefined) {
    return {
      column: field.name,
      found: "no such column",
      wanted,
      alter: `add column ${name} ${type}`,
      ...(field.nullable ? {} : {
        advice:
          `Column ${field.name} is not nullable, and the rows that are there would have no value for ` +
          "it: make the field nullable, and the column is added by itself; or add it by hand",
      }),
    };
  }
  const foundType = String(found.type);
  if (found.generated === true) {
    return {
      column: field.name,
      found: "a generated column",
      wanted,
      alter: `alter column ${name} drop expression`,
    };
  }
  if (!holdsEveryValue(foundType, type, field)) {
    return {
      column: field.name,
      found: foundType,
      wanted,
      alter: `alter column ${name} type ${type} using ${name}::${type}`,
    };
  }
  if (field.nullable && found.not_null === true) {
    return {
      column: field.name,
      found: `${foundType} not null`,
      wanted: `${type} with null allowed`,
      ...allowNull(field.name, found, "make the field not nullable"),
    };
  }
  return undefined;
}

/** How null becomes allowed; a primary key never allows it. */
function allowNull(
  name: string,
  found: AnswerRow,
  instead: string,
): Pick<Mismatch, "alter" | "advice"> {
  return found.in_primary_key === true
    ? {
      advice:
        `Column ${name} is in the primary key, where null is never allowed: ${instead}, or drop the key`,
    }
    : { alter: `alter column ${quoteName(name)} drop not null` };
}

// COPY's binary format is that of the column's own type: a wider integer would not do either.
function holdsEveryValue(found: string, wanted: string, field: StructField): boolean {
  if (found === wanted) return true;
  if (field.type === "string") return found === "character varying";
  if (typeof field.type === "object" && field.type.type === "decimal") {
    return holdsDecimal(found, field.type);
  }
  return found === wanted.replace(/^timestamp/, "timestamp(6)");
}

function holdsDecimal(found: string, { precision, scale }: DecimalType): boolean {
  if (found === "numeric") return true;
  const match = /^numeric\((\d+),(-?\d+)\)$/.exec(found);
  if (match === null) return false;
  const foundScale = Number(match[2]);
  return foundScale >= scale && Number(match[1]) - foundScale >= precision - scale;
}

function mismatchError(table: TableName, mismatches: readonly Mismatch[]): SluiceError {
  const name = quoteTable(table);
  const lines = mismatches.map(({ column, found, wanted }) =>
    `${column}: ${found}, wanted ${wanted}`
  );
  const alters = mismatches.flatMap(({ alter }) => alter === undefined ? [] : [alter]);
  const steps = mismatches.flatMap(({ advice }) => advice === undefined ? [] : [advice]);
  if (alters.length > 0) {
    steps.push(`To mend the table run:\n  alter table ${name}\n    ${alters.join(",\n    ")};`);
  }
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to Postgres table ${name}`,
    found: `columns that do not hold the rows:\n  ${lines.join("\n  ")}`,
    hint: steps.join(".\n"),
  });
}
