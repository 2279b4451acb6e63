import type { Sql } from "postgres";
import { groupLag, topicOffsets } from "../../lib/kafka/mod.ts";
import type { OrdersPlaces } from "../orders/orders_places.ts";

/** How far the copies are behind the source. */
export interface ReplicaLag {
  /** Where the source's log ended when it was asked. */
  readonly sourceLsn: string;
  /** `undefined` if there is none. */
  readonly slot: SlotLag | undefined;
  /** Records that the query has not read; `undefined` if there is no topic. */
  readonly topicRecords: bigint | undefined;
  /** Where the topic ends, as text to be compared. */
  readonly topicEnd: string;
}

/** How far a replication slot is behind. */
export interface SlotLag {
  /** Bytes of the log that it has not confirmed. */
  readonly bytes: bigint;
  /** False while no connector reads it. */
  readonly isRead: boolean;
}

/** Asks the source for its slot, and Kafka for the topic and the query's group. */
export async function replicaLag(
  sql: Sql,
  brokers: readonly string[],
  { connector, topic, groupId }: OrdersPlaces,
): Promise<ReplicaLag> {
  const [log] = await sql`select pg_current_wal_lsn()::text as lsn`;
  const slot = await slotLag(sql, connector, log!.lsn);
  const ends = await topicEnds(brokers, topic);
  if (ends === undefined) {
    return { sourceLsn: log!.lsn, slot, topicRecords: undefined, topicEnd: "" };
  }
  const committed = new Map(
    (await groupLag({ brokers }, groupId))
      .filter((partition) => partition.topic === topic)
      .map(({ partition, committedOffset }) => [partition, committedOffset]),
  );
  const behind = ends.map(({ partition, first, end }) => {
    const offset = committed.get(partition) ?? first;
    return offset < end ? end - offset : 0n;
  });
  return {
    sourceLsn: log!.lsn,
    slot,
    topicRecords: behind.reduce((sum, records) => sum + records, 0n),
    topicEnd: ends.map(({ partition, end }) => `${partition}:${end}`).join(),
  };
}

/** How far a slot is behind a position of the log; `undefined` if there is none. */
export async function slotLag(sql: Sql, slot: string, lsn: string): Promise<SlotLag | undefined> {
  const [row] = await sql`
    select greatest(0, pg_wal_lsn_diff(${lsn}::pg_lsn, confirmed_flush_lsn))::bigint::text as bytes,
      active from pg_replication_slots where slot_name = ${slot}`;
  return row === undefined ? undefined : { bytes: BigInt(row.bytes), isRead: row.active };
}

interface PartitionEnd {
  readonly partition: number;
  readonly first: bigint;
  /** Exclusive. */
  readonly end: bigint;
}

async function topicEnds(
  brokers: readonly string[],
  topic: string,
): Promise<PartitionEnd[] | undefined> {
  const offsets = await topicOffsets({ brokers }, topic).catch((error) => {
    if (error.code === "TOPIC_NOT_FOUND") return undefined;
    throw error;
  });
  return offsets && Object.entries(offsets.latest[topic]!).map(([key, end]) => {
    const partition = Number(key);
    return { partition, first: offsets.earliest[topic]![partition]!, end };
  });
}
