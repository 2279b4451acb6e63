import type { Rejection, Schema } from "../../core/mod.ts";
import type { Operator } from "../operator.ts";
import { rowError } from "./row_error.ts";

/** Keeps the rows for which a function returns true; a row for which it throws is rejected. */
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
          if (predicate(batch.row(row))) kept.push(row);
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
