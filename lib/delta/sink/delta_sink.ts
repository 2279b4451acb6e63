import { refuseUnknownOptions, type Sink, UPSERT_OPTIONS } from "../../core/mod.ts";
import { loadParquetWasm } from "../../parquet/mod.ts";
import type { DeltaOptions } from "./delta_options.ts";
import { DeltaWriter } from "./delta_writer.ts";
import { tablePathOf } from "../protocol/table_path.ts";

/**
 * Writes batches to a Delta table. Every batch is one commit that has its rows and the key
 * `txn{appId: queryId, version: batchId}`; a batch that the table has is not written again.
 *
 * In append mode rows are added. In update mode they are merged by key, and rows whose keys are gone
 * are deleted or marked: see `UpsertOptions`. Where the table has deletion vectors, files of which
 * rows change stay; else they are written anew. In complete mode the batch takes the place of all
 * rows. A commit of another writer that is in the way makes the batch be written anew behind it.
 *
 * Where a table that is there lacks nullable columns of the rows, `open` adds them in a commit of its
 * own and tells it with a notice; the rows that are there have null in them. Columns of the key are not
 * added, nor any that is not nullable, nor fields within structs.
 *
 * Data files of a run that crashed before its commit stay in the table's folder. No reader sees
 * them; the batch is written anew under new names.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { delta } from "./delta_sink.ts";
 * import { DeltaTable } from "../delta_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const schema = s.struct({ symbol: s.string(), trade_id: s.long() });
 * const batch = new Batch(schema);
 * batch.append({ symbol: "BTCUSDT", trade_id: 1n });
 *
 * const writer = await delta({ path, partitionBy: ["symbol"] })
 *   .open({ queryId: "q", queryName: "trades", schema, outputMode: "append", keyColumns: [] });
 * const microBatch = { batchId: 0, batch, deadLetters: [], startOffsets: {}, endOffsets: {} };
 * await (await writer.stage(microBatch)).commit();
 * await (await writer.stage(microBatch)).commit(); // the table has it: nothing happens
 *
 * const table = await DeltaTable.open(path);
 * deepEqual(await Array.fromAsync(table.rows()), [{ symbol: "BTCUSDT", trade_id: 1n }]);
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_PATH` at once; from `open`, `SCHEMA_MISMATCH` if the
 * rows do not fit the table, `BAD_OPTION` if key or order do not fit the rows or the query's mode,
 * `APPEND_ONLY` if the mode takes rows out of a table that only grows, and `UNSUPPORTED_FEATURE` if
 * the table asks of writers what is not done; from `stage`, `DUPLICATE_KEY` if two rows of a batch in
 * update mode have one key.
 */
export function delta(options: DeltaOptions): Sink {
  const name = `delta(${options.path})`;
  refuseUnknownOptions(`make sink ${name}`, options, ["path", "partitionBy", ...UPSERT_OPTIONS]);
  const path = tablePathOf(options.path);
  return {
    name,
    takesDeadLetters: false,
    outputModes: ["append", "update", "complete"],
    async open(context) {
      const writer = new DeltaWriter(path, options, context);
      // Compiled while the log is read, so that the first batch need not wait for it.
      await Promise.all([writer.open(), loadParquetWasm()]);
      return writer;
    },
  };
}
