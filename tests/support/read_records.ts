import {
  type Offsets,
  type ReadOptions,
  recordOffset,
  recordValue,
  type Source,
} from "../../lib/core/mod.ts";

/** The records of a range as `offset value`. */
export async function readRecords(
  source: Source,
  start: Offsets,
  end: Offsets,
  options: Partial<ReadOptions> = {},
): Promise<string[]> {
  const signal = new AbortController().signal;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const texts: string[] = [];
  for await (const block of source.read(start, end, { signal, ...options })) {
    for (let i = 0; i < block.count; i++) {
      texts.push(`${recordOffset(block, i)} ${decoder.decode(recordValue(block, i)!)}`);
    }
  }
  return texts;
}
