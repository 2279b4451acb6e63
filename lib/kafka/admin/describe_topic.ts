import type { Offsets } from "../../core/mod.ts";
import type { KafkaClient } from "../client.ts";
import { listOffsets } from "../list_offsets.ts";
import type { TopicMetadata } from "../metadata.ts";
import { type BrokerAddress, formatAddress, type KafkaConnection } from "../options.ts";
import { withClient } from "./admin_client.ts";
import { describeConfigs, type TopicConfig } from "./topic_configs.ts";

/** What a topic is. */
export interface TopicDescription {
  /** Its name. */
  readonly topic: string;
  /** Changes when the topic is deleted and made anew; `undefined` if the broker knows none. */
  readonly topicId: string | undefined;
  /** True for a topic of Kafka's own. */
  readonly isInternal: boolean;
  /** Its partitions, in order. */
  readonly partitions: readonly PartitionDescription[];
  /** All its settings, by name. */
  readonly configs: readonly TopicConfig[];
}

/** What a partition is. */
export interface PartitionDescription {
  /** Its number. */
  readonly partition: number;
  /** The node id of the broker that leads it; `undefined`: nobody does, so it cannot be used. */
  readonly leaderId: number | undefined;
  /** `host:port` of that broker. */
  readonly leader: string | undefined;
  /** The node ids of the brokers that hold it. */
  readonly replicas: readonly number[];
  /** Those of them that are in sync with the leader. */
  readonly inSyncReplicas: readonly number[];
  /** The first offset still there; `undefined` without a leader. */
  readonly earliestOffset: bigint | undefined;
  /** The end (exclusive), open transactions included; `undefined` without a leader. */
  readonly latestOffset: bigint | undefined;
}

/**
 * Tells what a topic is: its partitions, who leads them, where they begin and end, and its settings.
 *
 * @throws {SluiceError} `TOPIC_NOT_FOUND`, `KAFKA_REFUSED` or `KAFKA_UNAVAILABLE`.
 *
 * @example
 * ```ts ignore
 * import { describeTopic } from "./describe_topic.ts";
 *
 * const { partitions, configs } = await describeTopic({ brokers: ["127.0.0.1:9092"] }, "trades");
 * const unused = partitions.filter(({ latestOffset }) => latestOffset === 0n);
 * const retention = configs.find(({ name }) => name === "retention.ms")?.value;
 * ```
 */
export async function describeTopic(
  connection: KafkaConnection,
  topic: string,
): Promise<TopicDescription> {
  return await withClient(connection, async (client) => {
    const { metadata, brokers, earliest, latest } = await client.quickly(() =>
      whereItIs(client, topic)
    );
    const configs = await describeConfigs(client, topic);
    const partitions = metadata.partitions.map(
      ({ partition, leaderId, replicas, inSyncReplicas }): PartitionDescription => {
        const address = brokers.get(leaderId);
        return {
          partition,
          leaderId: leaderId < 0 ? undefined : leaderId,
          leader: address === undefined ? undefined : formatAddress(address),
          replicas,
          inSyncReplicas,
          earliestOffset: earliest[topic]?.[partition],
          latestOffset: latest[topic]?.[partition],
        };
      },
    );
    const { topicId, isInternal } = metadata;
    return { topic, topicId, isInternal, partitions, configs };
  });
}

interface Whereabouts {
  readonly metadata: TopicMetadata;
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly earliest: Offsets;
  readonly latest: Offsets;
}

async function whereItIs(client: KafkaClient, topic: string): Promise<Whereabouts> {
  const metadata = await client.topic(topic);
  const { brokers } = await client.metadata([]);
  const led = {
    ...metadata,
    partitions: metadata.partitions.filter(({ leaderId }) => brokers.has(leaderId)),
  };
  const [earliest, latest] = await Promise.all([
    listOffsets(client, [led], "earliest", "read_uncommitted"),
    listOffsets(client, [led], "latest", "read_uncommitted"),
  ]);
  return { metadata, brokers, earliest, latest };
}
