import { Batch, type Rejection, type Schema } from "../../core/mod.ts";
import type { Operator } from "../operator.ts";
import { rowError } from "./row_error.ts";

/**
 * Hands each row to a function and keeps all that it returns, in order: one row in, any number out.
 * A row for which it throws, or returns anything that is no row of the schema, is rejected, and
 * nothing is kept of it.
 */
export function flatMapRows<In, Out>(
  schema: Schema<Out>,
  change: (row: In) => readonly Out[],
): Operator<In, Out> {
  return {
    schema,
    apply(batch) {
      const made = new Batch(schema, batch.numRows);
      const origins: number[] = [];
      const rejections: Rejection[] = [];
      for (let row = 0; row < batch.numRows; row++) {
        const start = made.numRows;
        try {
          for (const out of change(batch.row(row))) made.append(out);
        } catch (cause) {
          made.truncate(start);
          rejections.push({ index: row, error: rowError("make rows of a row", cause) });
        }
        for (let i = start; i < made.numRows; i++) origins.push(row);
      }
      return { batch: made, origins: Int32Array.from(origins), rejections };
    },
  };
}
