import type { Batch } from "../../core/mod.ts";
import type { AddFile } from "../protocol/actions.ts";
import { PartitionFiles } from "./partition_files.ts";
import type { TableLayout } from "./table_layout.ts";

/** How data files are written. */
export interface DataFileOptions {
  /** False if the files only rearrange rows that the table has; true by default. */
  readonly dataChange?: boolean;
  /** About how many bytes a file is to have; by default as the table's properties say. */
  readonly targetFileBytes?: number;
  /** What to note with each file. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Writes data files below a table's folder. Nobody sees them until a commit adds them. Rows of a
 * partition gather until there are enough for a file, or too many in memory.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { protocolFor } from "../protocol/new_protocol.ts";
 * import { formatSchema } from "../protocol/schema_json.ts";
 * import { DataFileWriter } from "./data_file_writer.ts";
 * import { tableLayout } from "./table_layout.ts";
 *
 * const path = await Deno.makeTempDir();
 * const schema = s.struct({ symbol: s.string(), trade_id: s.long() });
 * const layout = tableLayout(path, protocolFor(schema), {
 *   id: crypto.randomUUID(),
 *   format: { provider: "parquet", options: {} },
 *   schemaString: formatSchema(schema),
 *   partitionColumns: ["symbol"],
 *   configuration: {},
 * });
 * const batch = new Batch(schema);
 * batch.append({ symbol: "BTCUSDT", trade_id: 1n });
 *
 * const writer = new DataFileWriter(layout);
 * await writer.write(batch as Batch);
 * const [file] = await writer.finish();
 * deepEqual(file?.partitionValues, { symbol: "BTCUSDT" });
 * await Deno.remove(path, { recursive: true });
 * ```
 */
export class DataFileWriter {
  readonly #layout: TableLayout;
  readonly #options: DataFileOptions;
  readonly #files: PartitionFiles;

  /** Makes a writer for the files of one commit; nothing is touched yet. */
  constructor(layout: TableLayout, options: DataFileOptions = {}) {
    this.#layout = layout;
    this.#options = options;
    this.#files = new PartitionFiles(layout, {
      folder: "",
      prefix: "part",
      targetFileBytes: options.targetFileBytes ?? layout.targetFileBytes,
    });
  }

  /**
   * Takes rows; columns are found by name. One that the batch does not have is worked out if it is
   * generated; else it has its default, or is null. The batch must stay as it is from then on.
   *
   * @throws {SluiceError} `CONSTRAINT_VIOLATED` if a row breaks a constraint; `SCHEMA_MISMATCH` if a
   * column is not of the table; `BAD_PARTITION_VALUE` if a partition would be read back as another:
   * empty text is null there; `DELTA_STORAGE` if a file cannot be written. Call `abort` then.
   */
  async write(batch: Batch): Promise<void> {
    const { constraints } = this.#layout;
    const rows = constraints.complete(batch);
    constraints.enforce(rows);
    await this.#files.write(rows);
  }

  /** Writes the rest and flushes all files to the disk. */
  async finish(): Promise<AddFile[]> {
    const { dataChange = true, tags } = this.#options;
    const files = await this.#files.finish();
    return files.map((file) => ({ ...file, dataChange, ...(tags === undefined ? {} : { tags }) }));
  }

  /** Removes what was written; also after `finish`, if the commit fails. */
  async abort(): Promise<void> {
    await this.#files.abort();
  }
}
