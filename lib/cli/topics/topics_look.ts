import { describeTopic, groupLag, type TopicDescription } from "../../kafka/mod.ts";
import { print } from "../print.ts";
import { count } from "../progress_printer.ts";
import { printPairs } from "../table/table_pairs.ts";
import { textTable } from "../table/table_text.ts";
import { exactJson, JSON_FLAG, topicCommand } from "./topic_command.ts";

const PARTITION_COLUMNS = [
  { title: "PARTITION", align: "right" },
  { title: "LEADER" },
  { title: "REPLICAS" },
  { title: "IN SYNC" },
  { title: "EARLIEST", align: "right" },
  { title: "LATEST", align: "right" },
] as const;

const LAG_COLUMNS = [
  { title: "TOPIC" },
  { title: "PARTITION", align: "right" },
  { title: "COMMITTED", align: "right" },
  { title: "END", align: "right" },
  { title: "LAG", align: "right" },
] as const;

/** What a topic is. */
export const describeCommand = topicCommand({
  name: "describe",
  summary: "Shows a topic: partitions, leaders, offsets, settings.",
  operands: ["topic"],
  flags: {
    all: { type: "boolean", help: "show the settings too that are not the topic's own" },
    ...JSON_FLAG,
  },
  async run(connection, { flags, operands: [topic = ""] }) {
    const description = await describeTopic(connection, topic);
    if (flags.json) print(exactJson(description));
    else printDescription(description, flags.all ?? false);
  },
});

/** How far a consumer group is behind. */
export const lagCommand = topicCommand({
  name: "lag",
  summary: "Shows how far a consumer group is behind, by partition.",
  operands: ["group"],
  flags: JSON_FLAG,
  async run(connection, { flags, operands: [group = ""] }) {
    const lags = await groupLag(connection, group);
    if (flags.json) {
      for (const lag of lags) print(exactJson(lag));
      return;
    }
    const rows = lags.map(({ topic, partition, committedOffset, endOffset, lag }) => [
      topic,
      String(partition),
      count(committedOffset),
      endOffset === undefined ? "gone" : count(endOffset),
      lag === undefined ? "" : count(lag),
    ]);
    print(rows.length === 0 ? "no offsets" : textTable(LAG_COLUMNS, rows));
  },
});

function printDescription(description: TopicDescription, all: boolean): void {
  const { topic, topicId, partitions, configs } = description;
  printPairs(Object.entries({ topic, topicId, partitions: partitions.length }));
  print("");
  print(textTable(
    PARTITION_COLUMNS,
    partitions.map((each) => [
      String(each.partition),
      each.leaderId === undefined ? "none" : `${each.leader} (${each.leaderId})`,
      each.replicas.join(" "),
      each.inSyncReplicas.join(" "),
      each.earliestOffset === undefined ? "" : count(each.earliestOffset),
      each.latestOffset === undefined ? "" : count(each.latestOffset),
    ]),
  ));
  const shown = configs.filter(({ source }) => all || source === "topic");
  if (shown.length === 0) return;
  print("");
  print(textTable(
    [{ title: "SETTING" }, { title: "VALUE" }, { title: "SOURCE" }],
    shown.map(({ name, value, source }) => [name, value ?? "", source]),
  ));
}
