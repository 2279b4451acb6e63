import { Batch, BytesColumn, Schema, type StructField } from "../../core/mod.ts";
import type { CdcFile } from "../protocol/actions.ts";
import { PartitionFiles } from "./partition_files.ts";
import type { TableLayout } from "./table_layout.ts";
import { tableRows } from "./table_rows.ts";

/** What happened to a row: an update has the row before and the row after. */
export type ChangeType = "insert" | "delete" | "update_preimage" | "update_postimage";

const CHANGE_TYPE: StructField = {
  name: "_change_type",
  type: "string",
  nullable: true,
  sourceName: "_change_type",
};

/** Writes files of changed rows for the change data feed. See Delta's "change data files". */
export class ChangeFileWriter {
  readonly #layout: TableLayout;
  readonly #schema: Schema;
  readonly #files: PartitionFiles;

  /** Makes a writer for the files of one commit; nothing is touched yet. */
  constructor(layout: TableLayout) {
    this.#layout = layout;
    this.#schema = new Schema([...layout.schema.fields, CHANGE_TYPE]);
    this.#files = new PartitionFiles(layout, {
      folder: "_change_data/",
      prefix: "cdc",
      targetFileBytes: layout.targetFileBytes,
    });
  }

  /** Takes rows that have the table's columns, and what happened to all of them. */
  async write(batch: Batch, changeType: ChangeType): Promise<void> {
    const rows = tableRows(batch, this.#layout.schema, this.#layout.path);
    const changeTypes = new BytesColumn("string", rows.numRows);
    for (let row = 0; row < rows.numRows; row++) changeTypes.appendText(changeType);
    await this.#files.write(new Batch(this.#schema, 0, [...rows.columns, changeTypes]));
  }

  /** Writes the rest and flushes all files to the disk. */
  async finish(): Promise<CdcFile[]> {
    const files = await this.#files.finish();
    return files.map(({ path, partitionValues, size }) => ({
      path,
      partitionValues,
      size,
      dataChange: false,
    }));
  }

  /** Removes what was written; also after `finish`, if the commit fails. */
  async abort(): Promise<void> {
    await this.#files.abort();
  }
}
