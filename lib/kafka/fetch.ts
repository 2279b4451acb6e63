import type { Api, BrokerConnection } from "./connection.ts";
import { ISOLATION_LEVELS, type IsolationLevel } from "./list_offsets.ts";
import { RequestWriter } from "./wire.ts";

const FETCH: Api = { name: "Fetch", key: 1, version: 11, flexible: false };

/** From where to fetch in one partition. */
export interface FetchPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly leaderEpoch: number;
}

/** How much to fetch. */
export interface FetchLimits {
  readonly isolationLevel: IsolationLevel;
  /** How long the broker waits for the first byte, in milliseconds. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
}

/** A transaction that was aborted, of which the fetched bytes hold records. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** What came back for one partition. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  readonly lastStableOffset: bigint;
  readonly abortedTransactions: readonly AbortedTransaction[];
  /** Record batches; the last one may be cut off. */
  readonly records: Uint8Array;
}

/** Fetches from partitions that the broker leads; the broker fills the response in their order. */
export async function fetchRecords(
  connection: BrokerConnection,
  positions: readonly FetchPosition[],
  limits: FetchLimits,
): Promise<FetchedPartition[]> {
  const request = new RequestWriter(false)
    .int32(-1)
    .int32(limits.maxWaitMs)
    .int32(1)
    .int32(limits.maxBytes)
    .int8(ISOLATION_LEVELS[limits.isolationLevel])
    // No fetch session: every request is complete.
    .int32(0)
    .int32(-1);
  // One entry a partition, even of the same topic, to keep the order.
  request.array(positions, ({ topic, partition, offset, leaderEpoch }) => {
    request.string(topic).array([partition], () => {
      request.int32(partition).int32(leaderEpoch).int64(offset).int64(-1n)
        .int32(limits.maxPartitionBytes);
    });
  });
  request.array([], () => {}).string("");
  const response = await connection.send(FETCH, request);
  response.int32();
  response.int16();
  response.int32();
  return response.array(() => {
    const topic = response.string() ?? "";
    return response.array((): FetchedPartition => {
      const partition = response.int32();
      const errorCode = response.int16();
      const highWatermark = response.int64();
      const lastStableOffset = response.int64();
      response.int64();
      const abortedTransactions = response.array((): AbortedTransaction => ({
        producerId: response.int64(),
        firstOffset: response.int64(),
      }));
      response.int32();
      const records = response.byteArray();
      return {
        topic,
        partition,
        errorCode,
        highWatermark,
        lastStableOffset,
        abortedTransactions,
        records,
      };
    });
  }).flat();
}
