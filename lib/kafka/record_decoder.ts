import type { RecordBlock } from "../core/mod.ts";
import { codecOf } from "./compression.ts";
import type { AbortedTransaction } from "./fetch.ts";
import {
  BATCH_HEADER_BYTES,
  BatchAttributes,
  type BatchHeader,
  checkBatch,
  checkRecordCount,
} from "./record_batch.ts";
import { RecordArrays } from "./record_arrays.ts";
import { VarintReader } from "./varint.ts";

const MAX_DELTA = 2 ** 31 - 1;
// A block of unpacked batches is handed over once it holds this much.
const UNPACKED_BLOCK_BYTES = 4 << 20;
const ABORT_MARKER = 0;

/** Fetched bytes of one partition, and which part of them is wanted. */
export interface FetchedRecords {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
  /** What `findBatches` found in the bytes. */
  readonly batches: readonly BatchHeader[];
  /** Records of these are left out; empty when uncommitted records are wanted too. */
  readonly abortedTransactions: readonly AbortedTransaction[];
  readonly startOffset: bigint;
  readonly endOffsetExclusive: bigint;
}

/** A block, and how far one is when it was taken. */
export interface DecodedBlock {
  readonly block: RecordBlock;
  /** The offset after the last batch in the block; may lie beyond the wanted end. */
  readonly nextOffset: bigint;
  /** Bytes of the block's records, unpacked. */
  readonly recordBytes: number;
}

/** A batch whose records can be read: their bytes and where they begin and end. */
interface Section {
  readonly batch: BatchHeader;
  readonly start: number;
  readonly end: number;
}

/**
 * The wanted records, in as few blocks as possible: batches that are not compressed are read where
 * they lie, the others are unpacked into bytes of their own.
 *
 * @throws {SluiceError} `CORRUPT_RECORDS` with topic, partition and offset.
 */
export async function* decodeRecords(fetched: FetchedRecords): AsyncGenerator<DecodedBlock> {
  const topicPartition = `${fetched.topic}-${fetched.partition}`;
  let inPlace: Section[] = [];
  let unpacked = new UnpackedRun();
  for (const batch of visibleBatches(fetched, topicPartition)) {
    const type = batch.attributes & BatchAttributes.COMPRESSION;
    const start = batch.start + BATCH_HEADER_BYTES;
    if (inPlace.length > 0 && (type !== 0 || !fits(inPlace[0]!.batch, batch))) {
      yield* decodeSections(fetched, fetched.bytes, inPlace);
      inPlace = [];
    }
    if (
      unpacked.sections.length > 0 &&
      (type === 0 || unpacked.length > UNPACKED_BLOCK_BYTES ||
        !fits(unpacked.sections[0]!.batch, batch))
    ) {
      yield* decodeSections(fetched, unpacked.bytes(), unpacked.sections);
      unpacked = new UnpackedRun();
    }
    if (type === 0) {
      checkRecordCount(batch, batch.end - start, topicPartition);
      inPlace.push({ batch, start, end: batch.end });
    } else {
      const codec = await codecOf(type);
      const bytes = codec.decompress(fetched.bytes.subarray(start, batch.end));
      checkRecordCount(batch, bytes.length, topicPartition);
      unpacked.push(batch, bytes);
    }
  }
  if (inPlace.length > 0) yield* decodeSections(fetched, fetched.bytes, inPlace);
  if (unpacked.sections.length > 0) {
    yield* decodeSections(fetched, unpacked.bytes(), unpacked.sections);
  }
}

/** Compressed batches, unpacked one after the other. */
class UnpackedRun {
  readonly sections: Section[] = [];
  length = 0;
  readonly #parts: Uint8Array[] = [];

  push(batch: BatchHeader, bytes: Uint8Array): void {
    this.sections.push({ batch, start: this.length, end: this.length + bytes.length });
    this.#parts.push(bytes);
    this.length += bytes.length;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    this.#parts.forEach((part, i) => bytes.set(part, this.sections[i]!.start));
    return bytes;
  }
}

function* decodeSections(
  fetched: FetchedRecords,
  bytes: Uint8Array,
  sections: readonly Section[],
): Generator<DecodedBlock> {
  const { topic, partition, startOffset, endOffsetExclusive } = fetched;
  const { baseOffset } = sections[0]!.batch;
  const capacity = sections.reduce((sum, { batch }) => sum + batch.recordCount, 0);
  const block = new RecordArrays(topic, partition, bytes, baseOffset, capacity);
  let recordBytes = 0;
  for (const { batch, start, end } of sections) {
    block.appendBatch(batch, start, end, startOffset, endOffsetExclusive);
    recordBytes += end - start;
  }
  if (block.count === 0) return;
  yield { block, nextOffset: sections.at(-1)!.batch.lastOffset + 1n, recordBytes };
}

/** The batches that hold wanted records: no control batches, nothing aborted, checksums right. */
function* visibleBatches(fetched: FetchedRecords, topicPartition: string): Generator<BatchHeader> {
  const { bytes, batches, startOffset, endOffsetExclusive } = fetched;
  const pending = fetched.abortedTransactions.toSorted((a, b) =>
    a.firstOffset < b.firstOffset ? -1 : 1
  );
  const abortedProducers = new Set<bigint>();
  for (const batch of batches) {
    if (batch.baseOffset >= endOffsetExclusive) return;
    while (pending.length > 0 && pending[0]!.firstOffset <= batch.lastOffset) {
      abortedProducers.add(pending.shift()!.producerId);
    }
    const transactional = (batch.attributes & BatchAttributes.TRANSACTIONAL) !== 0;
    if ((batch.attributes & BatchAttributes.CONTROL) !== 0) {
      checkBatch(bytes, batch, topicPartition);
      if (isAbortMarker(bytes, batch)) abortedProducers.delete(batch.producerId);
    } else if (
      batch.lastOffset >= startOffset && batch.recordCount !== 0 &&
      !(transactional && abortedProducers.has(batch.producerId))
    ) {
      checkBatch(bytes, batch, topicPartition);
      yield batch;
    }
  }
}

function isAbortMarker(bytes: Uint8Array, batch: BatchHeader): boolean {
  if (batch.recordCount < 1) return false;
  const reader = new VarintReader(bytes);
  reader.at = batch.start + BATCH_HEADER_BYTES;
  reader.varint();
  reader.at++;
  reader.varlong();
  reader.varint();
  // The key is a version and a type, two bytes each.
  if (reader.varint() < 4) return false;
  return (bytes[reader.at + 2]! << 8 | bytes[reader.at + 3]!) === ABORT_MARKER;
}

function fits(first: BatchHeader, batch: BatchHeader): boolean {
  return batch.lastOffset - first.baseOffset <= BigInt(MAX_DELTA);
}
