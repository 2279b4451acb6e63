import {
  alterConfigs,
  alterGroupOffsets,
  createPartitions,
  createTopicIfAbsent,
} from "../../kafka/mod.ts";
import { wholeNumber } from "../flags.ts";
import { print } from "../print.ts";
import { badFlag, settingsOf, topicCommand, wordsOf } from "./topic_command.ts";

const CONFIG_FLAG = {
  type: "string",
  value: '"a=1 b=2"',
  help: "settings of the topic's own, with blanks between them",
} as const;

/** A new topic. */
export const createCommand = topicCommand({
  name: "create",
  summary: "Makes a topic, if there is none of that name.",
  operands: ["topic"],
  flags: {
    partitions: { type: "string", value: "n", help: "how many; default 1" },
    replicas: { type: "string", value: "n", help: "default: what the brokers say" },
    config: CONFIG_FLAG,
  },
  async run(connection, { flags, operands: [topic = ""] }) {
    const replicationFactor = wholeNumber("replicas", flags.replicas, 1);
    const created = await createTopicIfAbsent(connection, {
      topic,
      numPartitions: wholeNumber("partitions", flags.partitions, 1) ?? 1,
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
      configEntries: settingsOf("config", flags.config),
    });
    print(created ? `made ${topic}` : `${topic} is there already; nothing was changed`);
  },
});

/** Other settings, more partitions. */
export const alterCommand = topicCommand({
  name: "alter",
  summary: "Changes settings of a topic, or gives it more partitions.",
  operands: ["topic"],
  flags: {
    config: CONFIG_FLAG,
    unset: {
      type: "string",
      value: '"a b"',
      help: "settings to take back: the brokers' count then",
    },
    partitions: {
      type: "string",
      value: "n",
      help: "how many in all; keyed records then go elsewhere than before",
    },
  },
  async run(connection, { flags, operands: [topic = ""] }) {
    const changes: Record<string, string | null> = settingsOf("config", flags.config);
    for (const name of wordsOf(flags.unset)) {
      if (name in changes) throw badFlag("--unset", name, "a setting that --config does not have");
      changes[name] = null;
    }
    const partitions = wholeNumber("partitions", flags.partitions, 1);
    if (Object.keys(changes).length === 0 && partitions === undefined) {
      throw badFlag("topics alter", "no change", "--config, --unset or --partitions");
    }
    if (Object.keys(changes).length > 0) await alterConfigs(connection, topic, changes);
    if (partitions !== undefined) await createPartitions(connection, topic, partitions);
    print(`changed ${topic}`);
  },
});

/** Where a consumer group goes on. */
export const resetOffsetCommand = topicCommand({
  name: "reset-offset",
  summary: "Sets where a consumer group without members goes on in a partition.",
  operands: ["group", "topic", "partition", "offset"],
  flags: {},
  async run(connection, { operands: [group = "", topic = "", ...numbers] }) {
    const [partition = 0, offset = 0] = numbers.map((text, i) =>
      wholeNumberOf(i === 0 ? "partition" : "offset", text)
    );
    await alterGroupOffsets(connection, group, { [topic]: { [partition]: BigInt(offset) } });
    print(`${group} goes on at offset ${offset} of ${topic}-${partition}`);
  },
});

function wholeNumberOf(operand: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw badFlag(`<${operand}>`, JSON.stringify(text), "a whole number of at least 0");
}
