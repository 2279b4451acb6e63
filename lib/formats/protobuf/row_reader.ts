import { type Batch, type RecordBlock, type Rejection, SluiceError } from "../../core/mod.ts";
import { Unreadable } from "../unreadable.ts";
import type { MessageReader } from "./message_reader.ts";
import { WireInput } from "./wire_input.ts";

/** How one record is read. */
export interface ReadWay {
  /** Reads it. */
  readonly reader: MessageReader;
  /** Where its message starts. */
  readonly start: number;
  /** Adds to an error what there is to know of the schema. */
  describe(error: string): string;
}

/** The way to read the record in `bytes[start, end)`, or why there is none. */
export type WayOf = (bytes: Uint8Array, start: number, end: number) => ReadWay | string;

/** Reads the records of blocks into batches. */
export class RowReader {
  readonly #input = new WireInput();

  /** Adds a row for each good record, and returns the others. */
  readBlock<Row>(block: RecordBlock, batch: Batch<Row>, wayOf: WayOf): Rejection[] {
    const { bytes, valueStarts, valueEnds } = block;
    const rejections: Rejection[] = [];
    batch.reserve(batch.numRows + block.count);
    for (let index = 0; index < block.count; index++) {
      const start = valueStarts[index]!;
      const end = valueEnds[index]!;
      const way = start < 0 ? "value is null (a tombstone)" : wayOf(bytes, start, end);
      const error = typeof way === "string" ? way : this.#readRow(way, bytes, end, batch);
      if (error !== undefined) rejections.push({ index, error });
    }
    return rejections;
  }

  /** Adds a row, or tells why there is none. */
  #readRow<Row>(
    { reader, start, describe }: ReadWay,
    bytes: Uint8Array,
    end: number,
    batch: Batch<Row>,
  ): string | undefined {
    try {
      this.#input.reset(bytes, start, end);
      batch.append(reader.finish(reader.readRecord(this.#input)) as Row);
      return undefined;
    } catch (error) {
      if (error instanceof Unreadable) return describe(error.describe());
      if (!(error instanceof SluiceError) || error.code !== "BAD_VALUE") throw error;
      const { where, found, wanted } = error.details;
      return describe(`${where}: found ${found}, wanted ${wanted}`);
    }
  }
}
