/**
 * Delta Lake tables, by the protocol's own words. Pipelines call `delta`, which appends, merges or
 * replaces batches exactly once, and `deltaSnapshot` for a table to join with; everyone else calls
 * `DeltaTable`. This folder calls core for batches, parquet for
 * files and sql for conditions. It runs in two lines:
 *
 *     read:   log store -> log segment -> log replay -> snapshot -> candidate files -> batches
 *     write:  batches -> split by partition -> data files + statistics -> transaction -> checkpoint
 *
 *     protocol/      what a log says: actions, schema, features, properties
 *     log/           where it is kept: store, segment, replay, snapshot, checkpoints
 *     files/         what it names: data files, statistics, partition values, deletion vectors
 *     scan/          which of them to read: pruning, skipping, the change feed
 *     transactions/  one commit, and what came first: conflict rules, operations planned anew
 *     commands/      what people do: define, write, change, merge, maintain
 *     sink/          what pipelines do: a batch is one commit with its key
 *     source/        what pipelines read: versions as offsets, rows and changes as a stream
 *
 * A commit is one file of the log, `00000000000000000041.json`, put there if it is absent. What came
 * first is judged by `conflict_rules.ts`; what a table may ask of us is in `table_features.ts`.
 *
 * @module
 */
export { Batch, schema } from "../core/mod.ts";
export { sql } from "../sql/mod.ts";
export type { ColumnPosition } from "./protocol/edit_schema.ts";
export type { ColumnChange, NewColumn } from "./commands/define/alter_columns.ts";
export type { DropConstraintOptions } from "./commands/define/alter_constraints.ts";
export type { UnsetPropertiesOptions } from "./commands/define/alter_properties.ts";
export type { AlterResult } from "./commands/define/alter_table.ts";
export type { CheckpointResult } from "./commands/maintain/checkpoint_table.ts";
export type { CreateTableOptions } from "./commands/define/create_table.ts";
export type { DeleteOptions, DeleteResult } from "./commands/change/delete_rows.ts";
export type {
  ClauseOptions,
  InsertOptions,
  MergeBuilder,
  SetOptions,
} from "./commands/merge/merge.ts";
export type { MergeCounts } from "./commands/merge/merge_metrics.ts";
export type { MergeOptions, MergeResult } from "./commands/merge/merge_rows.ts";
export type { OptimizeOptions, OptimizeResult } from "./commands/maintain/optimize_table.ts";
export type { OverwriteOptions } from "./commands/write/overwrite.ts";
export type { RestoreOptions, RestoreResult } from "./commands/maintain/restore_table.ts";
export type { TableRow } from "./commands/write/object_batches.ts";
export type { ChangeCounts } from "./commands/change/row_changes.ts";
export type { RowSource } from "./commands/write/row_source.ts";
export type { UpdateOptions, UpdateResult } from "./commands/change/update_rows.ts";
export type {
  VacuumedFile,
  VacuumOptions,
  VacuumResult,
} from "./commands/maintain/vacuum_table.ts";
export type { WriteOptions, WriteResult } from "./commands/write/write_rows.ts";
export type { ChangeOptions } from "./scan/change_feed.ts";
export { deltaSnapshot, type DeltaSnapshotOptions } from "./scan/delta_snapshot.ts";
export type { ScanOptions } from "./scan/scan.ts";
export type { TableDetail } from "./scan/table_detail.ts";
export type { HistoryEntry, HistoryOptions } from "./log/table_history.ts";
export type {
  Action,
  AddFile,
  CdcFile,
  CommitInfo,
  DeletionVector,
  DomainMetadata,
  Metadata,
  PartitionValues,
  Protocol,
  RemoveFile,
  SetTransaction,
  Sidecar,
} from "./protocol/actions.ts";
export type { DeltaOptions } from "./sink/delta_options.ts";
export { delta } from "./sink/delta_sink.ts";
export { type ChangeFeedColumns, deltaSource } from "./source/delta_source.ts";
export type { DeltaSourceOptions } from "./source/source_options.ts";
export { DeltaTable } from "./delta_table.ts";
export { localLogStore } from "./log/local_log_store.ts";
export type { LogStore, PutOutcome } from "./log/log_store.ts";
export { memoryLogStore } from "./log/memory_log_store.ts";
export { type Commit, loadSnapshot, readCommit, Snapshot, updateSnapshot } from "./log/snapshot.ts";
export type { TimeTravel } from "./log/time_travel.ts";
export type {
  Conflict,
  ConflictKind,
  IsolationLevel,
  ReadSet,
} from "./transactions/conflict_rules.ts";
export type { NewTable } from "./transactions/next_commit.ts";
export {
  commitTransaction,
  type Transaction,
  type TransactionOutcome,
} from "./transactions/transaction.ts";
