import {
  kafka,
  ndjson,
  parseTrigger,
  SluiceError,
  type StreamingQuery,
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
  stopOnSignals,
  wholeNumber,
} from "../lib/cli/mod.ts";
import { ensureStack, javaAvailable } from "../lib/stack/mod.ts";
import type { multisink, MultisinkOptions } from "./multisink.ts";
import { produceTrades } from "./producers/trades.ts";

const SAMPLE_TRADES = 100_000;
const MAX_OFFSETS_PER_TRIGGER = 100_000;
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
  json: {
    type: "boolean",
    help: "print a StreamingQueryProgress object a batch, and nothing else",
  },
  help: { type: "boolean", help: "show this" },
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** Runs the job from a command line; returns the exit code. */
export async function multisinkCommand(
  args: readonly string[],
  start: typeof multisink,
): Promise<number> {
  try {
    const values = parseFlags("pipeline:multisink", args, FLAGS);
    if (values.help) {
      print(
        `Streams trades from Kafka into Postgres and Delta, each exactly once.\n\n${
          flagsHelp(FLAGS)
        }`,
      );
      return 0;
    }
    await run(values, start);
    return 0;
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    printError(`\n${error.message}`);
    return 1;
  }
}

async function run(values: Values, start: typeof multisink): Promise<void> {
  const job = await prepare(values);
  const style = values.json ? "json" : Deno.stdout.isTerminal() ? "live" : "lines";
  const printer = new ProgressPrinter(style);
  const query = await start(job, {
    checkpointLocation: job.checkpointLocation,
    trigger: job.trigger,
    listener: printer,
  }).catch((error) => Promise.reject(withAdvice(error, job)));
  using _signals = stopOnSignals((signal) => {
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
  if (!values.json) print(summary(query, printer, job));
}

interface Prepared extends MultisinkOptions {
  readonly checkpointLocation: string;
  readonly trigger: Trigger;
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
    return { ...places, databaseUrl, source };
  }

  const isLocal = !Deno.env.get("KAFKA_BROKERS");
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
  const dlqTopic = values["dlq-topic"];
  return {
    ...places,
    databaseUrl,
    source: kafka({ brokers, topic, maxOffsetsPerTrigger, groupId: `sluice-${table}` }),
    ...(dlqTopic === undefined ? {} : { deadLetters: { brokers, topic: dlqTopic } }),
  };
}

function triggerOf({ follow, trigger }: Values): Trigger {
  if (follow && trigger === undefined) return { processingTime: 0 };
  const parsed = parseTrigger(trigger ?? "availableNow");
  if (!follow || "processingTime" in parsed) return parsed;
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags",
    where: "--trigger",
    found: `${trigger} together with --follow`,
    wanted: 'an interval such as "5s", or one of the two flags',
  });
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
  const codes = ["TOPIC_RECREATED", "DATA_LOSS", "SINK_BEHIND", "SINK_AHEAD"];
  if (!(error instanceof SluiceError && codes.includes(error.code))) return error;
  return new SluiceError(error.code, {
    ...error.details,
    hint: `${error.details.hint}.\nAfter \`deno task stack:down --wipe\`, begin anew with:\n\n` +
      `  rm -r ${job.checkpointLocation} ${job.lakePath}`,
    cause: error,
  });
}

function summary(query: StreamingQuery, printer: ProgressPrinter, job: Prepared): string {
  const { last } = printer;
  if (last === undefined) {
    return `Nothing new in ${job.source.description}; the query is at its end.`;
  }
  const first = last.batchId - printer.batches + 1;
  const batches = first === last.batchId ? `batch ${first}` : `batches ${first} to ${last.batchId}`;
  const sinks = last.sinks.map(({ description, tableVersion }) => {
    const rows = `${count(printer.outputRows.get(description) ?? 0)} rows`;
    return [
      description,
      tableVersion === undefined ? rows : `${rows}, table version ${tableVersion}`,
    ];
  });
  const rows = [
    ["read", `${count(printer.inputRows)} records in ${batches}`],
    ...sinks,
    ["dead letters", count(printer.deadLetters)],
    ["lag", count(printer.lag)],
    ["speed", `${count(Math.round(printer.rowsPerSecond))} rows/s`],
  ];
  const width = Math.max(...rows.map(([name]) => name!.length));
  const table = rows.map(([name, text]) => `  ${name!.padEnd(width)}  ${text}`).join("\n");
  return `\n${query.name}: each record once in every sink\n\n${table}\n\n${
    whereToLook(printer, job)
  }`;
}

function whereToLook(printer: ProgressPrinter, job: Prepared): string {
  // A URL from the environment may hold a password that is not for the screen.
  const isGiven = Boolean(Deno.env.get("DATABASE_URL"));
  const psql = `psql ${isGiven ? '"$DATABASE_URL"' : job.databaseUrl} -c`;
  const places = [
    `${psql} 'select symbol, count(*), max(price) from ${job.table} group by symbol'`,
    ...printer.deadLetters === 0 ? [] : [`${psql} 'select "offset", error from dead_letters'`],
    `ls ${job.lakePath}/_delta_log`,
    "deno task pipeline:multisink          again: it goes on where it stopped",
  ];
  return ["Where to look next:", ...places.map((place) => `  ${place}`)].join("\n");
}
