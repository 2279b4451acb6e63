import { Batch, type Rejection, type Schema } from "../../core/mod.ts";
import type { Operator } from "../operator.ts";
import { rowError } from "./row_error.ts";

/**
 * Hands each row to a function and keeps what it returns: one row in, one row out. A row for which it
 * throws, or returns anything that is no row of the schema, is rejected.
 */
export function mapRows<In, Out>(schema: Schema<Out>, change: (row: In) => Out): Operator<In, Out> {
  return {
    schema,
    apply(batch) {
      const mapped = new Batch(schema, batch.numRows);
      const origins = new Int32Array(batch.numRows);
      const rejections: Rejection[] = [];
      for (let row = 0; row < batch.numRows; row++) {
        try {
          mapped.append(change(batch.row(row)));
          origins[mapped.numRows - 1] = row;
        } catch (cause) {
          rejections.push({ index: row, error: rowError("map a row", cause) });
        }
      }
      return { batch: mapped, origins: origins.subarray(0, mapped.numRows), rejections };
    },
  };
}
