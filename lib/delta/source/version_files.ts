import { SluiceError } from "../../core/mod.ts";
import { readParquetFooter, readParquetTail } from "../../parquet/mod.ts";
import { fileInTable } from "../files/file_in_table.ts";
import { recordCount } from "../files/file_bounds.ts";
import type { TableLayout } from "../files/table_layout.ts";
import { loadSnapshot, readCommit } from "../log/snapshot.ts";
import type { AddFile } from "../protocol/actions.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { type ChangedFile, changedFiles } from "../scan/changed_files.ts";
import { readChangedCommit, refuseUnrecorded } from "../scan/change_range.ts";
import { asDataLoss } from "./data_loss.ts";
import { addedFiles } from "./judge_commit.ts";
import { ATTEMPTED, type CheckedOptions } from "./source_options.ts";
import type { SourceStart } from "./source_start.ts";
import type { SourceTable } from "./source_table.ts";

/** A file with rows of a version, and where they are among all of the version. */
export interface SourceFile {
  /** The version that they came with, or changed with. */
  readonly version: number;
  /** The index of its first row. */
  readonly firstIndex: number;
  /** How many rows it has, deleted ones too. */
  readonly numRows: number;
  /** How to read it. */
  readonly layout: TableLayout;
  /** The file, and, where changes are read, what became of its rows. */
  readonly file: AddFile | ChangedFile;
}

/** Finds the files of a table's versions, always in the same order. */
export class VersionFiles {
  readonly #table: SourceTable;
  readonly #options: CheckedOptions;
  readonly #start: SourceStart;
  /** Versions that were planned and are still to be read. */
  readonly #planned = new Map<number, Promise<readonly SourceFile[]>>();

  /** `start` says which version is read as a whole table. */
  constructor(table: SourceTable, options: CheckedOptions, start: SourceStart) {
    this.#table = table;
    this.#options = options;
    this.#start = start;
  }

  /** True if a version is read as a whole table, and not for what its commit did. */
  isSnapshot(version: number): boolean {
    return version === this.#start.version && this.#start.isSnapshot;
  }

  /**
   * The files of a version, which is there.
   *
   * @throws {SluiceError} `DATA_LOSS` if it is not there any more; `DELTA_SOURCE_IGNORE_DELETE`,
   * `DELTA_SOURCE_TABLE_IGNORE_CHANGES` or `CHANGES_NOT_RECORDED` if its rows are not such as are
   * to be read; `SCHEMA_MISMATCH`.
   */
  of(version: number): Promise<readonly SourceFile[]> {
    return this.#planned.get(version) ?? this.#find(version);
  }

  /** The same, kept until `forgetBefore`: what is planned is read soon. */
  async plan(version: number): Promise<readonly SourceFile[]> {
    const files = this.of(version);
    this.#planned.set(version, files);
    try {
      return await files;
    } catch (error) {
      this.#planned.delete(version);
      throw error;
    }
  }

  /** Forgets the versions before one. */
  forgetBefore(version: number): void {
    for (const planned of this.#planned.keys()) {
      if (planned < version) this.#planned.delete(planned);
    }
  }

  async #find(version: number): Promise<readonly SourceFile[]> {
    const { path } = this.#table;
    const where = `${path} version ${version}`;
    return await asDataLoss(where, () =>
      withStorageErrors(ATTEMPTED, where, async () => {
        const files = this.isSnapshot(version)
          ? await this.#snapshotFiles(version)
          : this.#options.readChangeFeed === true
          ? await this.#changedFiles(version)
          : await this.#addedFiles(version);
        return await this.#placed(version, files);
      }));
  }

  async #snapshotFiles(version: number): Promise<(AddFile | ChangedFile)[]> {
    const snapshot = await loadSnapshot(this.#table.store, version);
    // As Spark orders them: rows that came first are read first.
    const files = [...snapshot?.files() ?? []].sort((a, b) =>
      a.modificationTime - b.modificationTime || (a.path < b.path ? -1 : 1)
    );
    if (this.#options.readChangeFeed !== true) return files;
    const commit = { version, timestampMs: this.#start.commitMs!, actions: [] };
    return files.map((file) => ({ file, change: "insert", commit }));
  }

  async #addedFiles(version: number): Promise<AddFile[]> {
    const { store, path } = this.#table;
    const commit = await readCommit(store, version);
    if (commit === undefined) throw versionGone(path, version);
    return addedFiles(commit, path, this.#options);
  }

  async #changedFiles(version: number): Promise<ChangedFile[]> {
    const { store, path, snapshot } = this.#table;
    const commit = await readChangedCommit({ path, store, snapshot }, version);
    for (const { metaData } of commit.actions) {
      if (metaData !== undefined) {
        refuseUnrecorded({ ...metaData, configuration: metaData.configuration ?? {} }, version, {
          path,
        });
      }
    }
    return [...changedFiles(commit)];
  }

  async #placed(
    version: number,
    files: readonly (AddFile | ChangedFile)[],
  ): Promise<SourceFile[]> {
    if (files.length === 0) return [];
    const layout = this.#table.layoutAt(version);
    const placed: SourceFile[] = [];
    let firstIndex = 0;
    for (const file of files) {
      const data = dataFileOf(file);
      refuseOtherPartitions(data, layout, version);
      const numRows = recordCount(data) ?? await rowsIn(data, layout);
      placed.push({ version, firstIndex, numRows, layout, file });
      firstIndex += numRows;
    }
    return placed;
  }
}

/** The data file, whatever became of its rows. */
export function dataFileOf(file: AddFile | ChangedFile): AddFile {
  return "change" in file ? file.file : file;
}

async function rowsIn({ path }: AddFile, layout: TableLayout): Promise<number> {
  const file = await fileInTable(layout.path, path);
  return readParquetFooter(await readParquetTail(file)).numRows;
}

/** A file of a table with other partitions would be read with null for the values that it lacks. */
function refuseOtherPartitions(
  { path, partitionValues }: AddFile,
  layout: TableLayout,
  version: number,
): void {
  const wanted = layout.partitionColumns.map((name) =>
    layout.mapping.physicalName(layout.schema.fields.find((field) => field.name === name)!)
  );
  const found = Object.keys(partitionValues);
  if (found.length === wanted.length && wanted.every((name) => found.includes(name))) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted: ATTEMPTED,
    where: `file ${path} of ${layout.path} version ${version}`,
    found: `partitions by ${found.join(", ") || "nothing"}`,
    wanted: `${wanted.join(", ") || "nothing"}, as the table is partitioned now`,
    hint:
      "the table was overwritten with other partitions: start a query behind that version, with " +
      "startingVersion, or one that reads the table as it is",
  });
}

function versionGone(path: string, version: number): SluiceError {
  return new SluiceError("VERSION_NOT_FOUND", {
    attempted: ATTEMPTED,
    where: `${path} version ${version}`,
    found: "no commit any more",
  });
}
