import {
  parseTrigger,
  prometheus,
  SluiceError,
  stallWatchdog,
  type StartOptions,
  type StreamingQuery,
  type Trigger,
} from "sluice";
import {
  count,
  type Flags,
  type FlagValues,
  print,
  printError,
  ProgressPrinter,
  stopOnSignals,
  wholeNumber,
} from "../lib/cli/mod.ts";
import { quotedTable } from "./job_summary.ts";

const MAX_OFFSETS_PER_TRIGGER = 100_000;
const STALL_AFTER = "1 minute";

/** The flags of every job that say how it reads. */
export const READ_FLAGS = {
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
} as const satisfies Flags;

/** The flags of every job that say what is shown of it. */
export const SHOW_FLAGS = {
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

/** When the job reads, and how much at a time. */
export interface ReadSettings {
  readonly trigger: Trigger;
  readonly maxOffsetsPerTrigger: number;
}

/**
 * What `READ_FLAGS` say.
 *
 * @throws {SluiceError} `BAD_FLAG`.
 */
export function readSettings(values: FlagValues<typeof READ_FLAGS>): ReadSettings {
  const limit = wholeNumber("maxOffsetsPerTrigger", values.maxOffsetsPerTrigger, 1);
  return {
    trigger: triggerOf(values),
    maxOffsetsPerTrigger: limit ?? MAX_OFFSETS_PER_TRIGGER,
  };
}

function triggerOf({ follow, trigger }: FlagValues<typeof READ_FLAGS>): Trigger {
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

/** A job that is ready to run. */
export interface Job {
  /** Where it stands and what it wrote, for whoever wants to begin it anew. */
  readonly places: JobPlaces;
  /** Starts its query. */
  start(options: Pick<StartOptions, "listener">): Promise<StreamingQuery>;
  /** What it did, for a person. */
  summary(printer: ProgressPrinter): string;
}

/** All that a job leaves behind. */
export interface JobPlaces {
  readonly databaseUrl: string;
  /** In Postgres. */
  readonly tables: readonly string[];
  /** The Delta table, if there is one. */
  readonly lakePath?: string;
  readonly checkpointLocation: string;
  /** True if the services are those of this machine, where the job may be begun anew. */
  readonly isLocal: boolean;
}

/**
 * Runs a job to its end or to Ctrl-C, and shows what it does as `SHOW_FLAGS` say.
 *
 * @param places those of all jobs of the command: they are begun anew together.
 */
export async function runJob(
  job: Job,
  values: FlagValues<typeof SHOW_FLAGS>,
  places: readonly JobPlaces[] = [job.places],
): Promise<void> {
  const style = values.json ? "json" : Deno.stdout.isTerminal() ? "live" : "lines";
  const printer = new ProgressPrinter(style);
  const metricsPort = wholeNumber("metrics-port", values["metrics-port"], 1);
  await using metrics = metricsPort === undefined ? null : prometheus({ port: metricsPort });
  if (metrics !== null) printError(`metrics: ${metrics.url}`);
  const query = await job.start({ listener: metrics === null ? printer : [printer, metrics] })
    .catch((error) => Promise.reject(withAdvice(error, places)));
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
    throw withAdvice(error, places);
  } finally {
    printer.finish();
  }
  if (values.json) return;
  if (isStopped && printer.batches === 0) print("Stopped before the first batch.");
  else print(job.summary(printer));
}

/** What to do where the checkpoint and the services do not belong together (any more). */
function withAdvice(error: unknown, places: readonly JobPlaces[]): unknown {
  const codes = ["TOPIC_RECREATED", "DATA_LOSS", "SINK_BEHIND", "SINK_AHEAD", "TABLE_MISSING"];
  const [first] = places;
  if (!(error instanceof SluiceError && codes.includes(error.code)) || !first?.isLocal) {
    return error;
  }
  const tables = places.flatMap((each) => each.tables.map(quotedTable)).join(", ");
  const folders = places.flatMap((each) => [each.checkpointLocation, each.lakePath ?? []].flat())
    .join(" ");
  const checkpoints = places.length === 1 ? "checkpoint" : "checkpoints";
  return new SluiceError(error.code, {
    ...error.details,
    hint: `${error.details.hint}.\n\nTo forget all that this job did and begin anew, remove its ` +
      `${checkpoints} and all its tables; one without the others would lose or double rows:\n\n` +
      `  rm -rf ${folders}\n` +
      `  psql ${first.databaseUrl} -c 'drop table if exists ${tables}'`,
    cause: error,
  });
}
