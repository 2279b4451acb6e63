import type { Offsets } from "../../core/mod.ts";
import {
  describeCluster,
  describeTopic,
  groupLag,
  type KafkaConnection,
  type TopicDescription,
} from "../../kafka/mod.ts";
import { count } from "../progress_printer.ts";
import { type CheckpointPosition, checkpointPosition } from "./checkpoint_position.ts";
import { type Finding, Findings } from "./finding.ts";

/** What to look at in Kafka. */
export interface KafkaChecks {
  /** The folders of queries' checkpoints. */
  readonly checkpoints: readonly string[];
  /** Consumer groups. */
  readonly groups: readonly string[];
}

/** What `checkKafka` found. */
export interface KafkaReport {
  readonly findings: readonly Finding[];
  /** The names of all topics; `undefined` if no broker answers. */
  readonly topics?: ReadonlySet<string>;
}

/** Looks at the brokers, the topics that queries read, and how far queries and groups are behind. */
export async function checkKafka(
  connection: KafkaConnection,
  { checkpoints, groups }: KafkaChecks,
): Promise<KafkaReport> {
  const findings = new Findings("kafka");
  const topics = await checkCluster(connection, findings);
  if (topics === undefined) return { findings: findings.all };
  for (const location of checkpoints) {
    await checkCheckpoint(connection, topics, location, findings);
  }
  for (const group of groups) await checkGroup(connection, group, findings);
  return { findings: findings.all, topics };
}

async function checkCluster(
  connection: KafkaConnection,
  findings: Findings,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const { brokers, topics } = await describeCluster(connection);
    const addresses = [...brokers.values()].join(", ");
    findings.add("ok", "brokers", `${addresses}; ${topics.length} topics`);
    for (const { topic, offlinePartitions, underReplicatedPartitions } of topics) {
      const subject = `topic "${topic}"`;
      if (offlinePartitions.length > 0) {
        const found = `nobody leads partition ${offlinePartitions.join(", ")}`;
        findings.add("broken", subject, found, "start the brokers that hold it");
      } else if (underReplicatedPartitions.length > 0) {
        const found = `a replica of partition ${underReplicatedPartitions.join(", ")} is behind`;
        findings.add(
          "warning",
          subject,
          found,
          "see whether all brokers run and their disks keep up",
        );
      }
    }
    return new Set(topics.map(({ topic }) => topic));
  } catch (error) {
    findings.addError("broken", "brokers", error);
    return undefined;
  }
}

async function checkCheckpoint(
  connection: KafkaConnection,
  topics: ReadonlySet<string>,
  location: string,
  findings: Findings,
): Promise<void> {
  const subject = `checkpoint ${location}`;
  try {
    const position = await checkpointPosition(location);
    const faults: string[] = [];
    let lag = 0n;
    for (const topic of Object.keys(position.topicIds).sort()) {
      if (!topics.has(topic)) faults.push(`topic "${topic}" is gone`);
      else {
        const judged = judgeTopic(await describeTopic(connection, topic), position);
        faults.push(...judged.faults);
        lag += judged.lag;
      }
    }
    const names = Object.keys(position.topicIds).filter((topic) => topics.has(topic));
    const behind = names.length === 0 ? "" : `, ${count(lag)} records behind (${names.join(", ")})`;
    const state = `${batchText(position)}${behind}`;
    if (faults.length === 0) findings.add("ok", subject, state);
    else {
      findings.add(
        "broken",
        subject,
        `${faults.join("; ")}; ${state}`,
        "the query stops with an error: give it a new checkpoint and empty sinks, or let it go on " +
          "with failOnDataLoss: false",
      );
    }
  } catch (error) {
    findings.addError("broken", subject, error);
  }
}

/** What a topic no longer has of what the query is to read, and how many records it is behind. */
function judgeTopic(
  { topic, topicId, partitions }: TopicDescription,
  { offsets, topicIds }: CheckpointPosition,
): { faults: string[]; lag: bigint } {
  if (topicId !== undefined && topicId !== topicIds[topic]) {
    return { faults: [`topic "${topic}" was deleted and made anew`], lag: 0n };
  }
  const faults: string[] = [];
  let lag = 0n;
  for (const { partition, earliestOffset, latestOffset } of partitions) {
    const position = (offsets as Partial<Offsets>)[topic]?.[partition];
    if (position === undefined || latestOffset === undefined) continue;
    if (earliestOffset !== undefined && earliestOffset > position) {
      const lost = count(earliestOffset - position);
      faults.push(`retention removed ${lost} unread records of ${topic}-${partition}`);
    }
    if (latestOffset < position) {
      faults.push(`${topic}-${partition} ends before what the query has read`);
    } else lag += latestOffset - position;
  }
  return { faults, lag };
}

function batchText({ committedBatchId, plannedBatchId }: CheckpointPosition): string {
  if (plannedBatchId < 0) return "no batch yet";
  if (committedBatchId < 0) return `batch ${plannedBatchId} is planned, none done`;
  const done = `batch ${committedBatchId} is done`;
  return plannedBatchId > committedBatchId ? `${done}, ${plannedBatchId} planned` : done;
}

async function checkGroup(
  connection: KafkaConnection,
  group: string,
  findings: Findings,
): Promise<void> {
  const subject = `group "${group}"`;
  try {
    const lags = await groupLag(connection, group);
    const gone = lags.filter(({ endOffset }) => endOffset === undefined);
    const lag = lags.reduce((sum, each) => sum + (each.lag ?? 0n), 0n);
    const topics = [...new Set(lags.map(({ topic }) => topic))].join(", ");
    if (lags.length === 0) {
      findings.add("warning", subject, "no offsets", "see whether its name is right");
    } else if (gone.length > 0) {
      const names = gone.map(({ topic, partition }) => `${topic}-${partition}`).join(", ");
      findings.add("broken", subject, `it stands in ${names}, which is gone`, "delete the group");
    } else findings.add("ok", subject, `${count(lag)} records behind (${topics})`);
  } catch (error) {
    findings.addError("broken", subject, error);
  }
}
