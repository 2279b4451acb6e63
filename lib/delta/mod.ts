/**
 * Delta Lake tables, by the protocol's own words. Pipelines call `delta`, which appends batches
 * exactly once; tests and notebooks call `DeltaTable`. This folder calls core for batches and
 * parquet for files. It runs in two lines:
 *
 *     write:  batch -> split by partition -> data files + statistics -> transaction -> checkpoint
 *     read:   log store -> log segment -> log replay -> snapshot -> data files -> batches
 *
 * A commit is one file of the log, `00000000000000000041.json`, put there if it is absent. What came
 * first is judged by `conflict_rules.ts`; what a table may ask of us is in `table_features.ts`.
 *
 * @module
 */
export { Batch, schema } from "../core/mod.ts";
export { sql } from "../sql/mod.ts";
export type { ColumnPosition } from "./protocol/edit_schema.ts";
export type { ColumnChange, NewColumn } from "./commands/alter_columns.ts";
export type { DropConstraintOptions } from "./commands/alter_constraints.ts";
export type { UnsetPropertiesOptions } from "./commands/alter_properties.ts";
export type { AlterResult } from "./commands/alter_table.ts";
export type { CheckpointResult } from "./commands/checkpoint_table.ts";
export type { CreateTableOptions } from "./commands/create_table.ts";
export type { DeleteOptions, DeleteResult } from "./commands/delete_rows.ts";
export type { ClauseOptions, InsertOptions, MergeBuilder, SetOptions } from "./commands/merge.ts";
export type { MergeCounts } from "./commands/merge_metrics.ts";
export type { MergeOptions, MergeResult } from "./commands/merge_rows.ts";
export type { OptimizeOptions, OptimizeResult } from "./commands/optimize_table.ts";
export type { OverwriteOptions } from "./commands/overwrite.ts";
export type { RestoreOptions, RestoreResult } from "./commands/restore_table.ts";
export type { TableRow } from "./commands/object_batches.ts";
export type { ChangeCounts } from "./commands/row_changes.ts";
export type { RowSource } from "./commands/row_source.ts";
export type { UpdateOptions, UpdateResult } from "./commands/update_rows.ts";
export type { VacuumedFile, VacuumOptions, VacuumResult } from "./commands/vacuum_table.ts";
export type { WriteOptions, WriteResult } from "./commands/write_rows.ts";
export type { ChangeOptions } from "./scan/change_feed.ts";
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
export { DeltaTable } from "./delta_table.ts";
export { localLogStore } from "./log/local_log_store.ts";
export type { LogStore, PutOutcome } from "./log/log_store.ts";
export { memoryLogStore } from "./log/memory_log_store.ts";
export { type Commit, loadSnapshot, Snapshot, updateSnapshot } from "./log/snapshot.ts";
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
