import type { Api, BrokerConnection } from "./connection.ts";
import type { BrokerAddress } from "./options.ts";
import { RequestWriter } from "./wire.ts";

/** A partition, as the cluster's metadata has it. */
export interface PartitionMetadata {
  readonly partition: number;
  readonly errorCode: number;
  /** The node id of its leader; -1 if it has none. */
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** The node ids of the brokers that hold it. */
  readonly replicas: readonly number[];
  /** Those of them that are in sync with the leader. */
  readonly inSyncReplicas: readonly number[];
}

/** A topic, as the cluster's metadata has it. */
export interface TopicMetadata {
  readonly topic: string;
  readonly errorCode: number;
  /** The topic's UUID; `undefined` if the broker knows none. */
  readonly topicId: string | undefined;
  /** True for a topic of Kafka's own: `__consumer_offsets`. */
  readonly isInternal: boolean;
  /** In order. */
  readonly partitions: readonly PartitionMetadata[];
}

/** Who is in the cluster and who leads what. */
export interface ClusterMetadata {
  readonly brokers: ReadonlyMap<number, BrokerAddress>;
  readonly controllerId: number;
  readonly topics: readonly TopicMetadata[];
}

const WITH_TOPIC_IDS: Api = { name: "Metadata", key: 3, version: 12, flexible: true };
const WITHOUT_TOPIC_IDS: Api = { name: "Metadata", key: 3, version: 7, flexible: false };
const NULL_UUID = /^[0-]+$/;

/** Asks a broker about some topics, or with `undefined` about all. Never creates one. */
export async function fetchMetadata(
  connection: BrokerConnection,
  topics: readonly string[] | undefined,
): Promise<ClusterMetadata> {
  const api = connection.supports(WITH_TOPIC_IDS) ? WITH_TOPIC_IDS : WITHOUT_TOPIC_IDS;
  const request = new RequestWriter(api.flexible);
  if (topics === undefined) {
    if (api.flexible) request.int8(0);
    else request.int32(-1);
  } else {
    request.array(topics, (topic) => {
      if (api.flexible) request.nullUuid();
      request.string(topic).end();
    });
  }
  request.boolean(false);
  if (api.flexible) request.boolean(false);
  const response = await connection.send(api, request.end());
  response.int32();
  const brokers = response.array(() => {
    const nodeId = response.int32();
    const host = response.string() ?? "";
    const port = response.int32();
    response.string();
    response.end();
    return [nodeId, { host, port }] as const;
  });
  response.string();
  const controllerId = response.int32();
  const topicsFound = response.array((): TopicMetadata => {
    const errorCode = response.int16();
    const topic = response.string() ?? "";
    const topicId = api.flexible ? response.uuid() : "";
    const isInternal = response.boolean();
    const partitions = response.array((): PartitionMetadata => {
      const errorCode = response.int16();
      const partition = response.int32();
      const leaderId = response.int32();
      const leaderEpoch = response.int32();
      const replicas = response.array(() => response.int32());
      const inSyncReplicas = response.array(() => response.int32());
      response.array(() => response.int32());
      response.end();
      return { partition, errorCode, leaderId, leaderEpoch, replicas, inSyncReplicas };
    });
    if (api.flexible) response.int32();
    response.end();
    return {
      topic,
      errorCode,
      topicId: NULL_UUID.test(topicId) || topicId === "" ? undefined : topicId,
      isInternal,
      partitions: partitions.sort((a, b) => a.partition - b.partition),
    };
  });
  return { brokers: new Map(brokers), controllerId, topics: topicsFound };
}
