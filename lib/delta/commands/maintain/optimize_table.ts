import {
  badOption,
  Batch,
  createColumn,
  failpoint,
  refuseUnknownOptions,
  Schema,
} from "../../../core/mod.ts";
import { bindPredicate } from "../../../sql/mod.ts";
import { parsePartitionValue } from "../../protocol/partition_values.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";
import type { TableState } from "../../table_state.ts";
import { type Planned, runOperation } from "../../transactions/run_operation.ts";
import { removeAction, sizeOf } from "../file_actions.ts";
import { fileBins, isHollow } from "./file_bins.ts";
import { FileRewriter } from "./file_rewriter.ts";
import { textMetrics } from "../operation_metrics.ts";
import { isZOrderType, MAX_Z_ORDER_COLUMNS } from "./z_order.ts";

const ATTEMPTED = "optimize a Delta table";
/** The tag of files that an optimize made: what it was told, so that it is not done twice. */
const TAG = "sluice.optimize";

/** What to optimize, and for what. */
export interface OptimizeOptions {
  /** A condition in SQL on the partition columns; absent: all partitions. */
  readonly where?: string;
  /** About how many bytes a file is to have; by default `delta.targetFileSize`, or 128 MiB. */
  readonly targetFileBytes?: number;
  /** Columns that rows are looked for by; absent: rows keep their order within their files. */
  readonly zOrderBy?: readonly string[];
}

/** What an optimize did; the counts have Spark's names. */
export interface OptimizeResult {
  /** The version that it made; `undefined` if there was nothing to do. */
  readonly version: number | undefined;
  /** How many files were written. */
  readonly numAddedFiles: number;
  /** How many files they replace. */
  readonly numRemovedFiles: number;
  /** Of the files written. */
  readonly numAddedBytes: number;
  /** Of the files replaced. */
  readonly numRemovedBytes: number;
  /** How many of those had deleted rows, which are left out now. */
  readonly numDeletionVectorsRemoved: number;
  /** In how many partitions. */
  readonly partitionsOptimized: number;
}

/**
 * Writes the rows of a table into fewer, larger files, partition by partition: small files become one,
 * and deleted rows are left out. With `zOrderBy` all files of a partition are written anew, with rows
 * together that are close in those columns, so that a search by any of them opens few files; the
 * order is kept within 256 MiB of memory at a time.
 *
 * The rows stay the same, and readers of the change data feed and of streams see nothing of it.
 * Appends may go on meanwhile. A second optimize with the same options does nothing.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { appendRows } from "../write/append.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { optimizeTable } from "./optimize_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * for (const id of [1n, 2n, 3n]) await appendRows(table, [{ id }]);
 * const result = await optimizeTable(table);
 * equal(result.numRemovedFiles, 3);
 * equal(result.numAddedFiles, 1);
 * equal((await optimizeTable(table)).version, undefined);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_OPTION`; `BAD_EXPRESSION`; `CONCURRENT_WRITES`, and
 * what reading and writing files throws. Nothing is left of it then.
 */
export async function optimizeTable(
  state: TableState,
  options: OptimizeOptions = {},
): Promise<OptimizeResult> {
  refuseUnknownOptions(ATTEMPTED, options, ["where", "targetFileBytes", "zOrderBy"]);
  const { targetFileBytes } = options;
  if (targetFileBytes !== undefined && !(targetFileBytes > 0)) {
    throw badOption(ATTEMPTED, "targetFileBytes", String(targetFileBytes), "a number above 0");
  }
  return await runOperation(state, async (snapshot) => {
    const layout = state.layout();
    refuseBadOrder(layout, options.zOrderBy);
    const partitions = [...partitionsOf(layout, snapshot.files(), options.where)];
    return await planOptimize(layout, partitions, options);
  });
}

async function planOptimize(
  layout: TableLayout,
  partitions: readonly AddFile[][],
  { where, targetFileBytes = layout.targetFileBytes, zOrderBy = [] }: OptimizeOptions,
): Promise<Planned<OptimizeResult>> {
  const done = JSON.stringify({ targetFileBytes, zOrderBy });
  const isDone = ({ tags }: AddFile) => tags?.[TAG] === done;
  const rewriter = new FileRewriter(layout, { targetFileBytes, tags: { [TAG]: done } });
  let partitionsOptimized = 0;
  try {
    for (const files of partitions) {
      const before = rewriter.removed.length;
      if (zOrderBy.length > 0) {
        const isOrdered = files.every((file) => isDone(file) && !isHollow(file));
        if (!isOrdered) await rewriter.rewriteInOrder(files, zOrderBy);
      } else {
        for (const bin of fileBins(files, { targetFileBytes, isDone })) await rewriter.rewrite(bin);
      }
      if (rewriter.removed.length > before) partitionsOptimized++;
    }
  } catch (error) {
    await rewriter.discard();
    throw error;
  }
  const { added, removed } = rewriter;
  const counts = {
    numAddedFiles: added.length,
    numRemovedFiles: removed.length,
    numAddedBytes: sizeOf(added),
    numRemovedBytes: sizeOf(removed),
    numDeletionVectorsRemoved: removed.filter(({ deletionVector }) => deletionVector).length,
  };
  const result = (version: number | undefined) => ({ version, ...counts, partitionsOptimized });
  if (removed.length === 0) return { nothingToDo: result(undefined) };
  await failpoint("delta:optimized");
  const nowMs = Date.now();
  return {
    transaction: {
      operation: "OPTIMIZE",
      operationParameters: {
        predicate: JSON.stringify(where === undefined ? [] : [where]),
        zOrderBy: JSON.stringify(zOrderBy),
        auto: false,
      },
      operationMetrics: textMetrics(counts),
      actions: [
        ...removed.map((file) => removeAction(file, nowMs, false)),
        ...added.map((add) => ({ add })),
      ],
      reads: {
        kind: "files",
        paths: new Set(removed.map(({ path }) => path)),
        wouldRead: () => false,
      },
      isolation: "SnapshotIsolation",
    },
    result,
    discard: () => rewriter.discard(),
  };
}

/** The files of each partition for which the condition is true. */
function* partitionsOf(
  layout: TableLayout,
  files: Iterable<AddFile>,
  where: string | undefined,
): Generator<AddFile[]> {
  const isWanted = partitionFilter(layout, where);
  const fields = layout.schema.fields.filter(({ name }) => layout.partitionColumns.includes(name));
  const valuesOf = ({ partitionValues }: AddFile) =>
    JSON.stringify(
      fields.map((field) => partitionValues[layout.mapping.physicalName(field)] || null),
    );
  for (const partition of Map.groupBy(files, valuesOf).values()) {
    if (isWanted(partition[0]!)) yield partition;
  }
}

/** Tests the partition that a file is of. */
function partitionFilter(
  { schema, partitionColumns, mapping }: TableLayout,
  where: string | undefined,
): (file: AddFile) => boolean {
  if (where === undefined) return () => true;
  const fields = schema.fields.filter(({ name }) => partitionColumns.includes(name));
  const other = bindPredicate(where, schema).columns
    .map(({ path: [name] }) => name)
    .find((name) => !fields.some((field) => field.name === name));
  if (fields.length === 0 || other !== undefined) {
    throw badOption(
      ATTEMPTED,
      "where",
      other === undefined ? "a table without partitions" : `column "${other}"`,
      fields.length === 0
        ? "none: files are not kept apart by any column"
        : `partition columns only: ${partitionColumns.join(", ")}`,
    );
  }
  const partitionSchema = new Schema(fields);
  const predicate = bindPredicate(where, partitionSchema);
  return ({ partitionValues }) => {
    const columns = fields.map((field) => {
      const column = createColumn(field.type, 1);
      column.append(parsePartitionValue(field.type, partitionValues[mapping.physicalName(field)]));
      return column;
    });
    return predicate.select(new Batch(partitionSchema, 0, columns)).length > 0;
  };
}

function refuseBadOrder(layout: TableLayout, zOrderBy: readonly string[] | undefined): void {
  if (zOrderBy === undefined) return;
  if (zOrderBy.length === 0 || zOrderBy.length > MAX_Z_ORDER_COLUMNS) {
    throw badOrder(`${zOrderBy.length} columns`, `1 to ${MAX_Z_ORDER_COLUMNS}`);
  }
  for (const name of zOrderBy) {
    const field = layout.schema.fields.find((field) => field.name === name);
    if (field === undefined) {
      const names = layout.schema.fields.map((field) => field.name);
      throw badOrder(`"${name}", no such column`, `one of ${names.join(", ")}`);
    }
    if (layout.partitionColumns.includes(name)) {
      throw badOrder(`"${name}", a partition column`, "columns that files have");
    }
    if (!isZOrderType(field.type)) {
      throw badOrder(`"${name}" of a type without an order`, "numbers, texts, dates or times");
    }
    if (!layout.indexed.has(field)) {
      const hint = "as delta.dataSkippingStatsColumns or delta.dataSkippingNumIndexedCols ask for";
      throw badOrder(`"${name}", without statistics`, `columns with statistics, ${hint}`);
    }
  }
}

function badOrder(found: string, wanted: string) {
  return badOption(ATTEMPTED, "zOrderBy", found, wanted);
}
