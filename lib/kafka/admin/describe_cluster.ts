import { formatAddress, type KafkaConnection } from "../options.ts";
import { withClient } from "./admin_client.ts";

/** Who is in a cluster, and what it holds. */
export interface ClusterDescription {
  /** `host:port` of each broker, by node id. */
  readonly brokers: ReadonlyMap<number, string>;
  /** All topics by name, Kafka's own included. */
  readonly topics: readonly ClusterTopic[];
}

/** A topic of a cluster. */
export interface ClusterTopic {
  /** Its name. */
  readonly topic: string;
  /** How many partitions it has. */
  readonly numPartitions: number;
  /** The partitions that nobody leads, so that they cannot be used. */
  readonly offlinePartitions: readonly number[];
  /** The partitions of which a replica is missing or behind. */
  readonly underReplicatedPartitions: readonly number[];
}

/**
 * Tells which brokers and topics a cluster has.
 *
 * @throws {SluiceError} `KAFKA_UNAVAILABLE` if no broker answers.
 *
 * @example
 * ```ts ignore
 * import { describeCluster } from "./describe_cluster.ts";
 *
 * const { brokers, topics } = await describeCluster({ brokers: ["127.0.0.1:9092"] });
 * const offline = topics.filter(({ offlinePartitions }) => offlinePartitions.length > 0);
 * ```
 */
export async function describeCluster(connection: KafkaConnection): Promise<ClusterDescription> {
  return await withClient(connection, async (client) => {
    const { brokers, topics } = await client.metadata(undefined);
    return {
      brokers: new Map([...brokers].map(([id, address]) => [id, formatAddress(address)])),
      topics: topics.map(({ topic, partitions }): ClusterTopic => ({
        topic,
        numPartitions: partitions.length,
        offlinePartitions: partitions.filter(({ leaderId }) => !brokers.has(leaderId))
          .map(({ partition }) => partition),
        underReplicatedPartitions: partitions
          .filter(({ replicas, inSyncReplicas }) => inSyncReplicas.length < replicas.length)
          .map(({ partition }) => partition),
      })).sort((a, b) => a.topic < b.topic ? -1 : 1),
    };
  });
}
