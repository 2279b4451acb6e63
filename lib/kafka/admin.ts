import { type Offsets, refuseUnknownOptions, SluiceError } from "../core/mod.ts";
import { KafkaClient, refused } from "./client.ts";
import type { Api } from "./connection.ts";
import { listOffsets } from "./list_offsets.ts";
import { CONNECTION_OPTIONS, type KafkaConnection, resolveConnection } from "./options.ts";
import { ErrorCode, errorCodeName } from "./protocol_errors.ts";
import { RequestWriter } from "./wire.ts";

const CREATE_TOPICS: Api = { name: "CreateTopics", key: 19, version: 4, flexible: false };
const DELETE_TOPICS: Api = { name: "DeleteTopics", key: 20, version: 3, flexible: false };

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
    const deleted = await onController(client, DELETE_TOPICS, request, `delete topic "${topic}"`, [
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    await client.patiently(async () => {
      const [found] = (await client.metadata([topic])).topics;
      if (found?.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return;
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
      const metadata = await client.topic(topic);
      return {
        earliest: await listOffsets(client, metadata, "earliest", "read_uncommitted"),
        latest: await listOffsets(client, metadata, "latest", "read_uncommitted"),
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
  const created = await onController(client, CREATE_TOPICS, request, `create topic "${topic}"`, [
    ErrorCode.TOPIC_ALREADY_EXISTS,
  ]);
  // Metadata names a leader a moment before it leads: a topic can be used once all of them answer.
  await client.patiently(async () => {
    const metadata = await client.topic(topic).catch(notYetThere);
    await listOffsets(client, metadata, "earliest", "read_uncommitted");
  });
  return created;
}

/** Sends a request about one topic to the controller; false if the answer is an expected error. */
async function onController(
  client: KafkaClient,
  api: Api,
  request: RequestWriter,
  attempted: string,
  expected: readonly number[],
): Promise<boolean> {
  return await client.quickly(async () => {
    const { controllerId } = await client.metadata([]);
    const connection = await client.node(controllerId);
    const response = await connection.send(api, request);
    response.int32();
    const [result] = response.array(() => {
      response.string();
      const errorCode = response.int16();
      return { errorCode, message: api === CREATE_TOPICS ? response.string() : null };
    });
    const { errorCode, message } = result!;
    if (errorCode === ErrorCode.NONE) return true;
    if (expected.includes(errorCode)) return false;
    const error = refused(attempted, connection.address, errorCode);
    if (message === null) throw error;
    throw new SluiceError(error.code, {
      ...error.details,
      found: `${errorCodeName(errorCode)}: ${message}`,
    });
  });
}

/** Other brokers than the controller may not have heard of a new topic yet. */
function notYetThere(error: unknown): never {
  if (!(error instanceof SluiceError && error.code === "TOPIC_NOT_FOUND")) throw error;
  throw new SluiceError(error.code, { ...error.details, retryable: true });
}

async function withClient<T>(
  connection: KafkaConnection,
  call: (client: KafkaClient) => Promise<T>,
): Promise<T> {
  refuseUnknownOptions("connect to Kafka", connection, CONNECTION_OPTIONS);
  const client = new KafkaClient(resolveConnection(connection));
  try {
    return await call(client);
  } finally {
    client.close();
  }
}
