import type { TransactionSql } from "postgres";
import type { ComparedRow } from "./compare_rows.ts";

/** Rows that are in memory at a time. */
const CURSOR_ROWS = 1_000;

/** Longer values are compared, and shown, by their beginning, length and hash. */
const MAX_TEXT = 60;

/** The names of a table's columns, in their order; none if there is no such table. */
export async function columnNames(sql: TransactionSql, table: string): Promise<string[]> {
  const rows = await sql`
    select attname as name from pg_attribute
    where attrelid = to_regclass(${table}) and attnum > 0 and not attisdropped order by attnum`;
  return rows.map(({ name }) => name);
}

/**
 * The rows of a table in the order of a key of whole numbers, as the transaction sees them; a few are in
 * memory at a time.
 */
export async function* tableRows(
  sql: TransactionSql,
  table: string,
  key: string,
  columns: readonly string[],
): AsyncGenerator<ComparedRow> {
  const texts = columns.map((column, i) => {
    const text = `${quoted(column)}::text`;
    return `case when length(${text}) <= ${MAX_TEXT} then ${text} else left(${text}, ${MAX_TEXT}) ` +
      `|| '… of ' || length(${text}) || ' characters, md5 ' || md5(${text}) end as c${i}`;
  });
  const always = [`${quoted(key)}::text as key`, "xmin::text as version"];
  const statement = `select ${[...always, ...texts].join(", ")} ` +
    `from ${quoted(table)} order by ${quoted(key)}`;
  // A cursor needs the extended protocol, which a statement without parameters does not get by itself.
  const rows = sql.unsafe(statement, [], { simple: false } as never).cursor(CURSOR_ROWS);
  for await (const block of rows) {
    for (const row of block) {
      const values = columns.map((_, i) => row[`c${i}`]);
      yield { key: BigInt(row.key), values, version: row.version };
    }
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
