import { Batch, Schema, SluiceError, type StructField } from "../../core/mod.ts";
import { readParquetFooter } from "../../parquet/mod.ts";
import { constantColumn } from "../files/constant_column.ts";
import { decodeDataFile, loadDataFile } from "../files/read_data_file.ts";
import { CHANGE_FIELDS, readChangedFile } from "../scan/change_feed.ts";
import type { ChangedFile } from "../scan/changed_files.ts";
import { partsOf } from "../scan/scan.ts";
import { fitted } from "./fit_schema.ts";
import { dataFileOf, type SourceFile } from "./version_files.ts";

/** Rows of a file, and where each is in it. */
export interface FileRows {
  /** The rows, with the columns that are read. */
  readonly rows: Batch;
  /** The place of each row in the file, ascending. */
  readonly places: Int32Array;
}

/** How much is decoded at once, in bytes that are not compressed; one row group at least. */
const MAX_DECODED_BYTES = 64 * 2 ** 20;

/**
 * Reads the rows of a file whose places are in `[from, to)`, without the deleted ones, in some
 * batches. Of a data file only the row groups are decoded that have such rows; files with changes
 * are read whole.
 *
 * @param bytes The file's bytes, if it is a data file read for itself.
 */
export async function* readSourceFile(
  source: SourceFile,
  schema: Schema,
  from: number,
  to: number,
  bytes: Uint8Array | undefined,
): AsyncGenerator<FileRows> {
  const { layout, file } = source;
  const where = `${layout.path}/${dataFileOf(file).path}`;
  const columns = layout.schema.fields.map(({ name }) => name)
    .filter((name) => schema.fields.some((field) => field.name === name));
  if (bytes === undefined) {
    const rows = await readChangedFile(layout, file as ChangedFile, undefined, columns);
    if (rows === undefined) return;
    const places = Int32Array.from({ length: rows.numRows }, (_, i) => i);
    yield within({ rows: fitted(rows, schema, where), places }, from, to);
    return;
  }
  const { rowGroups, numRows } = readParquetFooter(bytes);
  if (numRows !== source.numRows) throw wrongCount(source, numRows);
  const wanted = [...rowGroups.keys()].filter((group) => {
    const { firstRow, numRows } = rowGroups[group]!;
    return firstRow < to && firstRow + numRows > from;
  });
  for (const part of partsOf(rowGroups, wanted, MAX_DECODED_BYTES)) {
    const { batch, rowNumbers } = await decodeDataFile(layout, dataFileOf(file), bytes, {
      columns,
      rowGroups: part,
    });
    const all = "change" in file ? withChange(batch, file) : batch;
    yield within({ rows: fitted(all, schema, where), places: rowNumbers! }, from, to);
  }
}

/** The bytes to read a file from; `undefined` where it takes more than the file itself. */
export async function loadSourceFile(
  { file, layout }: SourceFile,
): Promise<Uint8Array | undefined> {
  const needsMore = "change" in file &&
    (file.change === undefined || file.deletedSince !== undefined);
  return needsMore ? undefined : await loadDataFile(layout.path, dataFileOf(file).path);
}

function within({ rows, places }: FileRows, from: number, to: number): FileRows {
  const kept = Int32Array.from(places.keys()).filter((i) => places[i]! >= from && places[i]! < to);
  return kept.length === places.length
    ? { rows, places }
    : { rows: rows.take(kept), places: Int32Array.from(kept, (i) => places[i]!) };
}

/** The rows with what became of them all. */
function withChange(batch: Batch, { change, commit }: ChangedFile): Batch {
  const values: unknown[] = [change, BigInt(commit.version), BigInt(commit.timestampMs) * 1000n];
  const columns = CHANGE_FIELDS.map(({ type }, i) =>
    constantColumn(type, values[i], batch.numRows)
  );
  const fields: StructField[] = [...batch.schema.fields, ...CHANGE_FIELDS];
  return new Batch(new Schema(fields), 0, [...batch.columns, ...columns]);
}

function wrongCount({ file, layout, numRows }: SourceFile, found: number): SluiceError {
  return new SluiceError("CORRUPT_LOG", {
    attempted: "read a data file",
    where: `${layout.path}/${dataFileOf(file).path}`,
    found: `${found} rows`,
    wanted: `${numRows}, as its statistics say`,
  });
}
