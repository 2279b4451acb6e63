/**
 * Columns to Parquet bytes and back. The Delta folder calls it for data files and checkpoints; it
 * calls core for the columns and parquet-wasm for the encoding.
 *
 *     Batch -> Arrow IPC bytes -> parquet-wasm -> Parquet bytes
 *     Parquet bytes -> parquet-wasm -> Arrow arrays in its memory -> Batch
 *
 * Arrow's bytes are written and read here rather than by a library: columns are laid out as Arrow
 * wants them already, so nothing is built row by row and each value is copied once.
 *
 * @module
 */
export { decodeParquet } from "./decode_parquet.ts";
export { encodeParquet } from "./encode_parquet.ts";
export type { ColumnMatch } from "./read_arrow.ts";
export { loadParquetWasm } from "./parquet_wasm.ts";
export { toArrow } from "./to_arrow.ts";
