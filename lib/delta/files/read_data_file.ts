import { Batch, Schema, SluiceError, type StructField } from "../../core/mod.ts";
import { decodeParquet, type ParquetRowGroup, readParquetFooter } from "../../parquet/mod.ts";
import type { AddFile } from "../protocol/actions.ts";
import { hasVariant } from "../protocol/schema_json.ts";
import { withStorageErrors } from "../protocol/delta_error.ts";
import { constantColumn } from "./constant_column.ts";
import { readDeletionVector } from "./deletion_vector.ts";
import { fileInTable } from "./file_in_table.ts";
import { parsePartitionValue } from "../protocol/partition_values.ts";
import type { TableLayout } from "./table_layout.ts";

/** What to read of a data file. */
export interface ReadDataFileOptions {
  /**
   * Names of the table's columns; absent: all. A batch has at least one column, so if none is named
   * it has one all the same.
   */
  readonly columns?: readonly string[];
  /** True: rows that the deletion vector lists are in the batch too. */
  readonly includeDeleted?: boolean;
  /** Which row groups, in ascending order; absent: all. */
  readonly rowGroups?: readonly number[];
}

/** The rows of a data file. */
export interface DataFileRows {
  /** The columns asked for, in the table's order. */
  readonly batch: Batch;
  /** How many rows the batch has. */
  readonly numRows: number;
  /** Where in the file each row of the batch is, counted from 0; `undefined`: 0, 1, 2, … */
  readonly rowNumbers: Int32Array | undefined;
  /** The rows of the whole file that are deleted, in ascending order. */
  readonly deleted: readonly number[];
}

/**
 * Reads a data file: its columns as the table has them now, and the values of its partition.
 *
 * @throws {SluiceError} `DELTA_STORAGE` if it cannot be read; `PARQUET_DECODE` or `PARQUET_TYPE` if
 * it is not what the log says; `UNSAFE_PATH`, `BAD_PARTITION_VALUE`, `CORRUPT_DELETION_VECTOR`.
 */
export async function readDataFile(
  layout: TableLayout,
  file: AddFile,
  options: ReadDataFileOptions = {},
): Promise<DataFileRows> {
  return await decodeDataFile(layout, file, await loadDataFile(layout.path, file.path), options);
}

/** The bytes of a file that the log names. */
export async function loadDataFile(tablePath: string, path: string): Promise<Uint8Array> {
  const file = await fileInTable(tablePath, path);
  return await withStorageErrors("read a data file", file, () => Deno.readFile(file));
}

/** Reads a data file of which the bytes are at hand; see `readDataFile`. */
export async function decodeDataFile(
  layout: TableLayout,
  file: AddFile,
  bytes: Uint8Array,
  { columns, includeDeleted = false, rowGroups }: ReadDataFileOptions = {},
): Promise<DataFileRows> {
  return await inFile(`${layout.path}/${file.path}`, async () => {
    const fields = wantedFields(layout.schema, columns);
    const all = await decodeColumns(layout, file, bytes, fields, rowGroups);
    const isWhole = rowGroups === undefined;
    const numRows = isWhole ? all.numRows : readParquetFooter(bytes).numRows;
    const deleted = file.deletionVector === undefined
      ? []
      : await readDeletionVector(layout.path, file.deletionVector, numRows);
    refuseStrangeRows(deleted, numRows);
    const hidden = includeDeleted ? [] : deleted;
    if (isWhole && hidden.length === 0) {
      return { batch: all, numRows: all.numRows, rowNumbers: undefined, deleted };
    }
    const ranges = isWhole
      ? [{ firstRow: 0, numRows: all.numRows }]
      : footerGroups(bytes, rowGroups);
    const { kept, rowNumbers } = visibleRows(ranges, hidden);
    const batch = kept.length === all.numRows ? all : all.take(kept);
    return { batch, numRows: kept.length, rowNumbers, deleted };
  });
}

/**
 * The fields of these columns, in the table's order; the plainest one if there are none.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN` naming the columns there are.
 */
export function wantedFields(
  { fields }: Schema,
  columns: readonly string[] | undefined,
): readonly StructField[] {
  if (columns === undefined) return fields;
  const unknown = columns.find((name) => !fields.some((field) => field.name === name));
  if (unknown !== undefined) {
    throw new SluiceError("UNKNOWN_COLUMN", {
      attempted: `read column "${unknown}" of a Delta table`,
      found: "no such column",
      wanted: `one of ${fields.map(({ name }) => name).join(", ")}`,
    });
  }
  if (columns.length > 0) return fields.filter(({ name }) => columns.includes(name));
  const plain = fields.find(({ type }) => typeof type === "string") ?? fields[0];
  return plain === undefined ? [] : [plain];
}

async function decodeColumns(
  layout: TableLayout,
  file: AddFile,
  bytes: Uint8Array,
  fields: readonly StructField[],
  rowGroups: readonly number[] | undefined,
): Promise<Batch> {
  const isStored = ({ name }: StructField) => !layout.partitionColumns.includes(name);
  const { mapping: { match, physicalName } } = layout;
  const stored = fields.filter(isStored);
  refuseShredded(layout, bytes, stored);
  const data = stored.length === 0 ? undefined : await decodeParquet(bytes, new Schema(stored), {
    ...(match === undefined ? {} : { match }),
    ...(rowGroups === undefined ? {} : { rowGroups }),
  });
  const numRows = data?.numRows ??
    footerGroups(bytes, rowGroups).reduce((sum, group) => sum + group.numRows, 0);
  let next = 0;
  const columns = fields.map((field) => {
    if (data !== undefined && isStored(field)) return data.columns[next++]!;
    const text = file.partitionValues[physicalName(field)];
    return constantColumn(field.type, parsePartitionValue(field.type, text), numRows);
  });
  return new Batch(
    fields === layout.schema.fields ? layout.schema : new Schema(fields),
    0,
    columns,
  );
}

/**
 * Parts of a shredded variant are in columns of their own, and its bytes have to be put together of
 * those, which is not done here.
 */
function refuseShredded(
  { mapping }: TableLayout,
  bytes: Uint8Array,
  fields: readonly StructField[],
): void {
  for (const field of fields.filter(({ type }) => hasVariant(type))) {
    const name = mapping.physicalName(field);
    const isShredded = readParquetFooter(bytes).columns
      .some(({ path }) => path[0] === name && path.includes("typed_value"));
    if (!isShredded) continue;
    throw new SluiceError("UNSUPPORTED_FEATURE", {
      attempted: `read column "${field.name}" of a Delta table`,
      found: "shredded variants",
      wanted: "variants in one piece, or another type",
      hint: "name the other columns to read only those",
    });
  }
}

/** Where the rows of row groups are; of all of them if none are chosen. */
function footerGroups(
  bytes: Uint8Array,
  rowGroups: readonly number[] | undefined,
): readonly ParquetRowGroup[] {
  const groups = readParquetFooter(bytes).rowGroups;
  return rowGroups === undefined ? groups : groups.filter((_, i) => rowGroups.includes(i));
}

/** A deletion vector of another file than this one lists rows that are not there. */
function refuseStrangeRows(deleted: readonly number[], numRows: number): void {
  deleted.forEach((row, i) => {
    if (row < numRows && (i === 0 || row > deleted[i - 1]!)) return;
    throw new SluiceError("CORRUPT_DELETION_VECTOR", {
      attempted: "leave out deleted rows",
      found: `row ${row} deleted`,
      wanted: `each of ${numRows} rows at most once, in order`,
    });
  });
}

/** Which of the rows of some ranges of a file are to be seen, and where in the file those are. */
function visibleRows(
  ranges: readonly { readonly firstRow: number; readonly numRows: number }[],
  hidden: readonly number[],
): { kept: Int32Array; rowNumbers: Int32Array } {
  const total = ranges.reduce((sum, range) => sum + range.numRows, 0);
  const kept = new Int32Array(total);
  const rowNumbers = new Int32Array(total);
  let found = 0;
  let decoded = 0;
  let next = 0;
  for (const { firstRow, numRows } of ranges) {
    while (next < hidden.length && hidden[next]! < firstRow) next++;
    for (let row = firstRow; row < firstRow + numRows; row++, decoded++) {
      if (hidden[next] === row) {
        next++;
        continue;
      }
      kept[found] = decoded;
      rowNumbers[found++] = row;
    }
  }
  return { kept: kept.subarray(0, found), rowNumbers: rowNumbers.subarray(0, found) };
}

/** Names the file in errors about its contents. */
async function inFile<T>(where: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (!(cause instanceof SluiceError)) throw cause;
    const { where: place, ...details } = cause.details;
    throw new SluiceError(cause.code, {
      ...details,
      where: place === undefined ? where : `${place} of ${where}`,
      cause,
    });
  }
}
