import {
  badOption,
  Batch,
  describeValue,
  refuseUnknownOptions,
  Schema,
  SluiceError,
  type StaticTable,
  typeName,
} from "../../core/mod.ts";
import { tableExists } from "../sink/check_table.ts";
import { type AnswerRow, PostgresConnection } from "../connection.ts";
import { databaseUrl } from "../database_url.ts";
import { parseText } from "./parse_text.ts";
import { isServerError, postgresError } from "../postgres_error.ts";
import { checkReadable, textExpression } from "./readable_types.ts";
import { parseTableName, quoteTable } from "../table.ts";

/** What `postgresTable()` reads. */
export interface PostgresTableOptions<Row> {
  /** `table` or `schema.table`, taken as written; a view will do. Either this or `query`. */
  readonly table?: string;
  /** A `select` whose rows are the table's. */
  readonly query?: string;
  /** Names and types of the columns to read; the table may have more. */
  readonly schema: Schema<Row>;
  /** `postgres://user:password@host:5432/database`; default: the environment's `DATABASE_URL`. */
  readonly url?: string;
  /** What the table is called, to refresh it. Default: `postgres(table)`, or `postgres(query)`. */
  readonly name?: string;
}

const OPTIONS = ["table", "query", "schema", "url", "name"];
const ROWS_PER_FETCH = 5_000;

/** Whatever the server is set to, values are written so that no digit is lost. */
const SESSION_SQL = `set local datestyle = 'ISO';
set local timezone = 'UTC';
set local extra_float_digits = 1`;

/**
 * A Postgres table, or what a query finds, for a stream to be joined with. All rows are of one moment.
 * Values are exact: a column whose values may not be those of the schema's type is refused.
 *
 * | schema                     | Postgres                                                     |
 * | -------------------------- | ------------------------------------------------------------ |
 * | string                     | any type, as its text                                        |
 * | byte, short, integer, long | `smallint`, `integer`, `bigint`                              |
 * | decimal                    | the same and `numeric`                                       |
 * | float, double              | `real`, `smallint`; for double also `double precision`, `integer` |
 * | boolean, binary, date      | `boolean`, `bytea`, `date`                                   |
 * | timestamp, timestampNtz    | `timestamptz`, `timestamp`                                   |
 * | struct, array, map         | `jsonb`, `json`, arrays, composite types                     |
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { postgresTable } from "./postgres_table.ts";
 *
 * const Country = s.struct({ code: s.string(), name: s.string() });
 * const countries = postgresTable({ table: "geo.countries", schema: Country });
 * equal(countries.name, "postgres(geo.countries)");
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION` or `BAD_NAME` at once; from `load`,
 * `NO_DATABASE_URL` or `BAD_DATABASE_URL`, `TABLE_MISSING`, `SCHEMA_MISMATCH` naming the columns that
 * do not fit, `BAD_VALUE` naming a row and its column, and what the server says.
 */
export function postgresTable<Row>(options: PostgresTableOptions<Row>): StaticTable<Row> {
  const { table, query, schema } = options;
  const { name = `postgres(${table ?? "query"})` } = options;
  const attempted = `read ${name}`;
  refuseUnknownOptions(attempted, options, OPTIONS);
  if ((table === undefined) === (query === undefined)) {
    throw badOption(attempted, "table", table === undefined ? "none" : "query too", "it or query");
  }
  if (!(schema instanceof Schema)) {
    throw badOption(attempted, "schema", typeof schema, "a schema, as schema.struct makes it");
  }
  if (table !== undefined) parseTableName(table);
  return {
    name,
    schema,
    load: (signal) => readRows(attempted, options, signal),
  };
}

async function* readRows<Row>(
  attempted: string,
  { table, query, schema, url }: PostgresTableOptions<Row>,
  signal: AbortSignal,
): AsyncGenerator<Batch<Row>> {
  signal.throwIfAborted();
  const connection = await PostgresConnection.open(databaseUrl(attempted, url), "sluice table");
  try {
    await connection.query("begin isolation level repeatable read read only");
    for (const statement of SESSION_SQL.split("\n")) await connection.query(statement);
    if (table !== undefined) await refuseMissing(connection, attempted, table);
    // The query may end in a comment, or in the semicolon that people write.
    const source = table === undefined
      ? `(${query!.replace(/;\s*$/, "")}\n) as source`
      : quoteTable(parseTableName(table));
    await checkReadable(connection, attempted, source, schema);
    const texts = schema.fields.map((field, i) => `${textExpression(field)} as c${i}`);
    await connection.query(
      `declare rows no scroll cursor for select ${texts.join(", ")} from ${source}`,
    );
    for (let firstRow = 0;; firstRow += ROWS_PER_FETCH) {
      signal.throwIfAborted();
      const { rows } = await connection.query(`fetch ${ROWS_PER_FETCH} from rows`);
      if (rows.length > 0) yield batchOf(attempted, schema, rows, firstRow);
      if (rows.length < ROWS_PER_FETCH) return;
    }
  } catch (error) {
    throw isServerError(error) ? postgresError(error, attempted, connection.where) : error;
  } finally {
    await connection.close();
  }
}

async function refuseMissing(
  connection: PostgresConnection,
  attempted: string,
  table: string,
): Promise<void> {
  if (await tableExists(connection, parseTableName(table))) return;
  throw new SluiceError("TABLE_MISSING", {
    attempted,
    where: connection.where,
    found: "no such table",
    wanted: `table ${quoteTable(parseTableName(table))}`,
    hint: "names are taken as written; a table in a schema is found as schema.table",
  });
}

function batchOf<Row>(
  attempted: string,
  schema: Schema<Row>,
  rows: readonly AnswerRow[],
  firstRow: number,
): Batch<Row> {
  const batch = new Batch(schema, rows.length);
  rows.forEach((texts, i) => {
    const row: Record<string, unknown> = {};
    schema.fields.forEach(({ name, type }, column) => {
      const text = texts[`c${column}`] as string | null;
      const value = text === null ? null : parseText(type, text);
      if (value === undefined) {
        throw badValue(attempted, firstRow + i, name, describeValue(text), typeName(type));
      }
      row[name] = value;
    });
    try {
      batch.append(row as Row);
    } catch (cause) {
      if (!(cause instanceof SluiceError)) throw cause;
      const { where, ...details } = cause.details;
      throw new SluiceError(cause.code, {
        ...details,
        attempted,
        where: `row ${firstRow + i}, ${where}`,
        cause,
      });
    }
  });
  return batch;
}

function badValue(
  attempted: string,
  row: number,
  column: string,
  found: string,
  wanted: string,
): SluiceError {
  return new SluiceError("BAD_VALUE", {
    attempted,
    where: `row ${row}, column "${column}"`,
    found,
    wanted,
  });
}
