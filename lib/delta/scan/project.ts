import { Batch, Schema } from "../../core/mod.ts";

/** The columns of these names, in the order that the batch has them. */
export function project(batch: Batch, names: readonly string[]): Batch {
  const fields = batch.schema.fields.filter(({ name }) => names.includes(name));
  if (fields.length === batch.schema.fields.length) return batch;
  return new Batch(new Schema(fields), 0, fields.map(({ name }) => batch.column(name)));
}
