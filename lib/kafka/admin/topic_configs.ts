import type { KafkaClient } from "../client.ts";
import type { Api } from "../connection.ts";
import type { KafkaConnection } from "../options.ts";
import { RequestWriter } from "../wire.ts";
import { onController, refuseErrorCode, withClient } from "./admin_client.ts";

const DESCRIBE_CONFIGS: Api = { name: "DescribeConfigs", key: 32, version: 1, flexible: false };
const ALTER_CONFIGS: Api = {
  name: "IncrementalAlterConfigs",
  key: 44,
  version: 0,
  flexible: false,
};
const TOPIC_RESOURCE = 2;
const SET = 0;
const DELETE = 1;
/** Who says what a setting is: the topic itself, the brokers' settings (three kinds), or nobody. */
export type ConfigSource =
  | "unknown"
  | "topic"
  | "dynamicBroker"
  | "dynamicDefaultBroker"
  | "staticBroker"
  | "default";

// By their number in responses.
const SOURCES: readonly ConfigSource[] = [
  "unknown",
  "topic",
  "dynamicBroker",
  "dynamicDefaultBroker",
  "staticBroker",
  "default",
];

/** One setting of a topic. */
export interface TopicConfig {
  /** As in Kafka's documentation: `retention.ms`. */
  readonly name: string;
  /** Null where it is secret, or has none. */
  readonly value: string | null;
  /** Who says so. */
  readonly source: ConfigSource;
  /** True if it cannot be changed. */
  readonly isReadOnly: boolean;
}

/**
 * Changes settings of a topic and leaves the others as they are; null takes a setting of the topic's
 * own back, so that the brokers' counts.
 *
 * @throws {SluiceError} `KAFKA_REFUSED` for a setting there is not and for a value it cannot have,
 * `TOPIC_NOT_FOUND` or `KAFKA_UNAVAILABLE`.
 *
 * @example
 * ```ts ignore
 * import { alterConfigs } from "./topic_configs.ts";
 *
 * await alterConfigs({ brokers: ["127.0.0.1:9092"] }, "trades", {
 *   "retention.ms": "604800000",
 *   "cleanup.policy": null,
 * });
 * ```
 */
export async function alterConfigs(
  connection: KafkaConnection,
  topic: string,
  configEntries: Readonly<Record<string, string | null>>,
): Promise<void> {
  await withClient(connection, async (client) => {
    await client.topic(topic);
    const request = new RequestWriter(false);
    request.array([topic], () => {
      request.int8(TOPIC_RESOURCE).string(topic);
      request.array(Object.entries(configEntries), ([name, value]) => {
        request.string(name).int8(value === null ? DELETE : SET).string(value);
      });
    });
    request.boolean(false);
    await onController(client, async (connection) => {
      const response = await connection.send(ALTER_CONFIGS, request);
      response.int32();
      response.array(() => {
        const errorCode = response.int16();
        const message = response.string();
        response.int8();
        response.string();
        const attempted = `alter the configs of topic "${topic}"`;
        refuseErrorCode(attempted, connection.address, errorCode, message);
      });
    });
  });
}

/** The settings of a topic, those by the given names or all, by name. */
export async function describeConfigs(
  client: KafkaClient,
  topic: string,
  names?: readonly string[],
): Promise<TopicConfig[]> {
  const request = new RequestWriter(false);
  request.array([topic], () => {
    request.int8(TOPIC_RESOURCE).string(topic);
    if (names === undefined) request.nullArray();
    else request.array(names, (name) => request.string(name));
  });
  request.boolean(false);
  const configs = await onController(client, async (connection) => {
    const response = await connection.send(DESCRIBE_CONFIGS, request);
    response.int32();
    return response.array(() => {
      const errorCode = response.int16();
      const message = response.string();
      const attempted = `describe the configs of topic "${topic}"`;
      refuseErrorCode(attempted, connection.address, errorCode, message);
      response.int8();
      response.string();
      return response.array((): TopicConfig => {
        const name = response.string() ?? "";
        const value = response.string();
        const isReadOnly = response.boolean();
        const source = SOURCES[response.int8()] ?? "unknown";
        response.boolean();
        response.array(() => {
          response.string();
          response.string();
          response.int8();
        });
        return { name, value, source, isReadOnly };
      });
    }).flat();
  });
  return configs.sort((a, b) => a.name < b.name ? -1 : 1);
}
