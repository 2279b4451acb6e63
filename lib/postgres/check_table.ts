import { type DecimalType, type Schema, SluiceError, type StructField } from "../core/mod.ts";
import type { AnswerRow, PostgresConnection } from "./connection.ts";
import { postgresType, quoteName, quoteTable, type TableName } from "./table.ts";

/** A difference between a table and a schema. */
interface Mismatch {
  readonly column: string;
  readonly found: string;
  readonly wanted: string;
  /** What follows `alter table …` to mend it. */
  readonly alter: string;
}

const COLUMNS_SQL = `select a.attname as name,
  format_type(a.atttypid, a.atttypmod) as type,
  a.attnotnull as not_null,
  a.atthasdef or a.attidentity <> '' as has_default,
  a.attgenerated <> '' as generated
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
 * Compares a table with the schema whose rows it shall hold.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` naming every column that does not fit and the
 * `alter table` that mends it.
 */
export async function checkTable(
  connection: PostgresConnection,
  table: TableName,
  schema: Schema,
): Promise<void> {
  const kind = await connection.query(
    "select relkind::text as kind from pg_class where oid = to_regclass($1::text)",
    [quoteTable(table)],
  );
  if (!["r", "p"].includes(String(kind.rows[0]?.kind))) {
    throw mismatchError(table, undefined, "no table but a view or something else", "a table", "");
  }
  const { rows } = await connection.query(COLUMNS_SQL, [quoteTable(table)]);
  const mismatches = findMismatches(rows, schema);
  if (mismatches.length === 0) return;
  const where = mismatches.map(({ column }) => `"${column}"`).join(", ");
  throw mismatchError(
    table,
    `column${mismatches.length > 1 ? "s" : ""} ${where}`,
    mismatches.map(({ found }) => found).join("; "),
    mismatches.map(({ wanted }) => wanted).join("; "),
    `alter table ${quoteTable(table)} ${mismatches.map(({ alter }) => alter).join(", ")};`,
  );
}

function findMismatches(found: readonly AnswerRow[], schema: Schema): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const byName = new Map(found.map((column) => [String(column.name), column]));
  for (const field of schema.fields) {
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
        alter: `alter column ${quoteName(name)} drop not null`,
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
      alter: `alter column ${name} drop not null`,
    };
  }
  return undefined;
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

function mismatchError(
  table: TableName,
  columns: string | undefined,
  found: string,
  wanted: string,
  alter: string,
): SluiceError {
  const name = quoteTable(table);
  return new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to Postgres table ${name}`,
    ...(columns === undefined ? {} : { where: columns }),
    found,
    wanted,
    hint: alter === "" ? "write to a table of another name" : `to mend the table run: ${alter}`,
  });
}
