import type { Column } from "../../core/mod.ts";

/** Where cells go: the same bytes twice, for copies and for big-endian numbers. */
export interface CopyTarget {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** The length word of a cell without a value, which is all of it. */
const NULL_LENGTH = -1;

/** Bytes of a cell's length word. */
export const LENGTH_BYTES = 4;

/**
 * Writes one column's values as cells of Postgres' binary COPY, a run of rows at a time: a loop
 * over one column stays in one type, which is what makes it fast. Rows lie one after the other,
 * so all columns tell their sizes before the first is written.
 */
export interface CellWriter {
  /** Adds the bytes of each cell from `fromRow` on to `sizes`. */
  addSizes(fromRow: number, count: number, sizes: Int32Array): void;
  /**
   * Writes the cell of row `fromRow + i` at `positions[i]` and moves that to the cell's end, for
   * rows whose sizes were asked for last.
   */
  write(fromRow: number, count: number, positions: Int32Array, target: CopyTarget): void;
}

/** Cells that all take the same bytes, unless they are null. */
export abstract class FixedWriter<C extends Column> implements CellWriter {
  protected readonly column: C;
  readonly #cellBytes: number;

  /** Tells how many bytes a value takes. */
  constructor(column: C, valueBytes: number) {
    this.column = column;
    this.#cellBytes = LENGTH_BYTES + valueBytes;
  }

  addSizes(fromRow: number, count: number, sizes: Int32Array): void {
    const { validity } = this.column;
    const cellBytes = this.#cellBytes;
    for (let i = 0; i < count; i++) {
      sizes[i]! += validity !== undefined && validity[fromRow + i] === 0 ? LENGTH_BYTES : cellBytes;
    }
  }

  abstract write(
    fromRow: number,
    count: number,
    positions: Int32Array,
    target: CopyTarget,
  ): void;
}

/** Writes a cell without a value; returns where it ends. */
export function writeNull(view: DataView, at: number): number {
  view.setInt32(at, NULL_LENGTH);
  return at + LENGTH_BYTES;
}
