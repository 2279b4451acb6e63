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
export type {
  Action,
  AddFile,
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
export { DeltaTable, type HistoryEntry } from "./delta_table.ts";
export { localLogStore } from "./log/local_log_store.ts";
export type { LogStore, PutOutcome } from "./log/log_store.ts";
export { memoryLogStore } from "./log/memory_log_store.ts";
export { type Commit, loadSnapshot, Snapshot, updateSnapshot } from "./log/snapshot.ts";
export type { TimeTravel } from "./log/time_travel.ts";
export {
  type AppendTransaction,
  commitAppend,
  type TransactionOutcome,
} from "./transactions/transaction.ts";
