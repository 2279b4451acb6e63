/**
 * The Postgres sink: batches as binary COPY, in one transaction with their dead letters and their
 * progress, behind a fencing epoch. Pipelines call `postgres()`; the engine calls the sink; this
 * folder calls the server through the `postgres` driver, and core.
 *
 * @module
 */
export { encodeCopyBinary } from "./copy_binary.ts";
export { postgres, type PostgresOptions } from "./postgres_sink.ts";
export { createTableSql, type TableName } from "./table.ts";
export {
  type PostgresBatches,
  type PostgresBatchesOptions,
  readPostgresBatches,
} from "./read_batches.ts";
