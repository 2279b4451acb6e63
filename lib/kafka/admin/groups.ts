import type { Offsets } from "../../core/mod.ts";
import { commitGroupOffsets, fetchGroupOffsets } from "../group_offsets.ts";
import { listOffsets } from "../list_offsets.ts";
import type { KafkaConnection } from "../options.ts";
import { withClient } from "./admin_client.ts";

/** How far a consumer group is behind in a partition. */
export interface PartitionLag {
  /** The topic's name. */
  readonly topic: string;
  /** The partition's number. */
  readonly partition: number;
  /** Where the group goes on. */
  readonly committedOffset: bigint;
  /** The end (exclusive), open transactions included; `undefined` if the partition is gone. */
  readonly endOffset: bigint | undefined;
  /** How many offsets lie between the two, at least 0; `undefined` if the partition is gone. */
  readonly lag: bigint | undefined;
}

/**
 * How far a consumer group is behind in each partition that it stored an offset for, in order. There
 * are none for a group that nobody knows.
 *
 * @throws {SluiceError} `KAFKA_REFUSED` or `KAFKA_UNAVAILABLE`.
 *
 * @example
 * ```ts ignore
 * import { groupLag } from "./groups.ts";
 *
 * const lags = await groupLag({ brokers: ["127.0.0.1:9092"] }, "trades-to-postgres");
 * const behind = lags.reduce((sum, { lag }) => sum + (lag ?? 0n), 0n);
 * ```
 */
export async function groupLag(
  connection: KafkaConnection,
  groupId: string,
): Promise<PartitionLag[]> {
  return await withClient(connection, async (client) => {
    const committed = await client.patiently(() => fetchGroupOffsets(client, groupId));
    const ends = await client.quickly(async () => {
      const topics = await client.topicsIfPresent(Object.keys(committed));
      return await listOffsets(client, topics, "latest", "read_uncommitted");
    });
    return lagsOf(committed, ends);
  });
}

/**
 * Stores offsets of a consumer group without members, so that it goes on there. Nothing checks that
 * they are in the topics.
 *
 * @throws {SluiceError} `KAFKA_REFUSED` if the group has members, or `KAFKA_UNAVAILABLE`.
 */
export async function alterGroupOffsets(
  connection: KafkaConnection,
  groupId: string,
  offsets: Offsets,
): Promise<void> {
  await withClient(
    connection,
    (client) => client.patiently(() => commitGroupOffsets(client, groupId, offsets)),
  );
}

function lagsOf(committed: Offsets, ends: Offsets): PartitionLag[] {
  return Object.keys(committed).sort().flatMap((topic) =>
    Object.entries(committed[topic]!).map(([key, committedOffset]): PartitionLag => {
      const partition = Number(key);
      const endOffset = ends[topic]?.[partition];
      const behind = endOffset === undefined ? undefined : endOffset - committedOffset;
      const lag = behind !== undefined && behind < 0n ? 0n : behind;
      return { topic, partition, committedOffset, endOffset, lag };
    })
  );
}
