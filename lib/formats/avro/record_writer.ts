import { type Column, SluiceError, type StructColumn } from "../../core/mod.ts";
import type { AvroOutput } from "./avro_output.ts";
import type { ValueWriter } from "./value_writer.ts";

/** One field of a record that is written. */
export interface FieldWriter {
  /** The field's name, for messages. */
  readonly name: string;
  /** What writes it. */
  readonly writer: ValueWriter;
  /** The index of the column it comes from; any where the writer looks at none. */
  readonly column: number;
}

/** The fields of a record, in the order of the writer's schema. */
export class RecordWriter {
  readonly #fields: readonly FieldWriter[];

  constructor(fields: readonly FieldWriter[]) {
    this.#fields = fields;
  }

  /**
   * Writes one row of the columns.
   *
   * @throws {SluiceError} `BAD_VALUE`, naming the field.
   */
  write(columns: readonly Column[], row: number, output: AvroOutput): void {
    for (const { name, writer, column } of this.#fields) {
      try {
        writer.write(columns[column]!, row, output);
      } catch (cause) {
        if (!(cause instanceof SluiceError)) throw cause;
        const inner = cause.details.where?.replace(/^field "(.*)"$/, ".$1") ?? "";
        throw new SluiceError(cause.code, { ...cause.details, where: `field "${name}${inner}"` });
      }
    }
  }
}

/** struct as record. */
export class StructWriter implements ValueWriter {
  readonly #record: RecordWriter;

  constructor(record: RecordWriter) {
    this.#record = record;
  }

  write(column: StructColumn, row: number, output: AvroOutput): void {
    this.#record.write(column.children, row, output);
  }
}
