import { type Rejection, type Schema, SluiceError } from "../../core/mod.ts";
import type { Operator } from "../operator.ts";
import { rowError } from "./row_error.ts";

/**
 * Keeps the rows for which a function returns true; a row for which it throws, or returns a promise,
 * is rejected.
 */
export function filterRows<Row>(
  schema: Schema<Row>,
  predicate: (row: Row) => boolean,
): Operator<Row, Row> {
  return {
    schema,
    passes: (column) => column,
    apply(batch) {
      const kept: number[] = [];
      const rejections: Rejection[] = [];
      for (let row = 0; row < batch.numRows; row++) {
        try {
          const isKept: unknown = predicate(batch.row(row));
          // A promise would be as good as true, whatever comes of it.
          if (isKept instanceof Promise) throw promised(isKept);
          if (isKept) kept.push(row);
        } catch (cause) {
          rejections.push({ index: row, error: rowError("filter a row", cause) });
        }
      }
      const origins = Int32Array.from(kept);
      return {
        batch: kept.length === batch.numRows ? batch : batch.take(origins),
        origins,
        rejections,
      };
    },
  };
}

function promised(promise: Promise<unknown>): SluiceError {
  promise.catch(() => {});
  return new SluiceError("BAD_VALUE", {
    attempted: "decide whether a row is kept",
    found: "a promise",
    wanted: "true or false",
    hint: "the function must not be async",
  });
}
