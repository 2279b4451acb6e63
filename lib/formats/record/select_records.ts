import type { RecordBlock } from "../../core/mod.ts";

/** A block of some records of another, in the given order, over the same bytes. */
export function selectRecords(block: RecordBlock, records: Int32Array): RecordBlock {
  const pick = (values: Int32Array) => records.map((record) => values[record]!);
  const { topic, partition, bytes, baseOffset } = block;
  return {
    topic,
    partition,
    bytes,
    baseOffset,
    count: records.length,
    offsetDeltas: pick(block.offsetDeltas),
    timestampsMs: Float64Array.from(records, (record) => block.timestampsMs[record]!),
    keyStarts: pick(block.keyStarts),
    keyEnds: pick(block.keyEnds),
    valueStarts: pick(block.valueStarts),
    valueEnds: pick(block.valueEnds),
    headers: (index) => block.headers(records[index]!),
  };
}
