import { Batch, type Decoder, isRejection, type RecordBlock } from "../../../lib/core/mod.ts";
import { checkout } from "../../support/paths.ts";

/** A record as text; null where there is none. */
export interface ChangeRecord {
  readonly key: string | null;
  readonly value: string | null;
}

/** What a decoder made of some records. */
export interface Decoded<Row> {
  readonly rows: Row[];
  /** What was wrong, by the index of the record. */
  readonly errors: Record<number, string>;
  /** The indexes of records without a row, with which nothing is wrong. */
  readonly skipped: number[];
}

/** Records with keys and values, which share one run of bytes. */
export function changeBlock(records: readonly ChangeRecord[]): RecordBlock {
  const encoder = new TextEncoder();
  const parts = records.flatMap(({ key, value }) => [key, value])
    .map((part) => part === null ? null : encoder.encode(part));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  const starts = new Int32Array(parts.length).fill(-1);
  const ends = new Int32Array(parts.length).fill(-1);
  let end = 0;
  parts.forEach((part, i) => {
    if (part === null) return;
    bytes.set(part, end);
    starts[i] = end;
    end += part.length;
    ends[i] = end;
  });
  const pick = (values: Int32Array, offset: number) =>
    Int32Array.from(records, (_, i) => values[i * 2 + offset]!);
  return {
    topic: "db.public.t",
    partition: 0,
    count: records.length,
    bytes,
    baseOffset: 0n,
    offsetDeltas: Int32Array.from(records, (_, i) => i),
    timestampsMs: new Float64Array(records.length).fill(-1),
    keyStarts: pick(starts, 0),
    keyEnds: pick(ends, 0),
    valueStarts: pick(starts, 1),
    valueEnds: pick(ends, 1),
    headers: () => [],
  };
}

/** Decodes records, in one block. */
export async function decodeChanges<Row>(
  decoder: Decoder<Row>,
  records: readonly ChangeRecord[],
): Promise<Decoded<Row>> {
  const batch = new Batch(decoder.schema);
  const noRows = await decoder.decode(changeBlock(records), batch);
  return {
    rows: [...batch.rows()],
    errors: Object.fromEntries(
      noRows.filter(isRejection).map(({ index, error }) => [index, error]),
    ),
    skipped: noRows.filter((record) => !isRejection(record)).map(({ index }) => index),
  };
}

/** Records that real connectors wrote, of one topic, partition by partition. */
export async function readChanges(file: string, topic: string): Promise<ChangeRecord[]> {
  const text = await Deno.readTextFile(`${checkout}/tests/formats/debezium/records/${file}.txt`);
  const records = [...text.matchAll(/^(\S+)-(\d+)@(\d+)\nK=(.*)\nV=(.*)$/gm)]
    .filter(([, name]) => name === topic)
    .map(([, , partition, offset, key, value]) => ({
      place: Number(partition) * 1000 + Number(offset),
      key: key === "" ? null : key!,
      value: value === "" ? null : value!,
    }));
  return records.sort((a, b) => a.place - b.place).map(({ key, value }) => ({ key, value }));
}
