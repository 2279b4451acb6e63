import type { Offsets } from "../core/mod.ts";
import { type KafkaClient, refused } from "./client.ts";
import type { Api } from "./connection.ts";
import type { TopicMetadata } from "./metadata.ts";
import { ErrorCode } from "./protocol_errors.ts";
import { RequestWriter } from "./wire.ts";

const LIST_OFFSETS: Api = { name: "ListOffsets", key: 2, version: 2, flexible: false };
const EARLIEST = -2n;
const LATEST = -1n;

/** Which records a reader sees of transactions that are open or were aborted. */
export type IsolationLevel = "read_committed" | "read_uncommitted";

/** As in requests. */
export const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 } as const;

/**
 * Which offset of a partition is asked for: the first, the end (exclusive), or by milliseconds since
 * 1970 that of the first record at that time or later.
 */
export type OffsetSpec = "earliest" | "latest" | bigint;

/** A partition that is asked for, and what. */
interface Question {
  readonly topic: string;
  readonly partition: number;
  readonly spec: OffsetSpec;
}

/**
 * One offset of every partition. Under `read_committed` the end is the last stable offset, where the
 * first open transaction begins. Where no record is as late as a timestamp asks, it is -1.
 */
export async function listOffsets(
  client: KafkaClient,
  topics: readonly TopicMetadata[],
  which: OffsetSpec | ((topic: string, partition: number) => OffsetSpec),
  isolationLevel: IsolationLevel,
): Promise<Offsets> {
  const questions = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, leaderId }) => ({
      topic,
      partition,
      leaderId,
      spec: typeof which === "function" ? which(topic, partition) : which,
    }))
  );
  const byLeader = Map.groupBy(questions, ({ leaderId }) => leaderId);
  const answers = await Promise.all(
    [...byLeader].map(([leaderId, asked]) => askLeader(client, leaderId, asked, isolationLevel)),
  );
  const offsets = Object.fromEntries(
    topics.map(({ topic }): [string, Record<number, bigint>] => [topic, {}]),
  );
  for (const [topic, partition, offset] of answers.flat()) offsets[topic]![partition] = offset;
  return offsets;
}

async function askLeader(
  client: KafkaClient,
  leaderId: number,
  questions: readonly Question[],
  isolationLevel: IsolationLevel,
): Promise<[topic: string, partition: number, offset: bigint][]> {
  const connection = await client.node(leaderId);
  const byTopic = Map.groupBy(questions, ({ topic }) => topic);
  const request = new RequestWriter(false).int32(-1).int8(ISOLATION_LEVELS[isolationLevel]);
  request.array([...byTopic], ([topic, asked]) => {
    request.string(topic).array(asked, ({ partition, spec }) => {
      request.int32(partition)
        .int64(spec === "earliest" ? EARLIEST : spec === "latest" ? LATEST : spec);
    });
  });
  const response = await connection.send(LIST_OFFSETS, request);
  response.int32();
  return response.array(() => {
    const topic = response.string() ?? "";
    return response.array((): [string, number, bigint] => {
      const partition = response.int32();
      const errorCode = response.int16();
      response.int64();
      const offset = response.int64();
      if (errorCode === ErrorCode.NONE) return [topic, partition, offset];
      const attempted = `find an offset of ${topic}-${partition}`;
      throw refused(attempted, connection.address, errorCode);
    });
  }).flat();
}
