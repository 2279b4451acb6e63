import { Batch, type Decoder, recordOffset, type Schema, SluiceError } from "../core/mod.ts";

/**
 * A decoder that hands each row of another to a function and keeps what it returns: one row in, one
 * row out.
 */
export function mapRows<In, Out>(
  decoder: Decoder<In>,
  schema: Schema<Out>,
  change: (row: In) => Out,
): Decoder<Out> {
  return {
    schema,
    async decode(block, batch) {
      const decoded = new Batch(decoder.schema, block.count);
      const rejections = await decoder.decode(block, decoded);
      for (let row = 0; row < decoded.numRows; row++) {
        try {
          batch.append(change(decoded.row(row)));
        } catch (cause) {
          const first = recordOffset(block, 0);
          const last = recordOffset(block, block.count - 1);
          throw new SluiceError("MAP_FAILED", {
            attempted: "map a row",
            where: `${block.topic}-${block.partition}, row ${row} of offsets ${first} to ${last}`,
            found: cause instanceof Error ? cause.message : String(cause),
            wanted: "a row of the new schema",
            hint:
              "mend the function given to map; the query goes on from here when it is restarted",
            cause,
          });
        }
      }
      return rejections;
    },
  };
}
