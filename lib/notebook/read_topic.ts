import { recordKey, recordOffset, recordValue } from "../core/mod.ts";
import { kafka, type KafkaOptions } from "../kafka/mod.ts";

const TIMEOUT_MS = 30_000;
const decoder = new TextDecoder();

/** A record as one reads it: its bytes as text. */
export interface RecordText {
  /** The partition it is in. */
  readonly partition: number;
  /** Its place there. */
  readonly offset: bigint;
  /** Null: none. */
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  /** The last one of each name. */
  readonly headers: Readonly<Record<string, string | null>>;
}

/**
 * Reads everything that is in a topic now, partition after partition: for a topic that one wants to
 * look at as a whole. Options are those of `kafka`.
 *
 * @example
 * ```ts ignore
 * import { readTopic } from "./read_topic.ts";
 * import { table } from "./table.ts";
 *
 * table(await readTopic({ brokers: ["127.0.0.1:9092"], topic: "orders" }));
 * ```
 *
 * @throws {SluiceError} what `kafka` does.
 */
export async function readTopic(options: KafkaOptions): Promise<RecordText[]> {
  const source = kafka(options);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const records: RecordText[] = [];
  try {
    const earliest = await source.earliestOffsets(signal);
    const latest = await source.latestOffsets(signal);
    for await (const block of source.read(earliest, latest, { signal })) {
      for (let i = 0; i < block.count; i++) {
        records.push({
          partition: block.partition,
          offset: recordOffset(block, i),
          key: text(recordKey(block, i)),
          value: text(recordValue(block, i)),
          timestampMs: block.timestampsMs[i] ?? -1,
          headers: Object.fromEntries(
            block.headers(i).map(({ key, value }) => [key, text(value)]),
          ),
        });
      }
    }
  } finally {
    await source.close();
  }
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : decoder.decode(bytes);
}
