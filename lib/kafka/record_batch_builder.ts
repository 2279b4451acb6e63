import type { RecordHeader } from "../core/mod.ts";
import type { Codec } from "./compression.ts";
import { crc32c } from "./crc32c.ts";
import { BATCH_HEADER_BYTES, BatchAttributes } from "./record_batch.ts";

const ATTRIBUTES_AT = 21;
/** Half of what a broker takes by default (`message.max.bytes`). */
export const DEFAULT_BATCH_BYTES: number = 512 << 10;
// Lengths, deltas and counts of a record, each at its longest, and of a header.
const MAX_RECORD_OVERHEAD_BYTES = 36;
const MAX_HEADER_OVERHEAD_BYTES = 10;
const encoder = new TextEncoder();

/** A record to write, key and value as bytes. */
export interface RawRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
}

/** What a batch says about its writer. */
export interface BatchWriter {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
}

/** Collects records into a record batch of format v2. Spec: Kafka's message format. */
export class RecordBatchBuilder {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = BATCH_HEADER_BYTES;
  #count = 0;
  #baseTimestampMs = 0;
  #maxTimestampMs = 0;
  readonly #maxBytes: number;

  /** Makes an empty batch; it grows past `maxBytes` only for one record that is longer. */
  constructor(maxBytes: number = DEFAULT_BATCH_BYTES, capacity = 4096) {
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(capacity);
  }

  /** How many records there are. */
  get count(): number {
    return this.#count;
  }

  /** How long the batch is so far, not compressed. */
  get byteLength(): number {
    return this.#length;
  }

  /** True if a record of these parts should go to a new batch. */
  isFullFor(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = [],
  ): boolean {
    if (this.#count === 0) return false;
    let size = MAX_RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
    for (const header of headers) {
      size += MAX_HEADER_OVERHEAD_BYTES + header.key.length * 3 + (header.value?.length ?? 0);
    }
    return this.#length + size > this.#maxBytes;
  }

  /** Adds a record. */
  append({ key, value, headers, timestampMs }: RawRecord): void {
    if (this.#count === 0) this.#baseTimestampMs = this.#maxTimestampMs = timestampMs;
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, timestampMs);
    const timestampDelta = timestampMs - this.#baseTimestampMs;
    const encodedHeaders = headers.map((header) => ({
      key: encoder.encode(header.key),
      value: header.value,
    }));
    let size = 1 + varlongSize(timestampDelta) + varlongSize(this.#count) +
      fieldSize(key) + fieldSize(value) + varlongSize(headers.length);
    for (const header of encodedHeaders) size += fieldSize(header.key) + fieldSize(header.value);
    this.#reserve(size + 5);
    this.#varlong(size);
    this.#bytes[this.#length++] = 0;
    this.#varlong(timestampDelta);
    this.#varlong(this.#count);
    this.#field(key);
    this.#field(value);
    this.#varlong(headers.length);
    for (const header of encodedHeaders) {
      this.#field(header.key);
      this.#field(header.value);
    }
    this.#count++;
  }

  /** The batch as it goes over the wire. The builder is used up. */
  finish(writer: BatchWriter, compressionType: number, codec: Codec): Uint8Array {
    let batch = this.#bytes.subarray(0, this.#length);
    if (compressionType !== 0) {
      const packed = codec.compress(batch.subarray(BATCH_HEADER_BYTES));
      batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
      batch.set(packed, BATCH_HEADER_BYTES);
    }
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    view.setInt32(8, batch.length - 12);
    view.setInt32(12, -1);
    view.setInt8(16, 2);
    view.setInt16(
      ATTRIBUTES_AT,
      compressionType | (writer.transactional ? BatchAttributes.TRANSACTIONAL : 0),
    );
    view.setInt32(23, this.#count - 1);
    view.setBigInt64(27, BigInt(this.#baseTimestampMs));
    view.setBigInt64(35, BigInt(this.#maxTimestampMs));
    view.setBigInt64(43, writer.producerId);
    view.setInt16(51, writer.producerEpoch);
    view.setInt32(53, writer.baseSequence);
    view.setInt32(57, this.#count);
    view.setUint32(17, crc32c(batch, ATTRIBUTES_AT, batch.length));
    return batch;
  }

  #field(bytes: Uint8Array | null): void {
    if (bytes === null) return this.#varlong(-1);
    this.#varlong(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #varlong(value: number): void {
    // Zigzag, in plain numbers: timestamps are far below 2^53.
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function fieldSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varlongSize(bytes.length) + bytes.length;
}

function varlongSize(value: number): number {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size++;
  }
  return size;
}
