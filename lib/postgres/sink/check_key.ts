import { SluiceError, type StructField } from "../../core/mod.ts";
import type { AnswerRow, PostgresConnection } from "../connection.ts";
import { hasNullable, nameList, quoteName, quoteTable, type TableName } from "../table.ts";

/** The unique indexes of a table over all of its rows. */
const UNIQUE_INDEXES_SQL = `select
  (select json_agg(a.attname)::text
    from unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where k.position <= i.indnkeyatts) as columns,
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as nulls_not_distinct,
  (select c.conname from pg_constraint c where c.conindid = i.indexrelid and c.condeferrable
    limit 1) as deferrable
from pg_index i
where i.indrelid = to_regclass($1::text) and i.indisunique and i.indisvalid
  and i.indpred is null and i.indexprs is null`;

/**
 * Makes sure that a table has at most one row for a key, and an index by which `on conflict` finds it.
 *
 * @throws {SluiceError} `SCHEMA_MISMATCH` with the statements that mend it.
 */
export async function checkKey(
  connection: PostgresConnection,
  table: TableName,
  key: readonly StructField[],
): Promise<void> {
  const { rows } = await connection.query(UNIQUE_INDEXES_SQL, [quoteTable(table)]);
  const indexes = rows.filter((index) => isOn(index, key));
  // One that is checked at the commit only is in the way, whatever others there are.
  const deferrable = indexes.filter((index) => index.deferrable !== null);
  const needsNulls = hasNullable(key);
  const isThere = indexes.some((index) =>
    index.deferrable === null && (!needsNulls || index.nulls_not_distinct === true)
  );
  if (isThere && deferrable.length === 0) return;
  const name = quoteTable(table);
  const columns = nameList(key);
  const nulls = needsNulls ? " nulls not distinct" : "";
  const statements = [
    ...deferrable.map((one) =>
      `alter table ${name} drop constraint ${quoteName(String(one.deferrable))};`
    ),
    ...(isThere ? [] : [`create unique index on ${name} (${columns})${nulls};`]),
  ];
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: `write to Postgres table ${name} by key`,
    found: deferrable.length > 0
      ? `a deferrable unique constraint on ${columns}`
      : indexes.length > 0
      ? `a unique index on ${columns} in which nulls are distinct`
      : `no unique index on exactly ${columns}`,
    wanted: `a unique index on ${columns}${nulls}, of all rows and checked at once`,
    hint: `to mend the table run:\n  ${statements.join("\n  ")}`,
  });
}

/** True if the index is on the columns of the key and no others, in whatever order. */
function isOn(index: AnswerRow, key: readonly StructField[]): boolean {
  const columns = new Set<string>(JSON.parse(String(index.columns)));
  return columns.size === key.length && key.every(({ name }) => columns.has(name));
}
