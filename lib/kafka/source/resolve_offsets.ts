import { type Offsets, SluiceError } from "../../core/mod.ts";
import type { KafkaClient } from "../client.ts";
import { type IsolationLevel, listOffsets } from "../list_offsets.ts";
import type { TopicMetadata } from "../metadata.ts";
import {
  EARLIEST,
  LATEST,
  type OffsetRangeLimit,
  type TimestampLimit,
} from "./offset_range_limit.ts";

/** Whom to ask, and about what. */
export interface Resolution {
  readonly client: KafkaClient;
  /** The topics as they are now, with the partitions that are read. */
  readonly topics: readonly TopicMetadata[];
  readonly isolationLevel: IsolationLevel;
}

/** What to do where the wanted offsets are not there. */
export interface StartRules {
  /** True: offsets that are not there are an error; false: the nearest that are there are taken. */
  readonly failOnDataLoss: boolean;
  /** What to do about a partition without a record as late as a timestamp asks. */
  readonly noMatch: "error" | "latest";
}

/**
 * The offsets at which a new query begins.
 *
 * @throws {SluiceError} `BAD_OPTION` unless a limit by partition names all partitions and no others,
 * and for a timestamp after all records; `DATA_LOSS` for offsets that are not there.
 */
export async function resolveStart(
  resolution: Resolution,
  limit: OffsetRangeLimit,
  { failOnDataLoss, noMatch }: StartRules,
): Promise<Offsets> {
  if (limit.kind === "earliest" || limit.kind === "latest") {
    return await ask(resolution, limit.kind);
  }
  if (limit.kind === "offsets") {
    refuseOtherPartitions(limit.option, limit.offsets, resolution.topics);
    const [earliest, latest, logEnd] = await Promise.all([
      ask(resolution, "earliest"),
      ask(resolution, "latest"),
      ask({ ...resolution, isolationLevel: "read_uncommitted" }, "latest"),
    ]);
    return mapPartitions(limit.offsets, (topic, partition, offset) => {
      const first = earliest[topic]![partition]!;
      const end = logEnd[topic]![partition]!;
      if (offset === EARLIEST) return first;
      if (offset === LATEST) return latest[topic]![partition]!;
      if (offset >= first && offset <= end) return offset;
      if (failOnDataLoss) throw notThere(limit.option, `${topic}-${partition}`, offset, first, end);
      return offset < first ? first : end;
    });
  }
  return await byTimestamp(resolution, limit, (topic, partition, latest) => {
    if (noMatch === "latest") return latest;
    const timestampMs = timestampOf(limit, topic, partition);
    throw new SluiceError("BAD_OPTION", {
      attempted: "begin to read from Kafka",
      where: `option "${limit.option}", ${topic}-${partition}`,
      found: `no record at ${timestampMs} ms since 1970 or later`,
      wanted: "one in each partition",
      hint: 'set startingOffsetsByTimestampStrategy to "latest" to begin at the end there',
    });
  });
}

/**
 * The offsets at which a query ends (exclusive).
 *
 * @throws {SluiceError} `BAD_OPTION` unless a limit by partition names all partitions and no others,
 * and for offsets beyond the last record: they would never be reached.
 */
export async function resolveEnd(
  resolution: Resolution,
  limit: OffsetRangeLimit,
): Promise<Offsets> {
  if (limit.kind === "earliest" || limit.kind === "latest") {
    return await ask(resolution, limit.kind);
  }
  if (limit.kind !== "offsets") {
    return await byTimestamp(resolution, limit, (_topic, _partition, latest) => latest);
  }
  refuseOtherPartitions(limit.option, limit.offsets, resolution.topics);
  const [latest, logEnd] = await Promise.all([
    ask(resolution, "latest"),
    ask({ ...resolution, isolationLevel: "read_uncommitted" }, "latest"),
  ]);
  return mapPartitions(limit.offsets, (topic, partition, offset) => {
    const end = logEnd[topic]![partition]!;
    if (offset === LATEST) return latest[topic]![partition]!;
    if (offset <= end) return offset;
    throw new SluiceError("BAD_OPTION", {
      attempted: "find where to stop reading from Kafka",
      where: `option "${limit.option}", ${topic}-${partition}`,
      found: String(offset),
      wanted: `${end}, where the partition ends, or less`,
    });
  });
}

async function byTimestamp(
  resolution: Resolution,
  limit: TimestampLimit,
  orElse: (topic: string, partition: number, latest: bigint) => bigint,
): Promise<Offsets> {
  const { client, topics, isolationLevel } = resolution;
  if (limit.kind === "timestamps") {
    refuseOtherPartitions(limit.option, limit.timestampsMs, topics);
  }
  const timestamp = (topic: string, partition: number) => timestampOf(limit, topic, partition);
  const [found, latest] = await Promise.all([
    listOffsets(client, topics, timestamp, isolationLevel),
    ask(resolution, "latest"),
  ]);
  return mapPartitions(
    found,
    (topic, partition, offset) =>
      offset >= 0n ? offset : orElse(topic, partition, latest[topic]![partition]!),
  );
}

function timestampOf(limit: TimestampLimit, topic: string, partition: number): bigint {
  return limit.kind === "timestamp" ? limit.timestampMs : limit.timestampsMs[topic]![partition]!;
}

function ask(
  { client, topics, isolationLevel }: Resolution,
  which: "earliest" | "latest",
): Promise<Offsets> {
  return listOffsets(client, topics, which, isolationLevel);
}

function mapPartitions(
  offsets: Offsets,
  change: (topic: string, partition: number, offset: bigint) => bigint,
): Offsets {
  const changed: Record<string, Record<number, bigint>> = {};
  for (const [topic, partitions] of Object.entries(offsets)) {
    const ofTopic: Record<number, bigint> = changed[topic] = {};
    for (const [key, offset] of Object.entries(partitions)) {
      ofTopic[Number(key)] = change(topic, Number(key), offset);
    }
  }
  return changed;
}

/** As in Spark: all partitions must be named, and nothing else. */
function refuseOtherPartitions(
  option: string,
  named: Offsets,
  topics: readonly TopicMetadata[],
): void {
  const wanted = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition }) => `${topic}-${partition}`)
  );
  const found = Object.entries(named).flatMap(([topic, partitions]) =>
    Object.keys(partitions).map((partition) => `${topic}-${partition}`)
  );
  const unknown = found.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !found.includes(name));
  if (unknown.length === 0 && missing.length === 0) return;
  throw new SluiceError("BAD_OPTION", {
    attempted: "read from Kafka",
    where: `option "${option}"`,
    found: unknown.length > 0
      ? `${unknown.join(", ")}, which is not read`
      : `nothing for ${missing.join(", ")}`,
    wanted: `all partitions: ${wanted.join(", ")}`,
    ...(option.endsWith("ByTimestamp")
      ? {}
      : { hint: 'say "latest" (-1) or "earliest" (-2) where any will do' }),
  });
}

function notThere(
  option: string,
  topicPartition: string,
  offset: bigint,
  first: bigint,
  end: bigint,
): SluiceError {
  return new SluiceError("DATA_LOSS", {
    attempted: "begin to read from Kafka",
    where: `option "${option}", ${topicPartition}`,
    found: `${topicPartition} holds [${first}, ${end})`,
    wanted: `offset ${offset}`,
    hint:
      "name an offset that is there, or set failOnDataLoss to false to begin at the nearest one",
  });
}
