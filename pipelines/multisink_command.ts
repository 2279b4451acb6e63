import {
  kafka,
  ndjson,
  parseTrigger,
  prometheus,
  SluiceError,
  stallWatchdog,
  type Trigger,
} from "sluice";
import {
  count,
  type Flags,
  flagsHelp,
  type FlagValues,
  parseFlags,
  print,
  printError,
  ProgressPrinter,
  runCommand,
  stopOnSignals,
  wholeNumber,
} from "../lib/cli/mod.ts";
import { createTopicIfAbsent } from "../lib/kafka/mod.ts";
import { ensureStack, javaAvailable } from "../lib/stack/mod.ts";
import type { multisink, MultisinkOptions } from "./multisink.ts";
import { isGiven, multisinkSummary, quotedTable } from "./multisink_summary.ts";
import { produceTrades, TRADE_PARTITIONS } from "./producers/trades.ts";

const SAMPLE_TRADES = 100_000;
const MAX_OFFSETS_PER_TRIGGER = 100_000;
const STALL_AFTER = "1 minute";
const SAMPLE_FILE = "data/samples/trades.ndjson";

const FLAGS = {
  follow: { type: "boolean", help: "stream until Ctrl-C instead of ending when all is read" },
  trigger: {
    type: "string",
    value: "when",
    help: 'availableNow (default), once, or an interval such as "5s"',
  },
  maxOffsetsPerTrigger: {
    type: "string",
    value: "n",
    help: `records in one batch, over all partitions; default ${count(MAX_OFFSETS_PER_TRIGGER)}`,
  },
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
  "metrics-port": {
    type: "string",
    value: "n",
    help: "serve metrics for Prometheus on this port of this machine",
  },
  json: {
    type: "boolean",
    help: "print a StreamingQueryProgress object a batch, and nothing else",
  },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** Runs the job from a command line; returns the exit code. */
export function multisinkCommand(
  args: readonly string[],
  start: typeof multisink,
): Promise<number> {
  return runCommand(async () => {
    const values = parseFlags("pipeline:multisink", args, FLAGS);
    if (values.help) {
      print(`Streams trades from Kafka into Postgres and Delta, each exactly once.\n`);
      print(flagsHelp(FLAGS));
      return;
    }
    const job = await prepare(values);
    const style = values.json ? "json" : Deno.stdout.isTerminal() ? "live" : "lines";
    const printer = new ProgressPrinter(style);
    const metricsPort = wholeNumber("metrics-port", values["metrics-port"], 1);
    await using metrics = metricsPort === undefined ? null : prometheus({ port: metricsPort });
    if (metrics !== null) printError(`metrics: ${metrics.url}`);
    const query = await start(job, {
      checkpointLocation: job.checkpointLocation,
      trigger: job.trigger,
      listener: metrics === null ? printer : [printer, metrics],
    }).catch((error) => Promise.reject(withAdvice(error, job)));
    using watchdog = stallWatchdog({
      stallAfter: STALL_AFTER,
      onStall: ({ message }) => printer.onNotice(message),
    });
    watchdog.watch(query);
    let isStopped = false;
    using _signals = stopOnSignals((signal) => {
      isStopped = true;
      printer.onNotice(`${signal}: finishing the batch in hand; once more ends at once`);
      query.stop().catch(() => {}); // awaitTermination below tells
    });
    try {
      await query.awaitTermination();
    } catch (error) {
      throw withAdvice(error, job);
    } finally {
      printer.finish();
    }
    if (values.json) return;
    if (isStopped && printer.batches === 0) print("Stopped before the first batch.");
    else print(multisinkSummary(query.name, printer, job, args));
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
  const maxOffsetsPerTrigger =
    wholeNumber("maxOffsetsPerTrigger", values.maxOffsetsPerTrigger, 1) ?? MAX_OFFSETS_PER_TRIGGER;
  const trigger = triggerOf(values);
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

function triggerOf({ follow, trigger }: Values): Trigger {
  if (follow && trigger === undefined) return { processingTime: 0 };
  const parsed = parsedTrigger(trigger ?? "availableNow");
  if (!follow || "processingTime" in parsed) return parsed;
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags",
    where: "--trigger",
    found: `${trigger} together with --follow`,
    wanted: 'an interval such as "5s", or one of the two flags',
  });
}

function parsedTrigger(text: string): Trigger {
  try {
    return parseTrigger(text);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError("BAD_FLAG", { ...error.details, where: "--trigger" });
  }
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

/** What to do where the checkpoint and the services do not belong together (any more). */
function withAdvice(error: unknown, job: Prepared): unknown {
  const codes = ["TOPIC_RECREATED", "DATA_LOSS", "SINK_BEHIND", "SINK_AHEAD", "TABLE_MISSING"];
  if (!(error instanceof SluiceError && codes.includes(error.code)) || !job.isLocal) return error;
  return new SluiceError(error.code, {
    ...error.details,
    hint: `${error.details.hint}.\n\nTo forget all that this job did and begin anew, remove its ` +
      "checkpoint and both tables; one without the others would lose or double rows:\n\n" +
      `  rm -rf ${job.checkpointLocation} ${job.lakePath}\n` +
      `  psql ${job.databaseUrl} -c 'drop table if exists ${quotedTable(job.table)}'`,
    cause: error,
  });
}
