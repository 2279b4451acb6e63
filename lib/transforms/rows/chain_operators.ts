import type { Batch, Rejection } from "../../core/mod.ts";
import { mergeEventTimes, type Operator } from "../operator.ts";

/**
 * Two operators as one. A row that the second fails on takes along all that the first made from the
 * same row: of a record come all rows or none.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { chainOperators } from "./chain_operators.ts";
 * import { selectColumns } from "./select_columns.ts";
 * import { whereRows } from "./where_rows.ts";
 *
 * const Trade = s.struct({ id: s.long(), price: s.double() });
 * const batch = new Batch(Trade);
 * batch.append({ id: 1n, price: 9 });
 * batch.append({ id: 2n, price: 11 });
 * const dear = chainOperators(whereRows(Trade, "price > 10"), selectColumns(Trade, ["id"]));
 * deepEqual([...dear.apply(batch).batch.rows()], [{ id: 2n }]);
 * ```
 */
export function chainOperators<In, Between, Out>(
  first: Operator<In, Between>,
  second: Operator<Between, Out>,
): Operator<In, Out> {
  return {
    schema: second.schema,
    passes: (column) => {
      const between = first.passes?.(column);
      return between === undefined ? undefined : second.passes?.(between);
    },
    apply(batch) {
      const before = first.apply(batch);
      const after = second.apply(before.batch);
      const origins = after.origins.map((row) => before.origins[row]!);
      const eventTimes = mergeEventTimes(before.eventTimes, after.eventTimes);
      const seen = eventTimes === undefined ? {} : { eventTimes };
      if (after.rejections.length === 0) {
        return { batch: after.batch, origins, rejections: before.rejections, ...seen };
      }
      const failed = new Map<number, Rejection>();
      for (const { index, error } of after.rejections) {
        const origin = before.origins[index]!;
        if (!failed.has(origin)) failed.set(origin, { index: origin, error });
      }
      return {
        ...withoutOrigins(after.batch, origins, failed),
        rejections: [...before.rejections, ...failed.values()].sort((a, b) => a.index - b.index),
        ...seen,
      };
    },
  };
}

function withoutOrigins<Row>(
  batch: Batch<Row>,
  origins: Int32Array,
  failed: ReadonlyMap<number, unknown>,
): { batch: Batch<Row>; origins: Int32Array } {
  const kept = Int32Array.from(origins.keys()).filter((row) => !failed.has(origins[row]!));
  if (kept.length === batch.numRows) return { batch, origins };
  return { batch: batch.take(kept), origins: kept.map((row) => origins[row]!) };
}
