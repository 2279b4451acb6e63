import type { Batch } from "../../core/mod.ts";
import type { CellWriter, CopyTarget } from "./cell_writer.ts";
import { columnWriter } from "./column_writer.ts";

/** How large chunks are, in bytes, unless one row is larger. */
const CHUNK_BYTES = 256 * 1024;

/** "PGCOPY\n\xff\r\n\0", no flags, no header extension. */
const HEADER = Uint8Array.of(80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
/** A row begins with the count of its cells; the end is a count of -1. */
const COUNT_BYTES = 2;
const END_COUNT = -1;
/** Rows sized before it is known how large they are, and at most. */
const FIRST_ROWS = 64;
const MAX_ROWS = 8192;

/**
 * Rows `[fromRow, toRow)` of a batch as what `copy … from stdin (format binary)` reads, header and
 * trailer included, in chunks of about 256 KiB. Every chunk is a buffer of its own. The table's
 * columns must have the types that `createTableSql` gives them.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../../core/mod.ts";
 * import { encodeCopyBinary } from "./copy_binary.ts";
 *
 * const batch = new Batch(s.struct({ id: s.short() }));
 * batch.append({ id: 258 });
 * const [chunk] = encodeCopyBinary(batch);
 * deepEqual(chunk?.slice(19), Uint8Array.of(0, 1, 0, 0, 0, 2, 1, 2, 255, 255));
 * ```
 */
export function encodeCopyBinary(
  batch: Batch,
  fromRow = 0,
  toRow: number = batch.numRows,
): Generator<Uint8Array, void> {
  return encodeCells(batch.columns.map((column) => columnWriter(column)), fromRow, toRow);
}

/** The same for rows of cells that are not a batch's columns in their order. */
export function* encodeCells(
  writers: readonly CellWriter[],
  fromRow: number,
  toRow: number,
): Generator<Uint8Array, void> {
  const sizes = new Int32Array(MAX_ROWS);
  const positions = new Int32Array(MAX_ROWS);
  let wantedRows = FIRST_ROWS;
  let start = HEADER.length;
  let row = fromRow;
  do {
    const rows = Math.min(wantedRows, toRow - row);
    sizes.fill(COUNT_BYTES, 0, rows);
    for (const writer of writers) writer.addSizes(row, rows, sizes);
    const { count, end } = placeRows(sizes, positions, rows, start);
    const isLast = row + count === toRow;
    const target = newTarget(isLast ? end + COUNT_BYTES : end);
    if (row === fromRow) target.bytes.set(HEADER);
    for (let i = 0; i < count; i++) {
      target.view.setInt16(positions[i]!, writers.length);
      positions[i]! += COUNT_BYTES;
    }
    for (const writer of writers) writer.write(row, count, positions, target);
    if (isLast) target.view.setInt16(end, END_COUNT);
    yield target.bytes;
    row += count;
    wantedRows = Math.min(Math.ceil(count * CHUNK_BYTES / end), MAX_ROWS);
    start = 0;
  } while (row < toRow);
}

/** Lays rows one after the other, from `start` until the chunk is full; at least one. */
function placeRows(
  sizes: Int32Array,
  positions: Int32Array,
  rows: number,
  start: number,
): { count: number; end: number } {
  let end = start;
  for (let i = 0; i < rows; i++) {
    if (i > 0 && end + sizes[i]! > CHUNK_BYTES) return { count: i, end };
    positions[i] = end;
    end += sizes[i]!;
  }
  return { count: rows, end };
}

function newTarget(length: number): CopyTarget {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}
