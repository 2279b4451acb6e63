/**
 * Columns to Parquet bytes and back. The Delta folder calls it for data files and checkpoints; it
 * calls core for the columns and parquet-wasm for the encoding.
 *
 *     write:  Batch -> Arrow IPC bytes -> parquet-wasm -> Parquet bytes
 *     read:   Parquet bytes -> footer -> bytes of the wanted columns -> parquet-wasm
 *                 -> Arrow arrays in its memory -> Batch
 *
 * Arrow's bytes are written and read here rather than by a library: columns are laid out as Arrow
 * wants them already, so nothing is built row by row and each value is copied once. Footers are read
 * here too, as it takes one to know which columns are wanted and what is in a row group.
 *
 * @module
 */
export type { FieldRename } from "./arrow_schema.ts";
export type { BoundValue, ColumnBounds } from "./column_bounds.ts";
export { type DecodeOptions, decodeParquet } from "./decode_parquet.ts";
export { type EncodeOptions, encodeParquet, type ParquetCompression } from "./encode_parquet.ts";
export type { LogicalType, TimeUnit } from "./logical_type.ts";
export { type ParquetFooter, type ParquetRowGroup, readParquetFooter } from "./parquet_footer.ts";
export type { FieldInFile, ParquetColumn, PhysicalType } from "./parquet_schema.ts";
export { loadParquetWasm } from "./parquet_wasm.ts";
export { readParquetTail } from "./read_tail.ts";
export type { ColumnMatch } from "./select_columns.ts";
export { toArrow } from "./to_arrow.ts";
