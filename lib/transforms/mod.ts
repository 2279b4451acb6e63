/**
 * What happens to rows between decoder and sinks. Operators without state are functions from a batch
 * to a batch that also says which row came of which: the pipeline chains them and turns what they
 * reject into dead letters. Operators with state remember what came in earlier batches, in tables of
 * state, and know the watermark; the streaming engine opens them and commits what they wrote. This
 * folder calls core, state, and SQL for conditions and calculated columns.
 *
 *     map, flatMap, filter                      a function of yours, row by row
 *     where, withColumn, select, drop, rename   over columns: no row object is made
 *     withWatermark                             notes event times, and lets rows pass
 *     groupBy and agg, windows                  a row for each group, out of all its rows
 *     dropDuplicates, latestByKey               one row for each key
 *     flatMapGroupsWithState                    a function of yours, with a state for each group
 *     join, joinStatic                          rows of two streams, or of a stream and a table
 *
 * @module
 */
export {
  type AggregatedRow,
  type AggregateRow,
  type AggregateValue,
  type GroupKey,
  type KeyRow,
  type MeanOf,
  type SumOf,
} from "./aggregate/aggregate_row.ts";
export { aggregateRows } from "./aggregate/aggregate_rows.ts";
export {
  type AggregateFunction,
  type Aggregates,
  type AggregateSpec,
  avg,
  collectList,
  collectSet,
  count,
  countDistinct,
  first,
  last,
  max,
  min,
  sum,
} from "./aggregate/aggregate_spec.ts";
export {
  type AppliedRow,
  applyChanges,
  type ApplyChangesOptions,
  type ToldOfChange,
} from "./keyed/apply_changes.ts";
export { chainOperators } from "./rows/chain_operators.ts";
export { dropDuplicates, dropDuplicatesWithinWatermark } from "./keyed/drop_duplicates.ts";
export { eventTimeOf, type EventTimeOperator } from "./rows/event_time.ts";
export { filterRows } from "./rows/filter_rows.ts";
export {
  flatMapGroupsWithState,
  type GroupFunction,
  type GroupStateOptions,
} from "./keyed/flat_map_groups_with_state.ts";
export { flatMapRows } from "./rows/flat_map_rows.ts";
export type { GroupState, GroupStateTimeout } from "./keyed/group_state.ts";
export type { JoinedRow, JoinKey, JoinType, SharedName, SharedValue } from "./join/joined_row.ts";
export { joinStatic, type JoinStaticOptions } from "./join/join_static.ts";
export { type JoinOptions, joinStreams, type JoinWithin } from "./join/join_streams.ts";
export { latestByKey, type LatestByKeyOptions } from "./keyed/latest_by_key.ts";
export { mapRows } from "./rows/map_rows.ts";
export {
  type EventTimeStats,
  mergeEventTimes,
  type Operator,
  type OperatorResult,
} from "./operator.ts";
export { renameColumn, type Renamed } from "./rows/rename_column.ts";
export { dropColumns, selectColumns } from "./rows/select_columns.ts";
export type {
  BatchContext,
  KeptTable,
  OperatorRun,
  StatefulOperator,
  StatefulResult,
  StreamRows,
} from "./stateful_operator.ts";
export { whereRows } from "./rows/where_rows.ts";
export { sessionWindow, SessionWindowSpec } from "./windows/session_window_spec.ts";
export { type TimeColumn, window, type WindowRow, WindowSpec } from "./windows/window_spec.ts";
export { type WithColumn, withColumn } from "./rows/with_column.ts";
