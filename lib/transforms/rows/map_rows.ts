import { Batch, errorText, type Schema, SluiceError } from "../../core/mod.ts";
import { allRows, type Operator } from "../operator.ts";

/**
 * Hands each row to a function and keeps what it returns: one row in, one row out.
 *
 * @throws {SluiceError} from `apply`, `MAP_FAILED` if the function throws or returns no row of the
 * schema: a row cannot be left out here, so that the query stops.
 */
export function mapRows<In, Out>(schema: Schema<Out>, change: (row: In) => Out): Operator<In, Out> {
  return {
    schema,
    apply(batch) {
      const mapped = new Batch(schema, batch.numRows);
      for (let row = 0; row < batch.numRows; row++) {
        try {
          mapped.append(change(batch.row(row)));
        } catch (cause) {
          throw new SluiceError("MAP_FAILED", {
            attempted: "map a row",
            where: `row ${row}`,
            found: errorText(cause),
            wanted: "a row of the new schema",
            hint:
              "mend the function given to map; the query goes on from here when it is restarted",
            cause,
          });
        }
      }
      return { batch: mapped, origins: allRows(batch), rejections: [] };
    },
  };
}
