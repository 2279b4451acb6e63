import type { RecordBlock, RecordHeader } from "../core/mod.ts";
import { BatchAttributes, type BatchHeader, corrupt } from "./record_batch.ts";
import { VarintReader } from "./varint.ts";

const decoder = new TextDecoder();

/** A block that is filled batch by batch. */
export class RecordArrays implements RecordBlock {
  readonly topic: string;
  readonly partition: number;
  count = 0;
  readonly bytes: Uint8Array;
  readonly baseOffset: bigint;
  readonly offsetDeltas: Int32Array;
  readonly timestampsMs: Float64Array;
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  readonly #headerStarts: Int32Array;
  readonly #reader: VarintReader;

  /** Makes an empty block with room for `capacity` records. */
  constructor(
    topic: string,
    partition: number,
    bytes: Uint8Array,
    baseOffset: bigint,
    capacity: number,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.bytes = bytes;
    this.baseOffset = baseOffset;
    this.offsetDeltas = new Int32Array(capacity);
    this.timestampsMs = new Float64Array(capacity);
    this.keyStarts = new Int32Array(capacity);
    this.keyEnds = new Int32Array(capacity);
    this.valueStarts = new Int32Array(capacity);
    this.valueEnds = new Int32Array(capacity);
    this.#headerStarts = new Int32Array(capacity);
    this.#reader = new VarintReader(bytes);
  }

  /**
   * Adds the records of a batch, at `bytes[start, end)`, whose offsets are in
   * `[startOffset, endOffsetExclusive)`.
   *
   * @throws {SluiceError} `CORRUPT_RECORDS`.
   */
  appendBatch(
    batch: BatchHeader,
    start: number,
    end: number,
    startOffset: bigint,
    endOffsetExclusive: bigint,
  ): void {
    const batchDelta = Number(batch.baseOffset - this.baseOffset);
    const firstDelta = Number(startOffset - batch.baseOffset);
    const endDelta = Number(endOffsetExclusive - batch.baseOffset);
    const appendTimeMs = (batch.attributes & BatchAttributes.LOG_APPEND_TIME) !== 0
      ? batch.maxTimestampMs
      : undefined;
    const reader = this.#reader;
    let row = this.count;
    reader.at = start;
    for (let i = 0; i < batch.recordCount; i++) {
      const length = reader.varint();
      const recordEnd = reader.at + length;
      reader.at++;
      const timestampDelta = reader.varlong();
      const offsetDelta = reader.varint();
      const keyLength = reader.varint();
      const keyStart = reader.at;
      if (keyLength > 0) reader.at += keyLength;
      const valueLength = reader.varint();
      const valueStart = reader.at;
      if (valueLength > 0) reader.at += valueLength;
      if (!(length > 0 && recordEnd <= end && reader.at < recordEnd)) throw this.#broken(batch, i);
      if (offsetDelta >= firstDelta && offsetDelta < endDelta) {
        this.offsetDeltas[row] = batchDelta + offsetDelta;
        this.timestampsMs[row] = appendTimeMs ?? batch.baseTimestampMs + timestampDelta;
        this.keyStarts[row] = keyLength < 0 ? -1 : keyStart;
        this.keyEnds[row] = keyLength < 0 ? -1 : keyStart + keyLength;
        this.valueStarts[row] = valueLength < 0 ? -1 : valueStart;
        this.valueEnds[row] = valueLength < 0 ? -1 : valueStart + valueLength;
        this.#headerStarts[row] = reader.at;
        row++;
      }
      reader.at = recordEnd;
    }
    this.count = row;
  }

  /** The headers of one record, in order. */
  headers(index: number): RecordHeader[] {
    const reader = this.#reader;
    reader.at = this.#headerStarts[index]!;
    return Array.from({ length: reader.varint() }, () => {
      const key = this.#taken(reader.varint()) ?? new Uint8Array();
      return { key: decoder.decode(key), value: this.#taken(reader.varint())?.slice() ?? null };
    });
  }

  #taken(length: number): Uint8Array | null {
    if (length < 0) return null;
    const start = this.#reader.at;
    this.#reader.at += length;
    return this.bytes.subarray(start, this.#reader.at);
  }

  #broken(batch: BatchHeader, index: number): Error {
    return corrupt(
      `${this.topic}-${this.partition}@${batch.baseOffset}`,
      `record ${index} of ${batch.recordCount} longer than its batch`,
    );
  }
}
