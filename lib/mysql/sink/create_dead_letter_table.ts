import { createTableSql, type TableName } from "../table.ts";

/**
 * The `create table if not exists` of the dead-letter table. It has no unique key: a stalled run
 * that has written the same dead letters would keep its successor waiting on it.
 */
export function createDeadLetterTableSql(table: TableName): string {
  return createTableSql(table, [
    "query_id varchar(255) not null",
    "sink varchar(255) not null",
    "batch_id bigint not null",
    "topic varchar(255) not null",
    "`partition` int not null",
    "`offset` bigint not null",
    "`timestamp` datetime(6)",
    "`key` longblob",
    "`value` longblob",
    "headers json not null",
    "error longtext not null",
    "dead_at datetime(6) not null default current_timestamp(6)",
  ]);
}
