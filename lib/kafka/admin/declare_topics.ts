import { SluiceError } from "../../core/mod.ts";
import type { KafkaConnection } from "../options.ts";
import { alterConfigs } from "./topic_configs.ts";
import { describeTopic } from "./describe_topic.ts";
import { createTopicIfAbsent, type NewTopic } from "./topics.ts";

/** What declaring a topic did. */
export interface DeclaredTopic {
  /** Its name. */
  readonly topic: string;
  /** `changed`: it was there with other settings. */
  readonly outcome: "created" | "changed" | "unchanged";
  /** The names of the settings that are other than before. */
  readonly changed: readonly string[];
}

/**
 * Makes topics be as they are declared: those that are absent are made, and of the others the settings
 * that are declared otherwise are changed. Settings that are not declared stay as they are, and so do
 * the numbers of replicas; more partitions than declared are fine.
 *
 * @throws {SluiceError} `TOPIC_DIFFERS` for a topic with fewer partitions than declared: to give it more
 * would send the records of a key elsewhere than those before; `KAFKA_REFUSED` or `KAFKA_UNAVAILABLE`.
 *
 * @example
 * ```ts ignore
 * import { declareTopics } from "./declare_topics.ts";
 *
 * await declareTopics({ brokers: ["127.0.0.1:9092"] }, [
 *   { topic: "alerts", numPartitions: 3, configEntries: { "retention.ms": "604800000" } },
 *   { topic: "orders.latest", numPartitions: 3, configEntries: { "cleanup.policy": "compact" } },
 * ]);
 * ```
 */
export async function declareTopics(
  connection: KafkaConnection,
  topics: readonly NewTopic[],
): Promise<DeclaredTopic[]> {
  const declared: DeclaredTopic[] = [];
  for (const wanted of topics) declared.push(await declareTopic(connection, wanted));
  return declared;
}

async function declareTopic(
  connection: KafkaConnection,
  wanted: NewTopic,
): Promise<DeclaredTopic> {
  const { topic, numPartitions, configEntries = {} } = wanted;
  if (await createTopicIfAbsent(connection, wanted)) {
    return { topic, outcome: "created", changed: Object.keys(configEntries).sort() };
  }
  const { partitions, configs } = await describeTopic(connection, topic);
  if (partitions.length < numPartitions) {
    throw new SluiceError("TOPIC_DIFFERS", {
      attempted: `declare topic "${topic}"`,
      found: `${partitions.length} partitions`,
      wanted: `${numPartitions}`,
      hint:
        "records of one key would go to another partition than those before: make the topic anew, " +
        `or let it grow with \`deno task topics alter ${topic} --partitions ${numPartitions}\` ` +
        "if no reader needs their order",
    });
  }
  const values = new Map(configs.map(({ name, value }) => [name, value]));
  const changes = Object.entries(configEntries)
    .filter(([name, value]) => values.get(name) !== value);
  if (changes.length === 0) return { topic, outcome: "unchanged", changed: [] };
  await alterConfigs(connection, topic, Object.fromEntries(changes));
  return { topic, outcome: "changed", changed: changes.map(([name]) => name).sort() };
}
