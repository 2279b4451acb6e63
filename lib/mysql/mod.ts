/**
 * MySQL and MariaDB: a sink for batches. Pipelines call `mysql()`, the engine calls what it makes;
 * this folder calls the server through the `mysql2` driver, and core. The sink runs in one line:
 *
 *     batch -> multi-row insert -> table, or staging -> upsert by key | replace -> progress -> commit
 *
 *     values/  columns as SQL text
 *     sink/    a batch, its dead letters and its progress in one transaction, behind a fencing epoch
 *
 * @module
 */
export { mysql, type MysqlOptions } from "./sink/mysql_sink.ts";
