import {
  BooleanColumn,
  BytesColumn,
  type Column,
  Decimal128Column,
  Int64Column,
  NumberColumn,
} from "../core/mod.ts";
import { ByteWriter } from "./byte_writer.ts";
import { fieldsWriter } from "./value_codec.ts";

/** Equality of the rows of one column, as group keys are equal. */
export interface ColumnEquality {
  /** Mixes the value of every row into its hash; equal values change equal hashes alike. */
  mixInto(hashes: Int32Array): void;
  /** True if two rows hold equal values, or both none. */
  same(a: number, b: number): boolean;
}

const NULL_HASH = 0x2545f491;

/** How the values of a column are compared. */
export function columnEquality(column: Column): ColumnEquality {
  if (column instanceof Int64Column) return wordsEquality(column, column.words, 2);
  if (column instanceof NumberColumn) return numberEquality(column);
  if (column instanceof BooleanColumn) return wordsEquality(column, column.values, 1);
  if (column instanceof BytesColumn) return bytesEquality(column, column);
  if (column instanceof Decimal128Column) {
    const { buffer, byteOffset } = column.values;
    return wordsEquality(column, new Int32Array(buffer, byteOffset, column.length * 4), 4);
  }
  return bytesEquality(column, encodedValues(column));
}

/** One step of a hash. */
export function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ mixed >>> 15;
}

/** Values of a fixed number of words each. */
function wordsEquality(
  column: Column,
  words: { readonly [index: number]: number },
  wordsPerRow: number,
): ColumnEquality {
  return {
    mixInto(hashes) {
      for (let row = 0; row < hashes.length; row++) {
        let hash = hashes[row]!;
        if (column.isNull(row)) hash = mix(hash, NULL_HASH);
        else {
          const end = (row + 1) * wordsPerRow;
          for (let i = row * wordsPerRow; i < end; i++) hash = mix(hash, words[i]!);
        }
        hashes[row] = hash;
      }
    },
    same(a, b) {
      if (column.isNull(a) || column.isNull(b)) return column.isNull(a) && column.isNull(b);
      for (let i = 0; i < wordsPerRow; i++) {
        if (words[a * wordsPerRow + i] !== words[b * wordsPerRow + i]) return false;
      }
      return true;
    },
  };
}

function numberEquality(column: NumberColumn): ColumnEquality {
  if (column.bounds !== undefined) return wordsEquality(column, column.values, 1);
  const canonical = Float64Array.from(
    { length: column.length },
    // -0 + 0 is 0; and a NaN may have come with any bits.
    (_, row) => Number.isNaN(column.values[row]!) ? NaN : column.values[row]! + 0,
  );
  return wordsEquality(column, new Int32Array(canonical.buffer), 2);
}

/** Compares the rows of `column` by what `bytes` has of each. */
function bytesEquality(
  column: Column,
  bytes: { readonly data: Uint8Array; readonly offsets: Int32Array },
): ColumnEquality {
  const { data, offsets } = bytes;
  return {
    mixInto(hashes) {
      for (let row = 0; row < hashes.length; row++) {
        let hash = hashes[row]!;
        if (column.isNull(row)) hash = mix(hash, NULL_HASH);
        else {
          const end = offsets[row + 1]!;
          for (let i = offsets[row]!; i < end; i++) hash = Math.imul(hash ^ data[i]!, 0x01000193);
          hash = mix(hash, end - offsets[row]!);
        }
        hashes[row] = hash;
      }
    },
    same(a, b) {
      if (column.isNull(a) || column.isNull(b)) return column.isNull(a) && column.isNull(b);
      const length = offsets[a + 1]! - offsets[a]!;
      if (offsets[b + 1]! - offsets[b]! !== length) return false;
      for (let i = offsets[a]!, j = offsets[b]!; i < offsets[a]! + length; i++, j++) {
        if (data[i] !== data[j]) return false;
      }
      return true;
    },
  };
}

/** The values of a nested column as keys have them. */
function encodedValues(column: Column): { data: Uint8Array; offsets: Int32Array } {
  const write = fieldsWriter([column.type], true);
  const writer = new ByteWriter();
  const offsets = new Int32Array(column.length + 1);
  for (let row = 0; row < column.length; row++) {
    write(writer, [column], row);
    offsets[row + 1] = writer.length;
  }
  return { data: writer.take(), offsets };
}
