/**
 * What happens to rows between decoder and sinks: operators without state, each a function from a
 * batch to a batch that also says which row came of which. The pipeline chains them and turns what
 * they reject into dead letters; this folder calls core, and SQL for `where` and `withColumn`.
 *
 *     map, flatMap, filter              a function of yours, row by row
 *     where, withColumn, select, drop   over columns: no row object is made
 *
 * @module
 */
export { chainOperators } from "./rows/chain_operators.ts";
export { filterRows } from "./rows/filter_rows.ts";
export { flatMapRows } from "./rows/flat_map_rows.ts";
export { mapRows } from "./rows/map_rows.ts";
export type { Operator, OperatorResult } from "./operator.ts";
export { dropColumns, selectColumns } from "./rows/select_columns.ts";
export type {
  BatchContext,
  OperatorRun,
  StatefulOperator,
  StatefulResult,
  StreamRows,
} from "./stateful_operator.ts";
export { whereRows } from "./rows/where_rows.ts";
export { type WithColumn, withColumn } from "./rows/with_column.ts";
