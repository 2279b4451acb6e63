import type { Batch, RecordBlock, Rejection } from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import { AvroInput } from "./avro_input.ts";
import type { RecordReader } from "./nested_reader.ts";

/** What reads records, and what is said of one that it cannot read. */
export interface ReadWay {
  /** Reads them. */
  readonly record: RecordReader;
  /** Adds to an error what there is to know of the schema. */
  describe(error: string): string;
}

/** The way to read the record in `bytes[start, end)`, or why there is none. */
export type WayOf = (bytes: Uint8Array, start: number, end: number) => ReadWay | string;

/** Reads the records of blocks into batches. */
export class RowReader {
  readonly #headerBytes: number;
  readonly #input = new AvroInput();

  /** `headerBytes` stand before each record. */
  constructor(headerBytes: number) {
    this.#headerBytes = headerBytes;
  }

  /** Adds a row for each good record, and returns the others. */
  readBlock<Row>(block: RecordBlock, batch: Batch<Row>, wayOf: WayOf): Rejection[] {
    const { bytes, valueStarts, valueEnds } = block;
    const rejections: Rejection[] = [];
    batch.reserve(batch.numRows + block.count);
    for (let index = 0; index < block.count; index++) {
      const start = valueStarts[index]!;
      const end = valueEnds[index]!;
      const way = start < 0 ? "value is null (a tombstone)" : wayOf(bytes, start, end);
      const error = typeof way === "string" ? way : this.#readRow(way, bytes, start, end, batch);
      if (error !== undefined) rejections.push({ index, error });
    }
    return rejections;
  }

  /** Adds a row, or tells why there is none. */
  #readRow<Row>(
    way: ReadWay,
    bytes: Uint8Array,
    start: number,
    end: number,
    batch: Batch<Row>,
  ): string | undefined {
    const row = batch.numRows;
    const input = this.#input;
    try {
      input.reset(bytes, start + this.#headerBytes, end);
      way.record.read(input, batch.columns);
      if (input.pos !== end) throw new Unreadable(`${end - input.pos} bytes follow the record`);
      return undefined;
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      // Every column, those of the same length too: below it a struct's fields may be longer.
      for (const column of batch.columns) column.truncate(row);
      return way.describe(error.describe());
    }
  }
}
