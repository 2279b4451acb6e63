import { createHash } from "node:crypto";
import type { DataType, Schema } from "../../lib/core/mod.ts";
import type { RowsDigest } from "./canonical_rows.ts";
import { withSql } from "./trade_ledger.ts";

/**
 * The digest of a Postgres table's rows, made of what SQL says of them: the same as the digest that
 * delta-rs's reading of an equal Delta table comes down to.
 */
export async function postgresDigest(
  databaseUrl: string,
  table: string,
  schema: Schema,
): Promise<RowsDigest> {
  const members = schema.fields.map(({ name, type }) =>
    `'${JSON.stringify(name)}:' || coalesce(${canonicalSql(type, `"${name}"`)}, 'null')`
  );
  const row = `'{' || ${members.join(` || ',' || `)} || '}'`;
  return await withSql(databaseUrl, async (sql) => {
    const rows = await sql.unsafe(
      `select ${row} as text from "${table}" order by (${row}) collate "C"`,
    );
    const texts = rows.map(({ text }) => text).join("\n");
    return { rows: rows.length, digest: createHash("sha256").update(texts).digest("hex") };
  });
}

/** A value as canonical text, in SQL. */
function canonicalSql(type: DataType, column: string): string {
  if (typeof type === "object") return `'"' || ${column}::text || '"'`;
  switch (type) {
    case "string":
      return `to_json(${column})::text`;
    case "date":
      return `'"' || to_char(${column}, 'YYYY-MM-DD') || '"'`;
    case "timestamp":
      return `(extract(epoch from ${column}) * 1000000)::bigint::text`;
    default:
      return `${column}::text`;
  }
}
