import { BytesColumn, type Column, jsonText } from "../../core/mod.ts";
import { type CellWriter, type CopyTarget, LENGTH_BYTES, writeNull } from "./cell_writer.ts";

const JSONB_VERSION = 1;
const utf8 = new TextEncoder();

/** Nested values made into JSON, or a string column of JSON texts, as jsonb. */
export class JsonbWriter implements CellWriter {
  readonly #column: Column;
  /** The texts of the rows whose sizes were asked for last. */
  #texts: (Uint8Array | undefined)[] = [];

  /** Writes the column. */
  constructor(column: Column) {
    this.#column = column;
  }

  addSizes(fromRow: number, count: number, sizes: Int32Array): void {
    this.#texts = [];
    for (let i = 0; i < count; i++) {
      const text = this.#textAt(fromRow + i);
      this.#texts.push(text);
      sizes[i]! += text === undefined ? LENGTH_BYTES : LENGTH_BYTES + 1 + text.length;
    }
  }

  write(_row: number, count: number, positions: Int32Array, target: CopyTarget): void {
    const { bytes, view } = target;
    for (let i = 0; i < count; i++) {
      const at = positions[i]!;
      const text = this.#texts[i];
      if (text === undefined) {
        positions[i] = writeNull(view, at);
        continue;
      }
      view.setInt32(at, 1 + text.length);
      bytes[at + 4] = JSONB_VERSION;
      bytes.set(text, at + 5);
      positions[i] = at + 5 + text.length;
    }
  }

  #textAt(row: number): Uint8Array | undefined {
    const column = this.#column;
    if (column.isNull(row)) return undefined;
    return column instanceof BytesColumn ? column.bytesAt(row) : utf8.encode(jsonText(column, row));
  }
}
