import { sizeOf } from "../commands/file_actions.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { SetTransaction } from "../protocol/actions.ts";
import type { Transaction } from "../transactions/transaction.ts";
import type { BatchChanges } from "./batch_changes.ts";

/** The commit of a batch: its files and its key, as Spark's sink writes them. */
export function batchTransaction(
  { outputMode, actions, reads, numOutputRows, metrics }: BatchChanges,
  { protocol, metadata }: TableLayout,
  { appId, version }: SetTransaction,
  txnId: string,
): Transaction {
  const added = actions.flatMap(({ add }) => add ?? []);
  const removed = actions.filter(({ remove }) => remove !== undefined);
  return {
    txnId,
    operation: "STREAMING UPDATE",
    operationParameters: { outputMode, queryId: appId, epochId: String(version) },
    operationMetrics: {
      numRemovedFiles: String(removed.length),
      numAddedFiles: String(added.length),
      numOutputRows: String(numOutputRows),
      numOutputBytes: String(sizeOf(added)),
      ...metrics,
    },
    newTable: { protocol, metaData: metadata },
    actions: [{ txn: { appId, version, lastUpdated: Date.now() } }, ...actions],
    reads,
  };
}
