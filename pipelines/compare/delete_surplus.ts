import { withDatabase } from "../orders/orders_database.ts";
import type { ComparedCopy } from "./compare_replica.ts";

const ROWS_PER_STATEMENT = 10_000;

/**
 * Takes the rows out of the copies that were found not to be in the source, but for those that the query
 * has written since: their orders are there again. Returns how many it took.
 *
 * @throws {SluiceError} `POSTGRES_FAILED`.
 */
export async function deleteSurplus(
  destinationUrl: string,
  copies: readonly ComparedCopy[],
): Promise<number> {
  const attempted = "delete orders that are not in the source";
  return await withDatabase(destinationUrl, attempted, async (sql) => {
    let deleted = 0;
    for (const { table, surplusRows } of copies) {
      for (let i = 0; i < surplusRows.length; i += ROWS_PER_STATEMENT) {
        const rows = surplusRows.slice(i, i + ROWS_PER_STATEMENT)
          .map(({ key, version }) => ({ key: String(key), version }));
        const { count } = await sql`
          delete from ${sql(table)} using json_to_recordset(${JSON.stringify(rows)}::text::json)
            as surplus (key bigint, version text)
          where order_id = surplus.key and ${sql(table)}.xmin::text = surplus.version`;
        deleted += count;
      }
    }
    return deleted;
  });
}
