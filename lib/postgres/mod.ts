/**
 * Postgres: a sink for batches, and tables for streams to be joined with. Pipelines call `postgres()`
 * and `postgresTable()`, the engine calls what they make; this folder calls the server through the
 * `postgres` driver, and core. The sink runs in one line:
 *
 *     batch -> binary COPY -> table, or staging -> insert | upsert by key | replace -> progress -> commit
 *
 *     copy/  columns as the bytes of a binary COPY
 *     sink/  a batch, its dead letters and its progress in one transaction, behind a fencing epoch
 *     read/  rows of one moment, and what a query has brought into a database
 *
 * @module
 */
export { encodeCopyBinary } from "./copy/copy_binary.ts";
export { postgres, type PostgresOptions } from "./sink/postgres_sink.ts";
export { postgresTable, type PostgresTableOptions } from "./read/postgres_table.ts";
export { createTableSql, type TableName } from "./table.ts";
export {
  type PostgresBatches,
  type PostgresBatchesOptions,
  readPostgresBatches,
} from "./read/read_batches.ts";
