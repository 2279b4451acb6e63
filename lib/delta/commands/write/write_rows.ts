import type { Schema } from "../../../core/mod.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import type { Action, SetTransaction } from "../../protocol/actions.ts";
import { evolutionRules, mergedFields } from "../../protocol/merge_schema.ts";
import { fieldsOf, parseFields } from "../../protocol/schema_json.ts";
import { isTrue } from "../../protocol/table_properties.ts";
import type { TableState } from "../../table_state.ts";
import { isAtLeast, type ReadSet } from "../../transactions/conflict_rules.ts";
import { runOperation } from "../../transactions/run_operation.ts";
import type { TableChange } from "../define/changed_table.ts";
import { sizeOf } from "../file_actions.ts";
import { textMetrics } from "../operation_metrics.ts";
import { RowReader, type RowSource } from "./row_source.ts";
import { type Staged, StagedRows, type Staging } from "./staged_rows.ts";

/** What a write did; the counts have Spark's names. */
export interface WriteResult {
  /** The version that it made; `undefined` if there was nothing to commit. */
  readonly version: number | undefined;
  /** True if the table had the `txn` already, or a later one: nothing was written again. */
  readonly skipped: boolean;
  /** New data files. */
  readonly numFiles: number;
  /** Rows in them. */
  readonly numOutputRows: number;
  /** Bytes in them. */
  readonly numOutputBytes: number;
  /** Data files that went. */
  readonly numRemovedFiles: number;
  /** Bytes in them. */
  readonly numRemovedBytes: number;
}

/** Options of every write. */
export interface WriteOptions {
  /**
   * Who writes, and how far they are with it: a write that the table has already is skipped, so that
   * it can be repeated when nobody knows whether it succeeded.
   */
  readonly txn?: { readonly appId: string; readonly version: number };
  /**
   * True: columns of the first batch that the table lacks are added to it, and types widened if the
   * table allows it.
   */
  readonly mergeSchema?: boolean;
  /** A note for the table's history. */
  readonly userMetadata?: string;
}

/** What goes along with the rows in a commit. */
export interface Replacement {
  /** Removed files, and what else was written. */
  readonly actions: readonly Action[];
  readonly reads: ReadSet;
  /** Removes files that were written for it. */
  readonly discard?: () => Promise<void>;
}

/** One way to write rows. */
export interface WriteMode {
  /** Spark's name: `Append` or `Overwrite`. */
  readonly name: string;
  /** What else it was told, as Spark notes it. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What the rows make of the table. */
  readonly change: (snapshot: Snapshot, rows: Schema | undefined) => TableChange;
  /** See `Staging`. */
  readonly check?: Staging["check"];
  /** True if no rows are nothing to do. */
  readonly needsRows: boolean;
  /** What the rows replace. */
  readonly replace: (snapshot: Snapshot, staged: Staged) => Promise<Replacement> | Replacement;
}

const NOTHING: WriteResult = {
  version: undefined,
  skipped: false,
  numFiles: 0,
  numOutputRows: 0,
  numOutputBytes: 0,
  numRemovedFiles: 0,
  numRemovedBytes: 0,
};

/** Writes rows in one commit; if that fails, none of their files is left. */
export async function writeRows(
  state: TableState,
  rows: RowSource,
  mode: WriteMode,
  { txn, userMetadata }: WriteOptions,
): Promise<WriteResult> {
  const reader = await RowReader.open(rows);
  const staged = new StagedRows(state.path, reader, {
    change: (snapshot) => mode.change(snapshot, reader.schema),
    ...(mode.check === undefined ? {} : { check: mode.check }),
  });
  let isWanted = false;
  try {
    return await runOperation<WriteResult>(state, async (snapshot) => {
      isWanted = false;
      if (txn !== undefined && isAtLeast(snapshot.txn(txn.appId), txn)) {
        return { nothingToDo: { ...NOTHING, skipped: true } };
      }
      if (reader.isEmpty && mode.needsRows && txn === undefined) return { nothingToDo: NOTHING };
      const rows = await staged.stage(snapshot);
      const { actions, reads, discard } = await mode.replace(snapshot, rows);
      const all = [
        ...rows.table.actions,
        ...txnActions(txn),
        ...actions,
        ...rows.files.map((add) => ({ add })),
      ];
      if (all.length === 0) return { nothingToDo: NOTHING };
      const counts = countsOf(rows, actions);
      isWanted = true;
      return {
        transaction: {
          operation: "WRITE",
          operationParameters: {
            mode: mode.name,
            partitionBy: JSON.stringify(rows.layout.partitionColumns),
            ...mode.parameters,
          },
          operationMetrics: textMetrics(counts),
          ...(userMetadata === undefined ? {} : { userMetadata }),
          actions: all,
          reads,
        },
        result: (version) => ({ version, skipped: false, ...counts }),
        async discard() {
          isWanted = false;
          await discard?.();
        },
      };
    });
  } finally {
    if (!isWanted) await staged.discard();
    await reader.close();
  }
}

/** The table's columns with those of the rows, if `mergeSchema` is set. */
export function mergedColumns(
  attempted: string,
  { metadata, location }: Snapshot,
  rows: Schema | undefined,
  { mergeSchema = false }: WriteOptions,
): TableChange {
  if (!mergeSchema || rows === undefined) return {};
  const isWideningOn = isTrue(metadata.configuration, "delta.enableTypeWidening");
  const fields = mergedFields(
    parseFields(metadata.schemaString, location),
    fieldsOf(rows.fields),
    evolutionRules(attempted, isWideningOn),
  );
  return { fields };
}

/** Says how far the writer is with this commit. */
export function txnActions(txn: WriteOptions["txn"]): Action[] {
  if (txn === undefined) return [];
  const action: SetTransaction = { ...txn, lastUpdated: Date.now() };
  return [{ txn: action }];
}

function countsOf(rows: Staged, actions: readonly Action[]) {
  const added = [...rows.files, ...actions.flatMap(({ add }) => add ?? [])];
  const removed = actions.flatMap(({ remove }) => remove ?? []);
  return {
    numFiles: added.length,
    numOutputRows: rows.numRows,
    numOutputBytes: sizeOf(added),
    numRemovedFiles: removed.length,
    numRemovedBytes: sizeOf(removed),
  };
}
