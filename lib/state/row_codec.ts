import { Batch, type Column, errorText, type Schema, SluiceError, typeName } from "../core/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { type FieldsReader, fieldsReader, type FieldsWriter, fieldsWriter } from "./value_codec.ts";

/** How a row's bytes begin; a new way to write rows gets the next number. */
const ROW_VERSION = 1;

/**
 * Rows of one schema in bytes, exact for all types; straight from the columns of a batch and back.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Batch, Decimal, schema as s } from "../core/mod.ts";
 * import { RowCodec } from "./row_codec.ts";
 *
 * const Total = s.struct({ symbol: s.string(), total: s.decimal(38, 8).nullable() });
 * const codec = new RowCodec(Total);
 * const bytes = codec.encodeRow({ symbol: "BTC", total: Decimal.parse("0.00000001") });
 *
 * const batch = new Batch(Total);
 * codec.decode(bytes, batch.columns);
 * deepEqual(codec.encode(batch.columns, 0), bytes);
 * ```
 */
export class RowCodec<Row = Record<string, unknown>> {
  /** Names and types of the columns. */
  readonly schema: Schema<Row>;
  readonly #write: FieldsWriter;
  readonly #read: FieldsReader;
  readonly #writer = new ByteWriter();
  readonly #oneRow: Batch<Row>;

  /** Makes a codec for rows of this schema. */
  constructor(schema: Schema<Row>) {
    const types = schema.fields.map((field) => field.type);
    this.schema = schema;
    this.#write = fieldsWriter(types, false);
    this.#read = fieldsReader(types);
    this.#oneRow = new Batch(schema, 1);
  }

  /** A row of these columns, which have the types of the schema, in bytes of its own. */
  encode(columns: readonly Column[], row: number): Uint8Array {
    this.#writer.byte(ROW_VERSION);
    this.#write(this.#writer, columns, row);
    return this.#writer.take();
  }

  /**
   * Appends a row to columns, which have the types of the schema. The bytes are copied.
   *
   * @throws {SluiceError} `STATE_DAMAGED` if the bytes are not such a row, `STATE_NEWER` if a newer
   * version wrote them; the columns are then of no use.
   */
  decode(bytes: Uint8Array, columns: readonly Column[]): void {
    if (bytes[0] !== ROW_VERSION) throw this.#unreadable(bytes);
    const reader = new ByteReader(bytes, 1);
    try {
      this.#read(reader, columns);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw this.#unreadable(bytes, cause);
    }
    if (reader.at !== bytes.length) throw this.#unreadable(bytes);
  }

  /**
   * The bytes of a row object.
   *
   * @throws {SluiceError} `BAD_VALUE` naming the column, if the schema cannot hold a value.
   */
  encodeRow(row: Row): Uint8Array {
    this.#oneRow.truncate(0);
    this.#oneRow.append(row);
    return this.encode(this.#oneRow.columns, 0);
  }

  /**
   * The row object of these bytes.
   *
   * @throws {SluiceError} as `decode`.
   */
  decodeRow(bytes: Uint8Array): Row {
    this.#oneRow.truncate(0);
    this.decode(bytes, this.#oneRow.columns);
    return this.#oneRow.row(0);
  }

  #unreadable(bytes: Uint8Array, cause?: RangeError): SluiceError {
    const version = bytes[0] ?? 0;
    const isNewer = version > ROW_VERSION;
    return new SluiceError(isNewer ? "STATE_NEWER" : "STATE_DAMAGED", {
      attempted: "read a row of state",
      found: isNewer
        ? `row version ${version}`
        : `${bytes.length} bytes of something else${cause ? `: ${errorText(cause)}` : ""}`,
      wanted: `${typeName(this.schema.type)} in row version ${ROW_VERSION}`,
      cause,
    });
  }
}
