import {
  BytesColumn,
  type Column,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../core/mod.ts";

/**
 * How a column's values are written: `dictionary` where they repeat, `delta` for integers that do
 * not (as differences, which are small for ids and times), `plain` for all else that does not.
 */
export type ColumnEncoding = "dictionary" | "delta" | "plain";

const SAMPLE_ROWS = 256;

/**
 * Chooses a column's encoding by a sample of its rows. Looking every value up in a dictionary that
 * is given up in the end is what costs most in writing a file.
 */
export function columnEncoding(column: Column): ColumnEncoding {
  if (column instanceof Int64Column) {
    const { words } = column;
    return mostlyDistinct(column, (row) => words[row * 2 + 1]! * 4294967296 + words[row * 2]!)
      ? "delta"
      : "dictionary";
  }
  if (column instanceof NumberColumn) {
    const { values } = column;
    if (!mostlyDistinct(column, (row) => values[row]!)) return "dictionary";
    return column.bounds === undefined ? "plain" : "delta";
  }
  if (column instanceof Decimal128Column) {
    const { values } = column;
    return mostlyDistinct(column, (row) => Number(values[row * 2]!)) ? "plain" : "dictionary";
  }
  if (column instanceof BytesColumn) {
    return mostlyDistinct(column, (row) => hash(column.bytesAt(row))) ? "plain" : "dictionary";
  }
  return "dictionary";
}

/** True if more than half of the rows looked at have a value of their own. */
function mostlyDistinct(column: Column, keyOf: (row: number) => number): boolean {
  const sampled = Math.min(column.length, SAMPLE_ROWS);
  const keys = new Set<number>();
  for (let i = 0; i < sampled; i++) {
    keys.add(keyOf(Math.floor(i * column.length / sampled)));
  }
  return keys.size * 2 > sampled;
}

function hash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}
