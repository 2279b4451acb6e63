import type { Batch } from "../../../core/mod.ts";
import { ChangeFileWriter } from "../../files/change_file_writer.ts";
import { DataFileWriter } from "../../files/data_file_writer.ts";
import { writeDeletionVectors, type WrittenVectors } from "../../files/deletion_vector_writer.ts";
import { type DataFileRows, readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { Action, AddFile } from "../../protocol/actions.ts";
import { isTrue } from "../../protocol/table_properties.ts";
import { removeAction, sizeOf, withVector } from "../file_actions.ts";
import { rowsMarked } from "./row_sets.ts";

/** What becomes of the rows of a data file; rows not named stay as they are. */
export interface FileChange {
  /** The file. */
  readonly file: AddFile;
  /** What is known of its rows: how many are not deleted yet, and where in the file they are. */
  readonly rows: Pick<DataFileRows, "numRows" | "rowNumbers" | "deleted">;
  /** Rows that go, in ascending order, counted among those not deleted yet. */
  readonly deleted: Int32Array;
  /** Rows that are replaced; no row twice, and none that goes. */
  readonly updates: readonly RowUpdate[];
}

/** Rows of a data file that are replaced in one way. */
export interface RowUpdate {
  /** Which, in ascending order, counted among those not deleted yet. */
  readonly rows: Int32Array;
  /** Names of the columns that `replace` reads; the others may not be there. */
  readonly columns: readonly string[];
  /** Makes the new rows of the old ones, in their order; they have all columns of the table. */
  readonly replace: (old: Batch) => Batch;
}

/** What was written and removed, counted. */
export interface ChangeCounts {
  /** New data files. */
  readonly numAddedFiles: number;
  /** Bytes in them. */
  readonly numAddedBytes: number;
  /** Data files that went. */
  readonly numRemovedFiles: number;
  /** Bytes in them. */
  readonly numRemovedBytes: number;
  /** Files for the change data feed. */
  readonly numAddedChangeFiles: number;
  /** Rows that only moved to another file. */
  readonly numCopiedRows: number;
  /** Data files that got their first deletion vector. */
  readonly numDeletionVectorsAdded: number;
  /** Data files that got a longer one. */
  readonly numDeletionVectorsUpdated: number;
  /** Data files that went and had one. */
  readonly numDeletionVectorsRemoved: number;
}

/** The counts where nothing was written or removed. */
export const NO_CHANGES: ChangeCounts = {
  numAddedFiles: 0,
  numAddedBytes: 0,
  numRemovedFiles: 0,
  numRemovedBytes: 0,
  numAddedChangeFiles: 0,
  numCopiedRows: 0,
  numDeletionVectorsAdded: 0,
  numDeletionVectorsUpdated: 0,
  numDeletionVectorsRemoved: 0,
};

/**
 * The files of a commit that changes rows. A data file of which rows go is written anew without them
 * or, where the table has deletion vectors, gets a longer one; rows that are replaced go into new
 * files. For a table with a change data feed all of it is written into change files too: where a
 * commit has any, readers of the feed look at nothing else.
 */
export class RowChanges {
  readonly #layout: TableLayout;
  readonly #usesVectors: boolean;
  readonly #dataFiles: DataFileWriter;
  readonly #changeFiles: ChangeFileWriter | undefined;
  readonly #deleted = new Map<
    AddFile,
    { readonly rows: Int32Array; readonly numRecords: number }
  >();
  readonly #removed: AddFile[] = [];
  #vectors: WrittenVectors | undefined;
  readonly #counts: { -readonly [Name in keyof ChangeCounts]: ChangeCounts[Name] } = {
    ...NO_CHANGES,
  };

  /**
   * Begins the files of a commit; nothing is touched yet. `needsFeed` is false if whole files go or
   * come and no others, which the feed shows without change files.
   */
  constructor(layout: TableLayout, needsFeed: boolean) {
    const { configuration } = layout.metadata;
    this.#layout = layout;
    this.#usesVectors = isTrue(configuration, "delta.enableDeletionVectors");
    this.#dataFiles = new DataFileWriter(layout);
    this.#changeFiles = needsFeed && isTrue(configuration, "delta.enableChangeDataFeed")
      ? new ChangeFileWriter(layout)
      : undefined;
  }

  /** Adds rows to the table; columns that they do not have get what the table has for them. */
  async insert(batch: Batch): Promise<void> {
    const rows = this.#layout.constraints.complete(batch);
    await this.#dataFiles.write(rows);
    await this.#changeFiles?.write(rows, "insert");
  }

  /** Takes a file out of the table; only the feed needs its rows. */
  async removeFile(file: AddFile): Promise<void> {
    this.#removed.push(file);
    if (this.#changeFiles === undefined) return;
    await this.#changeFiles.write((await readDataFile(this.#layout, file)).batch, "delete");
  }

  /** Deletes and replaces rows of a file. */
  async change(change: FileChange): Promise<void> {
    const { file, rows, deleted, updates } = change;
    const isTouched = touchedRows(change);
    const numTouched = updates.reduce((sum, update) => sum + update.rows.length, deleted.length);
    const goesWhole = numTouched === rows.numRows;
    if (goesWhole || !this.#usesVectors) this.#removed.push(file);
    else this.#markDeleted(change, isTouched, numTouched);

    const copies = !goesWhole && !this.#usesVectors;
    const needsAll = copies || this.#changeFiles !== undefined;
    if (!needsAll && updates.length === 0) return;
    const columns = updates.flatMap(({ columns }) => columns);
    const { batch } = await readDataFile(this.#layout, file, needsAll ? {} : { columns });
    if (copies) {
      const kept = rowsMarked(isTouched, 0, rows.numRows - numTouched);
      this.#counts.numCopiedRows += kept.length;
      await this.#dataFiles.write(batch.take(kept));
    }
    if (deleted.length > 0) await this.#changeFiles?.write(batch.take(deleted), "delete");
    for (const { rows, replace } of updates) {
      const old = batch.take(rows);
      const replaced = replace(old);
      await this.#dataFiles.write(replaced);
      await this.#changeFiles?.write(old, "update_preimage");
      await this.#changeFiles?.write(replaced, "update_postimage");
    }
  }

  /** Writes what waits; the actions of the commit. */
  async finish(): Promise<Action[]> {
    const added = await this.#dataFiles.finish();
    const changes = await this.#changeFiles?.finish() ?? [];
    const rows = new Map([...this.#deleted].map(([file, { rows }]) => [file, rows]));
    this.#vectors = await writeDeletionVectors(this.#layout.path, rows);
    const deletionTimestamp = Date.now();
    const actions: Action[] = [
      ...this.#removed.map((file) => removeAction(file, deletionTimestamp)),
      ...added.map((add) => ({ add })),
      ...changes.map((cdc) => ({ cdc })),
    ];
    for (const [file, { numRecords }] of this.#deleted) {
      const vector = this.#vectors.vectors.get(file);
      if (vector === undefined) throw new RangeError(`no deletion vector of ${file.path}`);
      actions.push(removeAction(file, deletionTimestamp));
      actions.push({ add: withVector(file, vector, numRecords) });
    }
    const counts = this.#counts;
    counts.numAddedFiles = added.length;
    counts.numAddedBytes = sizeOf(added);
    counts.numAddedChangeFiles = changes.length;
    counts.numRemovedFiles = this.#removed.length;
    counts.numRemovedBytes = sizeOf(this.#removed);
    counts.numDeletionVectorsRemoved = this.#removed
      .filter(({ deletionVector }) => deletionVector !== undefined).length;
    return actions;
  }

  /** What has been written and removed; complete after `finish`. */
  get counts(): ChangeCounts {
    return this.#counts;
  }

  /** Removes everything that was written; also after `finish`, if the commit fails. */
  async discard(): Promise<void> {
    await this.#dataFiles.abort();
    await this.#changeFiles?.abort();
    await this.#vectors?.discard();
  }

  #markDeleted({ file, rows }: FileChange, isTouched: Uint8Array, numTouched: number): void {
    const touched = rowsMarked(isTouched, 1, numTouched);
    const { rowNumbers, deleted } = rows;
    const numbers = rowNumbers === undefined ? touched : touched.map((row) => rowNumbers[row]!);
    const all = new Int32Array(deleted.length + numbers.length);
    all.set(deleted);
    all.set(numbers, deleted.length);
    this.#deleted.set(file, {
      rows: all.sort(),
      numRecords: rows.numRows + deleted.length,
    });
    if (file.deletionVector === undefined) this.#counts.numDeletionVectorsAdded++;
    else this.#counts.numDeletionVectorsUpdated++;
  }
}

/** One byte a row: 1 if it goes or is replaced. */
function touchedRows({ rows, deleted, updates }: FileChange): Uint8Array {
  const isTouched = new Uint8Array(rows.numRows);
  for (const row of deleted) isTouched[row] = 1;
  for (const update of updates) for (const row of update.rows) isTouched[row] = 1;
  return isTouched;
}

/** Writes the files of a commit; if that fails, they are removed. */
export async function writeChanges<T>(changes: RowChanges, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    await changes.discard();
    throw error;
  }
}
