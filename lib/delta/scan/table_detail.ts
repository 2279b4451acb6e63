import { recordCount } from "../files/file_bounds.ts";
import { impliedFeatures } from "../protocol/feature_list.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import type { Protocol } from "../protocol/actions.ts";
import { commitTimeMs } from "../log/commit_time.ts";
import type { LogStore } from "../log/log_store.ts";
import { readCommit, type Snapshot } from "../log/snapshot.ts";

/** What a table is and how large: what DESCRIBE DETAIL tells in Spark, and some more. */
export interface TableDetail {
  /** `delta`. */
  readonly format: string;
  /** The table's identity: a UUID. */
  readonly id: string;
  /** For people; absent if it has none. */
  readonly name?: string;
  /** For people; absent if it has none. */
  readonly description?: string;
  /** The table's folder. */
  readonly location: string;
  /** When it was created, in milliseconds since 1970; absent if nobody noted it. */
  readonly createdAt?: number;
  /** When the version was made, in milliseconds since 1970; absent if its commit is gone. */
  readonly lastModified?: number;
  /** The version that all this is true of. */
  readonly version: number;
  /** The columns whose values are in the log. */
  readonly partitionColumns: readonly string[];
  /** Data files. */
  readonly numFiles: number;
  /** Bytes in data files. */
  readonly sizeInBytes: number;
  /** Rows, without the deleted ones; absent if a file's statistics do not tell. */
  readonly numRows?: number;
  /** Data files of which rows are deleted. */
  readonly numDeletionVectors: number;
  /** Rows that are in files, but deleted. */
  readonly numDeletedRows: number;
  /** `delta.appendOnly` and the like. */
  readonly properties: Readonly<Record<string, string>>;
  /** 1 to 3. */
  readonly minReaderVersion: number;
  /** 1 to 7. */
  readonly minWriterVersion: number;
  /** What clients have to know, in alphabetical order. */
  readonly tableFeatures: readonly string[];
}

/**
 * What a table is and how large; from the log, no data file is opened.
 *
 * @throws {SluiceError} `CORRUPT_LOG`, `DELTA_STORAGE`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { appendRows } from "../commands/write/append.ts";
 * import { createTable } from "../commands/define/create_table.ts";
 * import { tableDetail } from "./table_detail.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await appendRows(table, [{ id: 1n }, { id: 2n }]);
 * const { version, numFiles, numRows } = await tableDetail(table);
 * deepEqual({ version, numFiles, numRows }, { version: 1, numFiles: 1, numRows: 2 });
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export async function tableDetail(
  { path, store, snapshot }: {
    readonly path: string;
    readonly store: LogStore;
    readonly snapshot: Snapshot;
  },
): Promise<TableDetail> {
  const { metadata, protocol, version } = snapshot;
  const attempted = "describe a Delta table";
  const commit = await withStorageErrors(attempted, path, () => readCommit(store, version));
  const { id, name, description, createdTime, partitionColumns } = metadata;
  let [sizeInBytes, numDeletionVectors, numDeletedRows] = [0, 0, 0];
  let numRows: number | undefined = 0;
  for (const file of snapshot.files()) {
    const deleted = file.deletionVector?.cardinality ?? 0;
    const records = recordCount(file);
    sizeInBytes += file.size;
    numDeletionVectors += file.deletionVector === undefined ? 0 : 1;
    numDeletedRows += deleted;
    if (numRows !== undefined) {
      numRows = records === undefined ? undefined : numRows + records - deleted;
    }
  }
  return {
    format: "delta",
    id,
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    location: path,
    ...(createdTime === undefined ? {} : { createdAt: createdTime }),
    ...(commit === undefined ? {} : { lastModified: await commitTimeMs(store, commit, metadata) }),
    version,
    partitionColumns,
    numFiles: snapshot.numFiles,
    sizeInBytes,
    ...(numRows === undefined ? {} : { numRows }),
    numDeletionVectors,
    numDeletedRows,
    properties: metadata.configuration,
    minReaderVersion: protocol.minReaderVersion,
    minWriterVersion: protocol.minWriterVersion,
    tableFeatures: featuresOf(protocol),
  };
}

/** Before there were features, versions stood for them. */
function featuresOf(protocol: Protocol): string[] {
  const { minWriterVersion, readerFeatures = [], writerFeatures } = protocol;
  const features = [...readerFeatures, ...writerFeatures ?? impliedFeatures(minWriterVersion)];
  return [...new Set(features)].sort();
}
