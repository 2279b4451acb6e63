import { type Batch, concatBatches, failpoint } from "../../../core/mod.ts";
import { type DataFileOptions, DataFileWriter } from "../../files/data_file_writer.ts";
import { readDataFile } from "../../files/read_data_file.ts";
import type { TableLayout } from "../../files/table_layout.ts";
import type { AddFile } from "../../protocol/actions.ts";
import { zOrder } from "./z_order.ts";

/** Rows that are put in order together take about this much memory. */
const MAX_ORDERED_BYTES = 256 * 2 ** 20;

/** Writes rows of files into other files. Deleted rows are left out; the others stay as they are. */
export class FileRewriter {
  /** The files written, flushed to the disk. */
  readonly added: AddFile[] = [];
  /** The files that these replace. */
  readonly removed: AddFile[] = [];
  readonly #layout: TableLayout;
  readonly #options: DataFileOptions;
  readonly #writers: DataFileWriter[] = [];

  /** Makes a rewriter that has written nothing yet. */
  constructor(layout: TableLayout, options: DataFileOptions) {
    this.#layout = layout;
    this.#options = { ...options, dataChange: false };
  }

  /** Writes the rows of all files into one, or into a few where that is too large for memory. */
  async rewrite(files: readonly AddFile[]): Promise<void> {
    const writer = this.#writer(Infinity);
    for (const file of files) await writer.write(await this.#read(file));
    await this.#finish(writer);
  }

  /** Writes the rows of all files into files of the wanted size, ordered by several columns at once. */
  async rewriteInOrder(files: readonly AddFile[], columns: readonly string[]): Promise<void> {
    let batches: Batch[] = [];
    let bytes = 0;
    for (const [i, file] of files.entries()) {
      const batch = await this.#read(file);
      batches.push(batch);
      bytes += batch.byteSize;
      if (bytes < MAX_ORDERED_BYTES && i < files.length - 1) continue;
      const rows = concatBatches(batches);
      const writer = this.#writer(this.#options.targetFileBytes);
      await writer.write(rows.take(zOrder(rows, columns)));
      await this.#finish(writer);
      batches = [];
      bytes = 0;
    }
  }

  /** Removes the files that were written. */
  async discard(): Promise<void> {
    for (const writer of this.#writers) await writer.abort();
  }

  #writer(targetFileBytes: number | undefined): DataFileWriter {
    const writer = new DataFileWriter(this.#layout, {
      ...this.#options,
      ...(targetFileBytes === undefined ? {} : { targetFileBytes }),
    });
    this.#writers.push(writer);
    return writer;
  }

  async #read(file: AddFile): Promise<Batch> {
    const { batch } = await readDataFile(this.#layout, file);
    this.removed.push(file);
    return batch;
  }

  async #finish(writer: DataFileWriter): Promise<void> {
    this.added.push(...await writer.finish());
    await failpoint("delta:rewritten");
  }
}
