import { Batch, type Schema } from "../../core/mod.ts";
import { AvroOutput } from "./avro_output.ts";
import { type AvroSchemaJson, parseAvroSchema } from "./parse_avro_schema.ts";
import { planWriter } from "./plan_writer.ts";
import type { RecordWriter } from "./record_writer.ts";

/**
 * Writes rows in Avro's binary encoding, one piece of bytes a row, without a header of any kind.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../core/mod.ts";
 * import { AvroEncoder } from "./avro_encoder.ts";
 * import { avroSchema } from "./avro_schema.ts";
 *
 * const Test = s.struct({ a: s.long(), b: s.string() });
 * const encoder = new AvroEncoder(Test, avroSchema(Test, "test"));
 * // The example of Avro's specification.
 * deepEqual(encoder.encodeRow({ a: 27n, b: "foo" }), Uint8Array.of(0x36, 0x06, 0x66, 0x6f, 0x6f));
 * ```
 */
export class AvroEncoder<Row> {
  readonly #batch: Batch<Row>;
  readonly #record: RecordWriter;
  readonly #output = new AvroOutput();

  /**
   * Prepares to write rows of a schema as records of a writer's schema.
   *
   * @throws {SluiceError} `BAD_AVRO_SCHEMA`; `SCHEMA_MISMATCH` if a column would be lost.
   */
  constructor(schema: Schema<Row>, writer: AvroSchemaJson) {
    this.#batch = new Batch(schema);
    this.#record = planWriter(schema.fields, parseAvroSchema(writer));
  }

  /**
   * The bytes of a row.
   *
   * @throws {SluiceError} `BAD_VALUE`, naming the column or the field.
   */
  encodeRow(row: Row): Uint8Array {
    this.#batch.truncate(0);
    this.#batch.append(row);
    return this.#encode(this.#batch, 0);
  }

  /**
   * The bytes of each row of a batch of the same schema.
   *
   * @throws {SluiceError} `BAD_VALUE`, naming the field.
   */
  encodeBatch(batch: Batch<Row>): Uint8Array[] {
    return Array.from({ length: batch.numRows }, (_, row) => this.#encode(batch, row));
  }

  #encode(batch: Batch<Row>, row: number): Uint8Array {
    try {
      this.#record.write(batch.columns, row, this.#output);
    } catch (error) {
      this.#output.finish();
      throw error;
    }
    return this.#output.finish();
  }
}
