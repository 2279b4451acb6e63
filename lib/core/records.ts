import type { Batch } from "./batch.ts";
import { jsonText } from "./json_text.ts";

/** A header of a Kafka record. */
export interface RecordHeader {
  /** Its name; more headers of the record may have the same. */
  readonly key: string;
  /** Its bytes, or null. */
  readonly value: Uint8Array | null;
}

/**
 * Consecutive records of one topic-partition, as ranges of one run of bytes. No object is made for
 * a record: decoders read `bytes[valueStarts[i], valueEnds[i])`.
 */
export interface RecordBlock {
  /** The topic all records are from. */
  readonly topic: string;
  /** The partition all records are from. */
  readonly partition: number;
  /** How many records there are; the arrays may be longer. */
  readonly count: number;
  /** What the ranges point into. */
  readonly bytes: Uint8Array;
  /** The offset that `offsetDeltas` count from. */
  readonly baseOffset: bigint;
  /** Offset of each record, less `baseOffset`; ascending, with legal gaps. */
  readonly offsetDeltas: Int32Array;
  /** Milliseconds since 1970 of each record; -1 where it has none. */
  readonly timestampsMs: Float64Array;
  /** Where each key starts; -1 where there is none. */
  readonly keyStarts: Int32Array;
  /** Where each key ends (exclusive). */
  readonly keyEnds: Int32Array;
  /** Where each value starts; -1 where it is null (a tombstone). */
  readonly valueStarts: Int32Array;
  /** Where each value ends (exclusive). */
  readonly valueEnds: Int32Array;
  /** Set by sources of typed rows: one row a record, in order. Keys and values are then absent. */
  readonly rows?: Batch;
  /** The headers of one record, in order. */
  headers(index: number): RecordHeader[];
}

/** The offset of a record in a block. */
export function recordOffset(block: RecordBlock, index: number): bigint {
  return block.baseOffset + BigInt(block.offsetDeltas[index]!);
}

/** The key of a record in a block, not copied. */
export function recordKey(block: RecordBlock, index: number): Uint8Array | null {
  const start = block.keyStarts[index]!;
  return start < 0 ? null : block.bytes.subarray(start, block.keyEnds[index]!);
}

/** The value of a record in a block, not copied. */
export function recordValue(block: RecordBlock, index: number): Uint8Array | null {
  const start = block.valueStarts[index]!;
  return start < 0 ? null : block.bytes.subarray(start, block.valueEnds[index]!);
}

/** A record that could not become a row, with all it takes to look into it and send it again. */
export interface DeadLetter {
  /** The topic it is from. */
  readonly topic: string;
  /** The partition it is from. */
  readonly partition: number;
  /** Its offset there. */
  readonly offset: bigint;
  /** Milliseconds since 1970; -1 where the record has no timestamp. */
  readonly timestampMs: number;
  /** Its key's bytes, or null. */
  readonly key: Uint8Array | null;
  /** Its value's bytes, or null (a tombstone); of a row that was typed already, its JSON. */
  readonly value: Uint8Array | null;
  /** Its headers, in order. */
  readonly headers: readonly RecordHeader[];
  /** What was wrong with it. */
  readonly error: string;
}

/**
 * The dead letter of a record in a block; its bytes are copied, so that the block can go. A row that
 * was typed already is in it as one JSON object, each value as `jsonText` has it.
 */
export function deadLetter(block: RecordBlock, index: number, error: string): DeadLetter {
  const value = block.rows === undefined
    ? recordValue(block, index)?.slice() ?? null
    : new TextEncoder().encode(rowJson(block.rows, index));
  return {
    topic: block.topic,
    partition: block.partition,
    offset: recordOffset(block, index),
    timestampMs: block.timestampsMs[index]!,
    key: recordKey(block, index)?.slice() ?? null,
    value,
    headers: block.headers(index),
    error,
  };
}

function rowJson({ schema, columns }: Batch, index: number): string {
  const members = schema.fields.map(({ name }, i) =>
    `${JSON.stringify(name)}:${jsonText(columns[i]!, index)}`
  );
  return `{${members.join(",")}}`;
}
