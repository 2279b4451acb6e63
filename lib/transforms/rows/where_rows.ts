import type { Schema } from "../../core/mod.ts";
import { bindPredicate } from "../../sql/mod.ts";
import { evaluateRows } from "./evaluate_rows.ts";
import type { Operator } from "../operator.ts";

/**
 * Keeps the rows for which a condition in SQL is true, not null; works on columns. A row for which
 * it has no value, as after a division by zero, is rejected.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { whereRows } from "./where_rows.ts";
 *
 * const Trade = s.struct({ id: s.long(), quantity: s.integer() });
 * const batch = new Batch(Trade);
 * for (const [id, quantity] of [[1n, 5], [2n, 0], [3n, 50]] as const) batch.append({ id, quantity });
 *
 * const result = whereRows(Trade, "100 / quantity > 10").apply(batch);
 * deepEqual([...result.batch.rows()], [{ id: 1n, quantity: 5 }]);
 * deepEqual([...result.origins], [0]);
 * deepEqual(result.rejections.map(({ index }) => index), [1]);
 * ```
 *
 * @throws {SluiceError} `BAD_EXPRESSION` for an unknown column, types that clash or no condition.
 */
export function whereRows<Row>(schema: Schema<Row>, condition: string): Operator<Row, Row> {
  const predicate = bindPredicate(condition, schema as unknown as Schema);
  return {
    schema,
    passes: (column) => column,
    apply(batch) {
      const { batch: good, rows, value: kept, rejections } = evaluateRows(batch, predicate.select);
      return {
        batch: kept.length === good.numRows ? good : good.take(kept),
        origins: kept.map((row) => rows[row]!),
        rejections,
      };
    },
  };
}
