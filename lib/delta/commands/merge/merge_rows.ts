import { refuseUnknownOptions, Schema } from "../../../core/mod.ts";
import { tableLayout } from "../../files/table_layout.ts";
import type { Action, AddFile } from "../../protocol/actions.ts";
import { isSameName } from "../../protocol/column_path.ts";
import { refuseRemoval } from "../../protocol/table_features.ts";
import type { TableState } from "../../table_state.ts";
import { isAtLeast } from "../../transactions/conflict_rules.ts";
import { type Planned, runOperation } from "../../transactions/run_operation.ts";
import { changedTable } from "../define/changed_table.ts";
import { mergeChanges } from "./merge_changes.ts";
import { badMerge, bindClauses, type MergeCase, type MergeClause } from "./merge_clauses.ts";
import { mergeCondition } from "./merge_condition.ts";
import type { Merge } from "./merge_files.ts";
import { MergeCounter, type MergeCounts } from "./merge_metrics.ts";
import { MergeScope } from "./merge_scope.ts";
import { type MergeSource, mergeSource } from "./merge_source.ts";
import { textMetrics } from "../operation_metrics.ts";
import { NO_CHANGES } from "../change/row_changes.ts";
import type { RowSource } from "../write/row_source.ts";
import { mergedColumns, txnActions, type WriteOptions } from "../write/write_rows.ts";

/** How the rows of a source belong to those of a table. */
export interface MergeOptions extends WriteOptions {
  /** The condition in SQL for a row of the source to match one of the table. */
  readonly on: string;
  /** What the table is called in expressions; `target` by default. */
  readonly targetAlias?: string;
  /** What the source is called in expressions; `source` by default. */
  readonly sourceAlias?: string;
}

/** A whole merge. */
export interface MergePlan extends MergeOptions {
  /** The rows to merge into the table. */
  readonly source: RowSource;
  /** What to do with rows; for each kind of rows the first that takes a row counts. */
  readonly clauses: readonly MergeClause[];
}

/** What a merge did; the counts have Spark's names. */
export interface MergeResult extends MergeCounts {
  /** The version that it made; `undefined` if there was nothing to change. */
  readonly version: number | undefined;
  /** True if the table had the `txn` already, or a later one: nothing was done again. */
  readonly skipped: boolean;
}

/** A merge for the table as it is. */
interface PreparedMerge extends Merge {
  /** Adds the columns that the table is to have. */
  readonly tableActions: readonly Action[];
}

const ATTEMPTED = "merge into a Delta table";
const OPTIONS = ["on", "targetAlias", "sourceAlias", "mergeSchema", "txn", "userMetadata"];

/**
 * Merges rows into a table; `merge` is the same with a method for each clause, and explains it.
 *
 * @throws {SluiceError} As `MergeBuilder.execute`.
 */
export async function mergeRows(state: TableState, plan: MergePlan): Promise<MergeResult> {
  refuseUnknownOptions(ATTEMPTED, plan, ["source", "clauses", ...OPTIONS]);
  const { clauses, txn } = plan;
  if (clauses.length === 0) throw badMerge("no clause", "one or more");
  let source: MergeSource | undefined;
  return await runOperation<MergeResult>(state, async (snapshot) => {
    source ??= await mergeSource(plan.source, snapshot.schema);
    if (txn !== undefined && isAtLeast(snapshot.txn(txn.appId), txn)) {
      const counts = new MergeCounter(source.batch.numRows).counts(NO_CHANGES);
      return { nothingToDo: { version: undefined, skipped: true, ...counts } };
    }
    if (clauses.some(({ action }) => action !== "insert")) {
      refuseRemoval(snapshot.metadata, ATTEMPTED, state.path);
    }
    return await planMerge(prepared(state, source, plan), snapshot.files(), plan);
  });
}

/** Settles names and types for the table as it is. */
function prepared(
  state: TableState,
  { batch: source, hasColumns }: MergeSource,
  plan: MergePlan,
): PreparedMerge {
  const { on, targetAlias = "target", sourceAlias = "source", mergeSchema = false } = plan;
  const { layout, tableActions } = mergeSchema && hasColumns
    ? widened(state, newColumns(plan.clauses, source.schema))
    : { layout: state.layout(), tableActions: [] };
  const scope = new MergeScope(targetAlias, layout.schema, sourceAlias, source.schema);
  // Without rows of which the columns are known, there is nothing that the others could be about.
  const clauses = plan.clauses.filter(({ when }) => hasColumns || when === "notMatchedBySource");
  const { generatedColumns } = layout.constraints;
  return {
    layout,
    tableActions,
    source,
    scope,
    condition: mergeCondition(hasColumns ? on : "false", scope),
    clauses: bindClauses(
      clauses,
      scope,
      ({ name }) => mergeSchema || generatedColumns.includes(name),
    ),
  };
}

/** The table with more columns. */
function widened(
  { snapshot, path }: TableState,
  columns: Schema | undefined,
): Pick<PreparedMerge, "layout" | "tableActions"> {
  const change = mergedColumns(ATTEMPTED, snapshot, columns, { mergeSchema: true });
  const { protocol, metadata, actions } = changedTable(snapshot, change);
  return { layout: tableLayout(path, protocol, metadata), tableActions: actions };
}

/** The columns of the source that the table is to have too, if it may change. */
function newColumns(clauses: readonly MergeClause[], source: Schema): Schema | undefined {
  const fields = source.fields.filter(({ name }) =>
    clauses.some(({ set }) =>
      set === "all" || Object.keys(set).some((column) => isSameName(column, name))
    )
  );
  return fields.length === 0 ? undefined : new Schema(fields);
}

async function planMerge(
  merge: PreparedMerge,
  files: Iterable<AddFile>,
  { on, clauses, txn, userMetadata }: MergePlan,
): Promise<Planned<MergeResult>> {
  const { actions, reads, counts, discard } = await mergeChanges(merge, files);
  const all = [...merge.tableActions, ...txnActions(txn), ...actions];
  const result = (version: number | undefined) => ({ version, skipped: false, ...counts });
  if (all.length === 0) return { nothingToDo: result(undefined) };
  return {
    transaction: {
      operation: "MERGE",
      operationParameters: {
        predicate: JSON.stringify([on]),
        matchedPredicates: clauseTexts(clauses, "matched"),
        notMatchedPredicates: clauseTexts(clauses, "notMatched"),
        notMatchedBySourcePredicates: clauseTexts(clauses, "notMatchedBySource"),
      },
      operationMetrics: textMetrics(counts),
      ...(userMetadata === undefined ? {} : { userMetadata }),
      actions: all,
      reads,
    },
    result,
    discard,
  };
}

/** The clauses of a case, as Spark writes them into the log. */
function clauseTexts(clauses: readonly MergeClause[], wanted: MergeCase): string {
  return JSON.stringify(
    clauses.filter(({ when }) => when === wanted).map(({ action, condition }) => ({
      ...(condition === undefined ? {} : { predicate: condition }),
      actionType: action,
    })),
  );
}
