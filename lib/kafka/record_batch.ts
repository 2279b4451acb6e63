import { SluiceError } from "../core/mod.ts";
import { crc32c } from "./crc32c.ts";

/** Bytes before the records of a batch. Spec: Kafka's message format, "Record Batch". */
export const BATCH_HEADER_BYTES = 61;
/** Bytes before the part of a batch that its length counts: base offset and the length itself. */
const LOG_OVERHEAD_BYTES = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAGIC_V2 = 2;
// No record is shorter: seven fields of one byte.
const MIN_RECORD_BYTES = 7;

/** Bits of a batch's attributes. */
export const BatchAttributes = {
  COMPRESSION: 0x07,
  LOG_APPEND_TIME: 0x08,
  TRANSACTIONAL: 0x10,
  CONTROL: 0x20,
} as const;

/** The header of a record batch of format v2. */
export interface BatchHeader {
  /** Where the batch begins. */
  readonly start: number;
  /** Where it ends (exclusive). */
  readonly end: number;
  readonly baseOffset: bigint;
  /** Of the batch as it was written: compaction may have removed the record. */
  readonly lastOffset: bigint;
  readonly attributes: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: bigint;
  readonly recordCount: number;
}

/**
 * Finds the batches in fetched bytes; one that is cut off at the end is left out.
 *
 * @throws {SluiceError} `UNSUPPORTED_MESSAGE_FORMAT` for formats v0 and v1, `CORRUPT_RECORDS`.
 */
export function findBatches(bytes: Uint8Array, topicPartition: string): BatchHeader[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batches: BatchHeader[] = [];
  let start = 0;
  while (start + MAGIC_AT < bytes.length) {
    const baseOffset = view.getBigInt64(start);
    const end = start + LOG_OVERHEAD_BYTES + view.getInt32(start + 8);
    const magic = view.getInt8(start + MAGIC_AT);
    if (magic !== MAGIC_V2) throw unsupportedFormat(`${topicPartition}@${baseOffset}`, magic);
    if (end > bytes.length) break;
    if (end < start + BATCH_HEADER_BYTES) {
      throw corrupt(`${topicPartition}@${baseOffset}`, `a batch of ${end - start} bytes`);
    }
    batches.push({
      start,
      end,
      baseOffset,
      lastOffset: baseOffset + BigInt(view.getInt32(start + 23)),
      attributes: view.getInt16(start + ATTRIBUTES_AT),
      baseTimestampMs: Number(view.getBigInt64(start + 27)),
      maxTimestampMs: Number(view.getBigInt64(start + 35)),
      producerId: view.getBigInt64(start + 43),
      recordCount: view.getInt32(start + 57),
    });
    start = end;
  }
  return batches;
}

/**
 * Compares a batch with its checksum.
 *
 * @throws {SluiceError} `CORRUPT_RECORDS`.
 */
export function checkBatch(bytes: Uint8Array, batch: BatchHeader, topicPartition: string): void {
  const { start } = batch;
  const wanted = (bytes[start + CRC_AT]! << 24 | bytes[start + CRC_AT + 1]! << 16 |
    bytes[start + CRC_AT + 2]! << 8 | bytes[start + CRC_AT + 3]!) >>> 0;
  const found = crc32c(bytes, start + ATTRIBUTES_AT, batch.end);
  if (found === wanted) return;
  throw new SluiceError("CORRUPT_RECORDS", {
    attempted: "read a record batch",
    where: `${topicPartition}@${batch.baseOffset}`,
    found: `CRC-32C ${hex(found)}`,
    wanted: hex(wanted),
    hint: "the bytes changed on the broker's disk or on the way; read again, or from a replica",
  });
}

/** Refuses a count of records that cannot be in that many bytes, before arrays are made for it. */
export function checkRecordCount(
  batch: BatchHeader,
  recordBytes: number,
  topicPartition: string,
): void {
  const { recordCount, baseOffset } = batch;
  if (recordCount >= 0 && recordCount * MIN_RECORD_BYTES <= recordBytes) return;
  throw corrupt(
    `${topicPartition}@${baseOffset}`,
    `${recordCount} records in ${recordBytes} bytes`,
  );
}

/** The error for bytes that do not follow the format. */
export function corrupt(where: string, found: string): SluiceError {
  return new SluiceError("CORRUPT_RECORDS", {
    attempted: "read a record batch",
    where,
    found,
    wanted: "Kafka's message format v2",
  });
}

function unsupportedFormat(where: string, magic: number): SluiceError {
  return new SluiceError("UNSUPPORTED_MESSAGE_FORMAT", {
    attempted: "read records",
    where,
    found: `message format v${magic}`,
    wanted: "v2, which Kafka has written since 0.11",
    hint: "copy the topic to a new one with any current Kafka client and read that",
  });
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
