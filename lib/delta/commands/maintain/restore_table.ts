import { refuseUnknownOptions, SluiceError } from "../../../core/mod.ts";
import { fileInTable } from "../../files/file_in_table.ts";
import { vectorPath } from "../../files/deletion_vector.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import type { TimeTravel } from "../../log/time_travel.ts";
import { MAX_COLUMN_ID } from "../../protocol/assign_column_ids.ts";
import type { Action, AddFile, Metadata } from "../../protocol/actions.ts";
import { withStorageErrors } from "../../protocol/delta_error.ts";
import { impliedFeatures } from "../../protocol/feature_list.ts";
import { upgradedProtocol } from "../../protocol/new_protocol.ts";
import { isTrue } from "../../protocol/table_properties.ts";
import { snapshotAt, type TableState } from "../../table_state.ts";
import { type Planned, runOperation } from "../../transactions/run_operation.ts";
import { clusteringOf } from "../clustering.ts";
import { removeAction, sizeOf } from "../file_actions.ts";
import { textMetrics } from "../operation_metrics.ts";

/** Where in-commit timestamps begin, in a table that did not have them from its first version on. */
const TIMESTAMPS_SINCE = [
  "delta.inCommitTimestampEnablementVersion",
  "delta.inCommitTimestampEnablementTimestamp",
];
/** How many missing files an error names. */
const NAMED_FILES = 10;

/** How to go back. */
export interface RestoreOptions {
  /** True: files that are not there any more are left out, and the rows in them lost. */
  readonly ignoreMissingFiles?: boolean;
}

/** What a restore did; the counts have Spark's names. */
export interface RestoreResult {
  /** The version that it made; `undefined` if the table was so already. */
  readonly version: number | undefined;
  /** In bytes. */
  readonly tableSizeAfterRestore: number;
  /** How many files the table has now. */
  readonly numOfFilesAfterRestore: number;
  /** How many files left the table. */
  readonly numRemovedFiles: number;
  /** How many files came back. */
  readonly numRestoredFiles: number;
  /** In bytes. */
  readonly removedFilesSize: number;
  /** In bytes. */
  readonly restoredFilesSize: number;
}

/**
 * Makes a table what it was at a version: its files, columns, properties and clustering. That is a
 * new version, so that nothing is lost and it can be taken back. No data is copied.
 *
 * Some things are never turned back: what clients must understand (the protocol); ids that columns
 * and rows were given; and `txn`, how far applications have come. A query that wrote after the
 * version restored does not write those batches again; to load them anew, start one from an empty
 * checkpointLocation.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { TableState } from "../../table_state.ts";
 * import { appendRows } from "../write/append.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { restoreTable } from "./restore_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await appendRows(table, [{ id: 1n }]);
 * const { version, numRemovedFiles } = await restoreTable(table, { version: 0 });
 * deepEqual({ version, numRemovedFiles }, { version: 2, numRemovedFiles: 1 });
 * equal((await TableState.open(path)).snapshot.numFiles, 0);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`; `VERSION_NOT_FOUND`; `MISSING_FILES` if a vacuum removed
 * what the version needs; `APPEND_ONLY`; `CONCURRENT_WRITES`.
 */
export async function restoreTable(
  state: TableState,
  to: TimeTravel,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  refuseUnknownOptions("restore a Delta table", options, ["ignoreMissingFiles"]);
  const target = await withStorageErrors(
    "read the version to restore",
    state.path,
    () => snapshotAt(state.store, to),
  );
  if (target === undefined) {
    throw new SluiceError("TABLE_NOT_FOUND", {
      attempted: "restore a Delta table",
      where: state.path,
      found: "no _delta_log with a commit",
    });
  }
  const { ignoreMissingFiles = false } = options;
  return await runOperation(state, async (snapshot) => {
    const missing = await missingFiles(state.path, snapshot, target);
    if (missing.size > 0 && !ignoreMissingFiles) throw filesMissing(state.path, target, missing);
    return planRestore(snapshot, target, to, missing);
  });
}

function planRestore(
  current: Snapshot,
  target: Snapshot,
  to: TimeTravel,
  missing: ReadonlySet<AddFile>,
): Planned<RestoreResult> {
  const before = byKey(current.files());
  const after = byKey([...target.files()].filter((file) => !missing.has(file)));
  const removed = [...before].filter(([key]) => !after.has(key)).map(([, file]) => file);
  const restored = [...after].filter(([key]) => !before.has(key)).map(([, file]) => file);
  const counts = {
    tableSizeAfterRestore: sizeOf(after.values()),
    numOfFilesAfterRestore: after.size,
    numRemovedFiles: removed.length,
    numRestoredFiles: restored.length,
    removedFilesSize: sizeOf(removed),
    restoredFilesSize: sizeOf(restored),
  };
  const nowMs = Date.now();
  const actions: Action[] = [
    ...tableActions(current, target),
    ...clusteringActions(current, target),
    ...removed.map((file) => removeAction(file, nowMs)),
    ...restored.map((file) => ({ add: { ...file, dataChange: true } })),
  ];
  if (actions.length === 0) return { nothingToDo: { version: undefined, ...counts } };
  return {
    transaction: {
      operation: "RESTORE",
      operationParameters: {
        version: "version" in to ? String(to.version) : null,
        timestamp: "timestamp" in to ? to.timestamp.toISOString() : null,
      },
      operationMetrics: textMetrics(counts),
      actions,
      reads: {
        kind: "files",
        paths: new Set(Array.from(before.values(), ({ path }) => path)),
        wouldRead: () => true,
      },
    },
    result: (version) => ({ version, ...counts }),
    discard: () => Promise.resolve(),
  };
}

/** A file with another deletion vector is another file. */
function byKey(files: Iterable<AddFile>): Map<string, AddFile> {
  return new Map(
    Array.from(files, (file) => {
      const { storageType, pathOrInlineDv, offset } = file.deletionVector ?? {};
      return [JSON.stringify([file.path, storageType, pathOrInlineDv, offset]), file];
    }),
  );
}

function tableActions(current: Snapshot, { protocol, metadata }: Snapshot): Action[] {
  const features = protocol.writerFeatures ?? impliedFeatures(protocol.minWriterVersion);
  const upgraded = upgradedProtocol(current.protocol, features);
  const restored = withKeptProperties(metadata, current.metadata);
  return [
    ...(isSame(upgraded, current.protocol) ? [] : [{ protocol: upgraded }]),
    ...(isSame(restored, current.metadata) ? [] : [{ metaData: restored }]),
  ];
}

/**
 * What writers keep for themselves stays as it is: ids of columns that came later are not given
 * again, and versions since without in-commit timestamps do not get any.
 */
function withKeptProperties(metadata: Metadata, { configuration: current }: Metadata): Metadata {
  const configuration = { ...metadata.configuration };
  const highestId = Math.max(
    ...[current, configuration].map((one) => Number(one[MAX_COLUMN_ID] ?? 0)),
  );
  if (highestId > 0) configuration[MAX_COLUMN_ID] = String(highestId);
  if ([current, configuration].every((one) => isTrue(one, "delta.enableInCommitTimestamps"))) {
    for (const name of TIMESTAMPS_SINCE) {
      const value = current[name];
      if (value === undefined) delete configuration[name];
      else configuration[name] = value;
    }
  }
  return { ...metadata, configuration };
}

function clusteringActions(current: Snapshot, target: Snapshot): Action[] {
  const before = clusteringOf(current);
  const after = clusteringOf(target);
  if (before?.configuration === after?.configuration) return [];
  if (after !== undefined) return [{ domainMetadata: after }];
  return before === undefined ? [] : [{ domainMetadata: { ...before, removed: true } }];
}

/** The files of a version that the table does not have now, and that are not there to come back. */
async function missingFiles(
  path: string,
  current: Snapshot,
  target: Snapshot,
): Promise<ReadonlySet<AddFile>> {
  const held = byKey(current.files());
  const missing = new Set<AddFile>();
  for (const [key, file] of byKey(target.files())) {
    if (!held.has(key) && !await isThere(path, file)) missing.add(file);
  }
  return missing;
}

function filesMissing(
  where: string,
  { version }: Snapshot,
  missing: ReadonlySet<AddFile>,
): SluiceError {
  const named = Array.from(missing, ({ path }) => path).slice(0, NAMED_FILES);
  const more = missing.size > named.length ? ", …" : "";
  return new SluiceError("MISSING_FILES", {
    attempted: `restore version ${version} of a Delta table`,
    where,
    found: `${missing.size} of its files gone: ${named.join(", ")}${more}`,
    wanted: "all of them",
    hint: "a vacuum removed them; go to a newer version, bring them back from a backup, or go " +
      "without their rows with ignoreMissingFiles: true",
  });
}

/** True if a file and its deletion vector are there. */
async function isThere(tablePath: string, { path, deletionVector }: AddFile): Promise<boolean> {
  try {
    await Deno.stat(await fileInTable(tablePath, path));
    const vector = deletionVector && vectorPath(tablePath, deletionVector);
    if (vector !== undefined) await Deno.stat(vector);
    return true;
  } catch (error) {
    const cause = error instanceof SluiceError ? error.cause : error;
    if (cause instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
