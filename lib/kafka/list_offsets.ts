import type { Offsets } from "../core/mod.ts";
import { type KafkaClient, refused } from "./client.ts";
import type { Api } from "./connection.ts";
import type { PartitionMetadata, TopicMetadata } from "./metadata.ts";
import { ErrorCode } from "./protocol_errors.ts";
import { RequestWriter } from "./wire.ts";

const LIST_OFFSETS: Api = { name: "ListOffsets", key: 2, version: 2, flexible: false };

/** Which records a reader sees of transactions that are open or were aborted. */
export type IsolationLevel = "read_committed" | "read_uncommitted";

/** As in requests. */
export const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 } as const;

/**
 * The first offset of every partition, or the end (exclusive): under `read_committed` the last
 * stable offset, where the first open transaction begins.
 */
export async function listOffsets(
  client: KafkaClient,
  topic: TopicMetadata,
  which: "earliest" | "latest",
  isolationLevel: IsolationLevel,
): Promise<Offsets> {
  const byLeader = Map.groupBy(topic.partitions, (partition) => partition.leaderId);
  const lists = await Promise.all(
    [...byLeader].map(([leaderId, partitions]) =>
      askLeader(client, leaderId, topic.topic, partitions, which, isolationLevel)
    ),
  );
  return { [topic.topic]: Object.fromEntries(lists.flat()) };
}

async function askLeader(
  client: KafkaClient,
  leaderId: number,
  topic: string,
  partitions: readonly PartitionMetadata[],
  which: "earliest" | "latest",
  isolationLevel: IsolationLevel,
): Promise<[number, bigint][]> {
  const connection = await client.node(leaderId);
  const request = new RequestWriter(false).int32(-1).int8(ISOLATION_LEVELS[isolationLevel]);
  request.array([topic], () => {
    request.string(topic).array(partitions, ({ partition }) => {
      request.int32(partition).int64(which === "earliest" ? -2n : -1n);
    });
  });
  const response = await connection.send(LIST_OFFSETS, request);
  response.int32();
  return response.array(() => {
    response.string();
    return response.array((): [number, bigint] => {
      const partition = response.int32();
      const errorCode = response.int16();
      response.int64();
      const offset = response.int64();
      if (errorCode === ErrorCode.NONE) return [partition, offset];
      throw refused(
        `find the ${which} offset of ${topic}-${partition}`,
        connection.address,
        errorCode,
      );
    });
  }).flat();
}
