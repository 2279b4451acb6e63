import { kafka, ndjson, SluiceError, type Trigger } from "sluice";
import {
  count,
  flagCommand,
  type Flags,
  type FlagValues,
  printError,
  wholeNumber,
} from "../lib/cli/mod.ts";
import { createTopicIfAbsent } from "../lib/kafka/mod.ts";
import { ensureStack, javaAvailable } from "../lib/stack/mod.ts";
import { READ_FLAGS, readSettings, runJob, SHOW_FLAGS } from "./job_command.ts";
import { isGiven } from "./job_summary.ts";
import type { multisink, MultisinkOptions } from "./multisink.ts";
import { multisinkSummary } from "./multisink_summary.ts";
import { produceTrades, TRADE_PARTITIONS } from "./producers/trades.ts";

const SAMPLE_TRADES = 100_000;
const SAMPLE_FILE = "data/samples/trades.ndjson";

const FLAGS = {
  ...READ_FLAGS,
  topic: { type: "string", value: "name", help: "the topic to read; default trades" },
  source: {
    type: "string",
    value: "file",
    help: `read a recorded topic instead of Kafka: ${SAMPLE_FILE}`,
  },
  produce: {
    type: "string",
    value: "n",
    help: `sample trades to make first; default ${count(SAMPLE_TRADES)} on the local services, ` +
      "0 on others and with --follow",
  },
  seed: {
    type: "string",
    value: "n",
    help: "seed of the sample trades; default: the next trade id",
  },
  table: { type: "string", value: "name", help: "the Postgres table; default: as the topic" },
  lake: { type: "string", value: "path", help: "the Delta table; default data/lake/<table>" },
  checkpoint: {
    type: "string",
    value: "path",
    help: "the query's checkpoint; default data/checkpoints/<table>",
  },
  "dlq-topic": {
    type: "string",
    value: "name",
    help: "a topic for dead letters, beside the table",
  },
  ...SHOW_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** Runs the job from a command line; returns the exit code. */
export function multisinkCommand(
  args: readonly string[],
  start: typeof multisink,
): Promise<number> {
  const about = "Streams trades from Kafka into Postgres and Delta, each exactly once.";
  return flagCommand({ name: "pipeline:multisink", about, flags: FLAGS }, args, async (values) => {
    const job = await prepare(values);
    await runJob({
      places: { ...job, tables: [job.table] },
      start: (shown) =>
        start(job, {
          checkpointLocation: job.checkpointLocation,
          trigger: job.trigger,
          ...shown,
        }),
      summary: (printer) => multisinkSummary(printer, job, args),
    }, values);
  });
}

interface Prepared extends MultisinkOptions {
  readonly checkpointLocation: string;
  readonly trigger: Trigger;
  /** True if the services are those of this machine, where the job may be begun anew. */
  readonly isLocal: boolean;
}

/** Finds or starts the services, and makes sample trades where that is wanted. */
async function prepare(values: Values): Promise<Prepared> {
  const onProgress = printError;
  const { trigger, maxOffsetsPerTrigger } = readSettings(values);
  const samples = wholeNumber("produce", values.produce, 0);
  const seed = wholeNumber("seed", values.seed, 0);
  const table = values.table ?? (values.source === undefined ? values.topic ?? "trades" : "sample");
  const places = {
    table,
    lakePath: values.lake ?? `data/lake/${table}`,
    checkpointLocation: values.checkpoint ?? `data/checkpoints/${table}`,
    trigger,
  };
  if (values.source !== undefined) {
    refuseKafkaFlags(values);
    const { databaseUrl } = await ensureStack({ services: ["postgres"], onProgress });
    const source = ndjson({ path: values.source, maxOffsetsPerTrigger });
    return { ...places, databaseUrl, source, isLocal: !isGiven("DATABASE_URL") };
  }

  const isLocal = !isGiven("KAFKA_BROKERS");
  if (isLocal && !await javaAvailable()) throw noJava();
  const { kafkaBrokers: brokers, databaseUrl } = await ensureStack({ onProgress });
  const topic = values.topic ?? "trades";
  const toMake = samples ?? (isLocal && !values.follow ? SAMPLE_TRADES : 0);
  if (toMake > 0) {
    onProgress(`making ${count(toMake)} sample trades in topic ${topic}`);
    const signal = new AbortController().signal;
    const which = seed === undefined ? {} : { seed };
    await produceTrades({ brokers, topic, count: toMake, signal, ...which });
  }
  if (values.follow && isLocal) {
    await createTopicIfAbsent({ brokers }, { topic, numPartitions: TRADE_PARTITIONS });
  }
  const dlqTopic = values["dlq-topic"];
  refuseDeadLetterLoop(topic, dlqTopic);
  return {
    ...places,
    databaseUrl,
    isLocal: isLocal && !isGiven("DATABASE_URL"),
    source: kafka({ brokers, topic, maxOffsetsPerTrigger, groupId: `sluice-${table}` }),
    ...(dlqTopic === undefined ? {} : { deadLetters: { brokers, topic: dlqTopic } }),
  };
}

function refuseKafkaFlags(values: Values): void {
  for (const flag of ["topic", "produce", "seed", "dlq-topic"] as const) {
    if (values[flag] === undefined) continue;
    throw new SluiceError("BAD_FLAG", {
      attempted: "read the flags",
      where: `--${flag}`,
      found: "--source beside it",
      wanted: "one of the two: --source reads a file, and no Kafka is there",
    });
  }
}

/** Dead letters in the topic itself would be read, and be dead letters again, for ever. */
function refuseDeadLetterLoop(topic: string, dlqTopic: string | undefined): void {
  if (dlqTopic !== topic) return;
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags",
    where: "--dlq-topic",
    found: `"${dlqTopic}", the topic that is read`,
    wanted: "another topic",
  });
}

function noJava(): SluiceError {
  return new SluiceError("JAVA_MISSING", {
    attempted: "start Kafka on this machine",
    found: "no Java 17 or newer",
    hint:
      "install one (on Debian: apt install openjdk-17-jre-headless), or set KAFKA_BROKERS to a " +
      "Kafka that runs elsewhere, or try the same job on a recorded topic, without Kafka:\n\n" +
      `  deno task pipeline:multisink --source ${SAMPLE_FILE}`,
  });
}
