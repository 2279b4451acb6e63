import { type Column, createColumn, type DataType, SluiceError, typeName } from "../core/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { type FieldsReader, fieldsReader, type FieldsWriter, fieldsWriter } from "./value_codec.ts";

/**
 * Group keys in bytes: two keys have the same bytes if and only if Spark puts them into one group.
 * NaN is NaN, -0.0 is 0.0, null is null, decimals are compared by value, text and bytes by their
 * bytes, maps whatever the order of their pairs (Spark's `NormalizeFloatingNumbers` and
 * `InsertMapSortInGroupingExpressions`). No key's bytes begin with those of another, so that
 * `withPrefix(key)` finds what has this key and more bytes behind it, and nothing else.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, schema as s } from "../core/mod.ts";
 * import { KeyCodec } from "./key_codec.ts";
 *
 * const batch = new Batch(s.struct({ x: s.double(), symbol: s.string().nullable() }));
 * batch.append({ x: 0, symbol: null });
 * batch.append({ x: -0, symbol: null });
 *
 * const codec = new KeyCodec(["double", "string"]);
 * deepEqual(codec.encode(batch.columns, 0), codec.encode(batch.columns, 1));
 * deepEqual(codec.decodeValues(codec.encode(batch.columns, 1)), [0, null]);
 * ```
 */
export class KeyCodec {
  /** The types of the key columns, in order; none for the key that all rows have. */
  readonly types: readonly DataType[];
  readonly #write: FieldsWriter;
  readonly #read: FieldsReader;
  readonly #writer = new ByteWriter();
  readonly #oneRow: readonly Column[];

  /** Makes a codec for keys of these types. */
  constructor(types: readonly DataType[]) {
    this.types = types;
    this.#write = fieldsWriter(types, true);
    this.#read = fieldsReader(types);
    this.#oneRow = types.map((type) => createColumn(type, 1));
  }

  /** The key of a row of these columns, in bytes of its own. */
  encode(columns: readonly Column[], row: number): Uint8Array {
    this.#write(this.#writer, columns, row);
    return this.#writer.take();
  }

  /**
   * The key of these values, which are as rows hold them.
   *
   * @throws {SluiceError} `BAD_VALUE` if one is not of its type.
   */
  encodeValues(values: readonly unknown[]): Uint8Array {
    this.#oneRow.forEach((column, i) => {
      column.truncate(0);
      column.append(values[i]);
    });
    return this.encode(this.#oneRow, 0);
  }

  /**
   * Appends the values of the key that starts at `start` to columns, and returns where it ends; what
   * is behind it is left alone. A map has its pairs in the order of their keys' bytes.
   *
   * @throws {SluiceError} `STATE_DAMAGED` if the bytes are not such a key.
   */
  decode(bytes: Uint8Array, columns: readonly Column[], start = 0): number {
    const reader = new ByteReader(bytes, start);
    try {
      this.#read(reader, columns);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new SluiceError("STATE_DAMAGED", {
        attempted: "read a key of state",
        found: `${bytes.length} bytes of something else: ${cause.message}`,
        wanted: this.types.map(typeName).join(", "),
        cause,
      });
    }
    return reader.at;
  }

  /**
   * The values of a key, as rows hold them.
   *
   * @throws {SluiceError} as `decode`.
   */
  decodeValues(bytes: Uint8Array): unknown[] {
    for (const column of this.#oneRow) column.truncate(0);
    this.decode(bytes, this.#oneRow);
    return this.#oneRow.map((column) => column.get(0));
  }
}
