import { type Offsets, refuseUnknownOptions, SluiceError } from "../../core/mod.ts";
import type { KafkaClient } from "../client.ts";
import type { Api } from "../connection.ts";
import { listOffsets } from "../list_offsets.ts";
import type { KafkaConnection } from "../options.ts";
import { ErrorCode } from "../protocol_errors.ts";
import { RequestWriter } from "../wire.ts";
import { onController, refuseErrorCode, withClient } from "./admin_client.ts";

const CREATE_TOPICS: Api = { name: "CreateTopics", key: 19, version: 4, flexible: false };
const DELETE_TOPICS: Api = { name: "DeleteTopics", key: 20, version: 3, flexible: false };
const CREATE_PARTITIONS: Api = { name: "CreatePartitions", key: 37, version: 1, flexible: false };

/** A topic to be made. */
export interface NewTopic {
  /** Its name. */
  readonly topic: string;
  /** How many partitions it gets. */
  readonly numPartitions: number;
  /** Default: the cluster's `default.replication.factor`. */
  readonly replicationFactor?: number;
  /** The topic's own settings: `{ "cleanup.policy": "compact" }`. */
  readonly configEntries?: Readonly<Record<string, string>>;
}

/** Where a topic begins and ends. */
export interface TopicOffsets {
  /** The first offset still there, by partition. */
  readonly earliest: Offsets;
  /** The end (exclusive), by partition. */
  readonly latest: Offsets;
}

/**
 * Makes a topic if there is none of that name and waits until it can be used. Returns false, and
 * changes nothing, if there is one.
 *
 * @throws {SluiceError} `KAFKA_REFUSED` if the cluster does not take it, or `KAFKA_UNAVAILABLE`.
 */
export async function createTopicIfAbsent(
  connection: KafkaConnection,
  newTopic: NewTopic,
): Promise<boolean> {
  refuseUnknownOptions("create a topic", newTopic, [
    "topic",
    "numPartitions",
    "replicationFactor",
    "configEntries",
  ]);
  return await withClient(connection, (client) => createTopic(client, newTopic));
}

/**
 * Deletes a topic and waits until it is gone. Returns false if there is none of that name.
 *
 * @throws {SluiceError} `KAFKA_REFUSED` or `KAFKA_UNAVAILABLE`.
 */
export async function deleteTopicIfPresent(
  connection: KafkaConnection,
  topic: string,
): Promise<boolean> {
  return await withClient(connection, async (client) => {
    const request = new RequestWriter(false);
    request.array([topic], () => request.string(topic)).int32(client.options.requestTimeoutMs);
    const deleted = await onController(client, async (connection) => {
      const response = await connection.send(DELETE_TOPICS, request);
      response.int32();
      const [errorCode] = response.array(() => {
        response.string();
        return response.int16();
      });
      if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return false;
      refuseErrorCode(`delete topic "${topic}"`, connection.address, errorCode!, null);
      return true;
    });
    await client.patiently(async () => {
      if ((await client.topicsIfPresent([topic])).length === 0) return;
      throw new SluiceError("KAFKA_UNAVAILABLE", {
        attempted: `delete topic "${topic}"`,
        where: client.brokerNames,
        found: "the topic, still there",
        hint: "check that all brokers of the cluster run",
        retryable: true,
      });
    });
    return deleted;
  });
}

/**
 * Gives a topic more partitions, `numPartitions` in all, and waits until they can be used. Keyed
 * records then go to other partitions than those of the same key before.
 *
 * @throws {SluiceError} `KAFKA_REFUSED` if it has as many already, `TOPIC_NOT_FOUND` or
 * `KAFKA_UNAVAILABLE`.
 */
export async function createPartitions(
  connection: KafkaConnection,
  topic: string,
  numPartitions: number,
): Promise<void> {
  await withClient(connection, async (client) => {
    await client.topic(topic);
    const request = new RequestWriter(false);
    request.array([topic], () => request.string(topic).int32(numPartitions).nullArray());
    request.int32(client.options.requestTimeoutMs).boolean(false);
    await onController(client, async (connection) => {
      const response = await connection.send(CREATE_PARTITIONS, request);
      response.int32();
      response.array(() => {
        response.string();
        const errorCode = response.int16();
        const attempted = `give topic "${topic}" ${numPartitions} partitions`;
        refuseErrorCode(attempted, connection.address, errorCode, response.string());
      });
    });
    await untilUsable(client, topic, numPartitions);
  });
}

/**
 * Where a topic begins and ends; open transactions count.
 *
 * @throws {SluiceError} `TOPIC_NOT_FOUND` or `KAFKA_UNAVAILABLE`.
 */
export async function topicOffsets(
  connection: KafkaConnection,
  topic: string,
): Promise<TopicOffsets> {
  return await withClient(connection, (client) =>
    client.quickly(async () => {
      const topics = await client.topics([topic]);
      return {
        earliest: await listOffsets(client, topics, "earliest", "read_uncommitted"),
        latest: await listOffsets(client, topics, "latest", "read_uncommitted"),
      };
    }));
}

/** `createTopicIfAbsent` over a client that is there already. */
export async function createTopic(client: KafkaClient, newTopic: NewTopic): Promise<boolean> {
  const { topic, numPartitions, replicationFactor = -1, configEntries = {} } = newTopic;
  const request = new RequestWriter(false);
  request.array([topic], () => {
    request.string(topic).int32(numPartitions).int16(replicationFactor).array([], () => {});
    request.array(Object.entries(configEntries), ([name, value]) => {
      request.string(name).string(value);
    });
  });
  request.int32(client.options.requestTimeoutMs).boolean(false);
  const created = await onController(client, async (connection) => {
    const response = await connection.send(CREATE_TOPICS, request);
    response.int32();
    const [result] = response.array(() => {
      response.string();
      return { errorCode: response.int16(), message: response.string() };
    });
    const { errorCode, message } = result!;
    if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return false;
    refuseErrorCode(`create topic "${topic}"`, connection.address, errorCode, message);
    return true;
  });
  await untilUsable(client, topic, created ? Math.max(numPartitions, 1) : 1);
  return created;
}

/**
 * A topic can be used once the brokers that lead its partitions all answer: a broker learns of a new
 * topic, and of what it leads, a moment later than the controller.
 */
async function untilUsable(
  client: KafkaClient,
  topic: string,
  numPartitions: number,
): Promise<void> {
  await client.patiently(async () => {
    const topics = await client.topicsIfPresent([topic]);
    const found = topics[0]?.partitions.length ?? 0;
    if (found < numPartitions) {
      throw new SluiceError("KAFKA_UNAVAILABLE", {
        attempted: `wait for topic "${topic}"`,
        where: client.brokerNames,
        found: `${found} partitions`,
        wanted: `at least ${numPartitions}`,
        hint: "check that all brokers of the cluster run",
        retryable: true,
      });
    }
    await listOffsets(client, topics, "earliest", "read_uncommitted");
  });
}
