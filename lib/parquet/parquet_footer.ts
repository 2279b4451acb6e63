import { type ColumnBounds, columnBounds } from "./column_bounds.ts";
import { FILE, readFileMetadata } from "./file_metadata.ts";
import type { ParquetColumn } from "./parquet_schema.ts";

/** What a file's footer says of it. */
export interface ParquetFooter {
  /** Rows in all row groups. */
  readonly numRows: number;
  /** The program that wrote the file, in its own words; absent if it did not tell. */
  readonly createdBy?: string;
  /** The leaf columns: those of structs, lists and maps are columns of their own. */
  readonly columns: readonly ParquetColumn[];
  /** The parts of the file that can be read one without the other. */
  readonly rowGroups: readonly ParquetRowGroup[];
}

/** Consecutive rows of a file. */
export interface ParquetRowGroup {
  /** The place of its first row in the file, from 0. */
  readonly firstRow: number;
  /** How many rows there are. */
  readonly numRows: number;
  /** Bytes of all columns, not compressed. */
  readonly totalByteSize: number;
  /** What is known of each column's values, in the order of the footer's columns. */
  readonly columns: readonly (ColumnBounds & Pick<ParquetColumn, "path">)[];
}

/** Ids of `ColumnMetaData.statistics` and `ColumnOrder.TYPE_ORDER`, parquet.thrift. */
const STATISTICS = 12;
const TYPE_ORDER = 1;

/**
 * Reads what a Parquet file says of itself, without reading its columns.
 *
 * Bounds are as rows hold values, and only there where they are sound: of no 96-bit timestamp, and
 * not if they are NaN. They may be loose, as long texts are cut. Those of texts go by their UTF-8
 * bytes, not by JavaScript's `<`; those of floating point columns say nothing of NaN, which may be
 * there besides.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { encodeParquet } from "./encode_parquet.ts";
 * import { readParquetFooter } from "./parquet_footer.ts";
 *
 * const batch = new Batch(s.struct({ id: s.long() }));
 * for (const id of [7n, 3n, 5n]) batch.append({ id });
 * const { rowGroups } = readParquetFooter(await encodeParquet(batch));
 * deepEqual(rowGroups[0]?.columns, [{ path: ["id"], min: 3n, max: 7n, nullCount: 0 }]);
 * ```
 *
 * @throws {SluiceError} `PARQUET_DECODE` if the bytes are not a sound Parquet file.
 */
export function readParquetFooter(file: Uint8Array): ParquetFooter {
  const { footer, numRows, columns, rowGroups } = readFileMetadata(file);
  const createdBy = footer.text(FILE.createdBy);
  const orders = footer.structs(FILE.columnOrders);
  let firstRow = 0;
  return {
    numRows,
    ...(createdBy === undefined ? {} : { createdBy }),
    columns,
    rowGroups: rowGroups.map((group) => {
      const first = firstRow;
      firstRow += group.numRows;
      return {
        firstRow: first,
        numRows: group.numRows,
        totalByteSize: group.totalByteSize,
        columns: columns.map((column, i) => {
          const statistics = group.chunks[i]!.struct(STATISTICS);
          const isOrdered = orders[i]?.fields.has(TYPE_ORDER) ?? false;
          const bounds = statistics === undefined
            ? {}
            : columnBounds(column, statistics, isOrdered);
          return { path: column.path, ...bounds };
        }),
      };
    }),
  };
}
