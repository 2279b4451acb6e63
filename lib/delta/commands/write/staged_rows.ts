import type { Batch } from "../../../core/mod.ts";
import { DataFileWriter } from "../../files/data_file_writer.ts";
import { type TableLayout, tableLayout } from "../../files/table_layout.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import type { AddFile } from "../../protocol/actions.ts";
import { type FieldJson, parseFields } from "../../protocol/schema_json.ts";
import { type ChangedTable, changedTable, type TableChange } from "../define/changed_table.ts";
import type { RowReader } from "./row_source.ts";

/** Rows in data files that wait for their commit. */
export interface Staged {
  /** The table as it is with the commit: with other columns, maybe, than before. */
  readonly table: ChangedTable;
  /** The same, for its files. */
  readonly layout: TableLayout;
  readonly files: readonly AddFile[];
  readonly numRows: number;
}

/** How the rows of an operation are staged. */
export interface Staging {
  /** What the rows make of the table. */
  readonly change: (snapshot: Snapshot) => TableChange;
  /** Called with all columns of the rows, before they are written; throws if they may not be. */
  readonly check?: (layout: TableLayout, rows: Batch) => void;
}

/**
 * The rows of an operation in data files. They are written once, and again only if another commit
 * changes what the table is: where others just come first, the same files are committed behind them.
 */
export class StagedRows {
  readonly #path: string;
  readonly #rows: RowReader;
  readonly #staging: Staging;
  #staged: (Staged & { readonly writer: DataFileWriter; readonly madeFor: string }) | undefined;

  /** Makes nothing yet. */
  constructor(path: string, rows: RowReader, staging: Staging) {
    this.#path = path;
    this.#rows = rows;
    this.#staging = staging;
  }

  /**
   * Writes the rows for the table as it is, and flushes them to the disk.
   *
   * @throws {SluiceError} what reading and writing the rows throws; no file is left then.
   */
  async stage(snapshot: Snapshot): Promise<Staged> {
    const madeFor = JSON.stringify([snapshot.protocol, snapshot.metadata]);
    if (this.#staged?.madeFor === madeFor) return this.#staged;
    await this.discard();
    const table = changedTable(snapshot, this.#staging.change(snapshot));
    const layout = tableLayout(this.#path, table.protocol, table.metadata);
    // Also where there are no rows: columns may go that the table's SQL speaks of.
    layout.constraints.understand();
    const writer = new DataFileWriter(this.#checked(layout));
    const fields: readonly FieldJson[] = parseFields(table.metadata.schemaString, this.#path);
    let numRows = 0;
    try {
      for await (
        const batch of this.#rows.read({ path: this.#path, schema: layout.schema, fields })
      ) {
        numRows += batch.numRows;
        await writer.write(batch);
      }
      this.#staged = { table, layout, files: await writer.finish(), numRows, writer, madeFor };
      return this.#staged;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Removes the files. */
  async discard(): Promise<void> {
    const staged = this.#staged;
    this.#staged = undefined;
    await staged?.writer.abort();
  }

  /** The layout, with the check as one more constraint of the rows. */
  #checked(layout: TableLayout): TableLayout {
    const { check } = this.#staging;
    if (check === undefined) return layout;
    const constraints = {
      ...layout.constraints,
      enforce(batch: Batch) {
        layout.constraints.enforce(batch);
        check(layout, batch);
      },
    };
    return { ...layout, constraints };
  }
}
