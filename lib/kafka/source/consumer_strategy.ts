import { badOption, isRecord, SluiceError, systemClock } from "../../core/mod.ts";
import { type KafkaClient, refused } from "../client.ts";
import type { TopicMetadata } from "../metadata.ts";
import { ErrorCode } from "../protocol_errors.ts";

const ATTEMPTED = "read from Kafka";
const STRATEGIES = ["topic", "topics", "topicPattern", "assign"] as const;
/** Kafka's own topics, and those of the tools around it. */
const INTERNAL = /^__/;
const MISSING_TRIES = 5;
const MISSING_PAUSE_MS = 200;

/** Which topics are read: exactly one of these. */
export interface KafkaSubscription {
  /** One topic; all its partitions are read, new ones too. */
  readonly topic?: string;
  /** Several topics. */
  readonly topics?: readonly string[];
  /**
   * All topics in whose names the pattern is found (`^trades\.` for a beginning), new ones too.
   * Topics that begin with `__` are Kafka's own and never among them.
   */
  readonly topicPattern?: string | RegExp;
  /** These partitions by topic, and no others: `{ trades: [0, 1] }`. */
  readonly assign?: Readonly<Record<string, readonly number[]>>;
}

/** The names in `KafkaSubscription`. */
export const SUBSCRIPTION_OPTIONS: readonly string[] = STRATEGIES;

/** Finds what is to be read. */
export interface ConsumerStrategy {
  /** As in Spark's progress: `Subscribe[trades, quotes]`. */
  readonly description: string;
  /** The topics as the cluster has them now, each with the partitions that are to be read. */
  topics(client: KafkaClient): Promise<TopicMetadata[]>;
}

/**
 * The strategy that the options ask for.
 *
 * @throws {SluiceError} `BAD_OPTION` unless there is exactly one, and it names something.
 */
export function consumerStrategy(options: KafkaSubscription): ConsumerStrategy {
  const given = STRATEGIES.filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    throw new SluiceError("BAD_OPTION", {
      attempted: ATTEMPTED,
      found: given.length === 0 ? "no topic" : `options ${given.join(" and ")}`,
      wanted: `exactly one of ${STRATEGIES.join(", ")}`,
    });
  }
  const { topic, topics, topicPattern, assign } = options;
  if (topic !== undefined) return subscribe("topic", [topic]);
  if (topics !== undefined) return subscribe("topics", topics);
  if (topicPattern !== undefined) return subscribePattern(topicPattern);
  return assignPartitions(assign!);
}

function subscribe(option: string, topics: readonly string[]): ConsumerStrategy {
  const wanted = option === "topic" ? "the name of a topic" : "names of topics, each once";
  const isNames = Array.isArray(topics) && topics.length > 0 &&
    topics.every((topic) => typeof topic === "string" && topic !== "") &&
    new Set(topics).size === topics.length;
  if (!isNames) {
    const found = option === "topic" ? topics[0] : topics;
    throw badOption(ATTEMPTED, option, JSON.stringify(found) ?? String(found), wanted);
  }
  return {
    description: `Subscribe[${topics.join(", ")}]`,
    topics: (client) => client.topics(topics),
  };
}

function subscribePattern(topicPattern: string | RegExp): ConsumerStrategy {
  const pattern = regExp(topicPattern);
  let known: readonly string[] = [];
  return {
    description: `SubscribePattern[${pattern.source}]`,
    async topics(client) {
      let found = await matchingTopics(client, pattern);
      const isMissing = (name: string) => !found.some(({ topic }) => topic === name);
      // A broker that has just come up does not list all topics yet: one that stays away is gone.
      for (let attempt = 0; attempt < MISSING_TRIES && known.some(isMissing); attempt++) {
        await systemClock.sleep(MISSING_PAUSE_MS, client.closedSignal);
        found = await matchingTopics(client, pattern);
      }
      known = found.map(({ topic }) => topic);
      return found;
    },
  };
}

async function matchingTopics(client: KafkaClient, pattern: RegExp): Promise<TopicMetadata[]> {
  const { topics } = await client.metadata(undefined);
  const found = topics.filter(({ topic, isInternal }) =>
    !isInternal && !INTERNAL.test(topic) && pattern.test(topic)
  );
  const broken = found.find(({ errorCode }) => errorCode !== ErrorCode.NONE);
  if (broken === undefined) return found;
  throw refused(`look up topic "${broken.topic}"`, client.brokerNames, broken.errorCode);
}

function regExp(topicPattern: string | RegExp): RegExp {
  try {
    if (topicPattern !== "") {
      // Without the flags that make a pattern remember where it found something last.
      return topicPattern instanceof RegExp
        ? new RegExp(topicPattern.source, topicPattern.flags.replace(/[gy]/g, ""))
        : new RegExp(topicPattern);
    }
  } catch {
    // No regular expression: told below.
  }
  const found = JSON.stringify(topicPattern) ?? String(topicPattern);
  throw badOption(ATTEMPTED, "topicPattern", found, "a regular expression");
}

function assignPartitions(assign: Readonly<Record<string, readonly number[]>>): ConsumerStrategy {
  const isPartitions = (partitions: unknown) =>
    Array.isArray(partitions) && partitions.length > 0 &&
    partitions.every((each) => Number.isSafeInteger(each) && each >= 0) &&
    new Set(partitions).size === partitions.length;
  const entries = isRecord(assign) ? Object.entries(assign) : [];
  if (entries.length === 0 || !entries.every(([, partitions]) => isPartitions(partitions))) {
    const found = JSON.stringify(assign) ?? String(assign);
    throw badOption(ATTEMPTED, "assign", found, "partitions by topic, such as { trades: [0, 1] }");
  }
  const names = entries.flatMap(([topic, partitions]) =>
    partitions.map((partition) => `${topic}-${partition}`)
  );
  return {
    description: `Assign[${names.join(", ")}]`,
    async topics(client) {
      const topics = await client.topics(entries.map(([topic]) => topic));
      return topics.map((topic, i) => assignedOf(topic, entries[i]![1]));
    },
  };
}

function assignedOf(topic: TopicMetadata, assigned: readonly number[]): TopicMetadata {
  const partitions = topic.partitions.filter(({ partition }) => assigned.includes(partition));
  if (partitions.length === assigned.length) return { ...topic, partitions };
  throw new SluiceError("PARTITION_NOT_FOUND", {
    attempted: ATTEMPTED,
    where: 'option "assign"',
    found: `topic "${topic.topic}" with partitions ` +
      topic.partitions.map(({ partition }) => partition).join(", "),
    wanted: `partitions ${assigned.join(", ")}`,
  });
}
