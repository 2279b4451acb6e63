import { prometheus, SluiceError } from "sluice";
import {
  count,
  flagCommand,
  type Flags,
  type FlagValues,
  print,
  printError,
  ProgressPrinter,
  stopOnSignals,
  wholeNumber,
} from "../../lib/cli/mod.ts";
import { ensureStack } from "../../lib/stack/mod.ts";
import { READ_FLAGS, readSettings, SHOW_FLAGS } from "../job_command.ts";
import { isGiven } from "../job_summary.ts";
import { produceInventory } from "../producers/inventory.ts";
import {
  captureInventory,
  type CaptureInventoryOptions,
  untilInventoryCaptured,
} from "./capture_inventory.ts";
import type { InventoryJob, StartInventoryQuery } from "./inventory_job.ts";
import { inventoryServing, inventorySources, makeInventoryServing } from "./inventory_sources.ts";
import { inventorySummary } from "./inventory_summary.ts";
import { inventoryTopics } from "./inventory_topics.ts";
import { RunningQueries } from "./running_queries.ts";

const SAMPLE_CHANGES = 2_000;

const FLAGS = {
  ...READ_FLAGS,
  changes: {
    type: "string",
    value: "n",
    help: `sample changes to make first; default ${count(SAMPLE_CHANGES)} on the local services, ` +
      "0 on others and with --follow",
  },
  seed: {
    type: "string",
    value: "n",
    help: "seed of the sample changes; default: the next order's id",
  },
  database: {
    type: "string",
    value: "name",
    help: "the name of the captured databases, and before _serving of those that are written; " +
      "default inventory",
  },
  checkpoint: {
    type: "string",
    value: "path",
    help: "the folder of the queries' checkpoints; default data/checkpoints/<database>",
  },
  ...SHOW_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;
type Queries = Readonly<Record<string, StartInventoryQuery>>;

/** Runs the queries from a command line; returns the exit code. */
export function inventoryCommand(args: readonly string[], queries: Queries): Promise<number> {
  const about = "Keeps tables and topics about orders and customers, from two captured databases.";
  return flagCommand({ name: "pipeline:inventory", about, flags: FLAGS }, args, async (values) => {
    const job = await prepare(values);
    const printers = await runQueries(job, queries, values).catch((error) =>
      Promise.reject(withAdvice(error, job))
    );
    if (!values.json) print(inventorySummary(printers, job, args));
  });
}

/** The job, and where its queries keep their progress. */
export interface PreparedInventory extends InventoryJob {
  /** The folder of the checkpoints. */
  readonly checkpointLocation: string;
  /** True if the services are those of this machine, where the job may be begun anew. */
  readonly isLocal: boolean;
}

/** Finds or starts the services, lets the databases be captured and makes sample changes. */
async function prepare(values: Values): Promise<PreparedInventory> {
  const { maxOffsetsPerTrigger } = readSettings(values);
  const samples = wholeNumber("changes", values.changes, 0);
  const seed = wholeNumber("seed", values.seed, 0);
  const database = values.database ?? "inventory";
  const isLocal = !["KAFKA_BROKERS", "DATABASE_URL", "CONNECT_URL", "MYSQL_URL"].some(isGiven);
  const services = await ensureStack({
    services: ["kafka", "postgres", "mariadb", "connect"],
    onProgress: printError,
  });
  const { kafkaBrokers: brokers, connectUrl } = services;
  const sources = await inventorySources(services, database);
  const checkpointLocation = values.checkpoint ?? `data/checkpoints/${database}`;
  // Only at first: a table that was lost later must not come back empty.
  if (!await exists(checkpointLocation)) await makeInventoryServing(services, database);
  const captured: CaptureInventoryOptions = { ...sources, database, connectUrl, brokers };
  printError(`capturing the databases ${database} of MariaDB and Postgres`);
  await captureInventory(captured);
  const toMake = samples ?? (isLocal && !values.follow ? SAMPLE_CHANGES : 0);
  if (toMake > 0) {
    printError(`making ${count(toMake)} sample changes in them`);
    const signal = new AbortController().signal;
    const which = seed === undefined ? {} : { seed };
    await produceInventory({ ...sources, count: toMake, intervalMs: 0, signal, ...which });
  }
  if (!values.follow) await untilInventoryCaptured(captured);
  return {
    ...inventoryServing(services, database),
    isLocal,
    brokers,
    topics: inventoryTopics(database),
    customersUrl: sources.customersUrl,
    maxOffsetsPerTrigger,
    checkpointLocation,
  };
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

const PLACES_DIFFER = [
  "TOPIC_RECREATED",
  "DATA_LOSS",
  "SINK_BEHIND",
  "SINK_AHEAD",
  "TABLE_MISSING",
  "PROGRESS_LOST",
  "POSTGRES_NO_DATABASE",
  "MYSQL_NO_DATABASE",
];

/** What to do where the checkpoints and the services do not belong together (any more). */
function withAdvice(error: unknown, job: PreparedInventory): unknown {
  if (!(error instanceof SluiceError && PLACES_DIFFER.includes(error.code)) || !job.isLocal) {
    return error;
  }
  const { hostname, port, username, password, pathname } = new URL(job.mysqlUrl);
  const database = pathname.slice(1);
  const { currentOrders, alerts } = job.topics;
  return new SluiceError(error.code, {
    ...error.details,
    hint: `${error.details.hint}.\n\nTo forget all that this job did and begin anew, remove its ` +
      "checkpoints and all that it wrote; one without the others would lose or double rows:\n\n" +
      `  rm -rf ${job.checkpointLocation}\n` +
      `  psql ${job.customersUrl} -c 'drop database if exists ${database}'\n` +
      `  mariadb -h${hostname} -P${port} -u${username} -p${password} -e 'drop database if exists ${database}'\n` +
      `  and the topics ${currentOrders} and ${alerts}`,
    cause: error,
  });
}

/** Runs all queries until they end, or to Ctrl-C; one that fails ends the others. */
async function runQueries(
  job: PreparedInventory,
  queries: Queries,
  values: Values,
): Promise<Map<string, ProgressPrinter>> {
  const { trigger } = readSettings(values);
  const metricsPort = wholeNumber("metrics-port", values["metrics-port"], 1);
  await using metrics = metricsPort === undefined ? null : prometheus({ port: metricsPort });
  if (metrics !== null) printError(`metrics: ${metrics.url}`);
  const printers = new Map<string, ProgressPrinter>();
  const running = new RunningQueries();
  using _signals = stopOnSignals((signal) => {
    printError(`${signal}: finishing the batches in hand; once more ends at once`);
    running.stop();
  });
  for (const [name, start] of Object.entries(queries)) {
    if (running.isStopping) break;
    const printer = printerFor(name, values.json === true);
    printers.set(name, printer);
    await running.add(start(job, {
      checkpointLocation: `${job.checkpointLocation}/${name}`,
      trigger,
      listener: metrics === null ? printer : [printer, metrics],
    }));
  }
  await running.ended();
  return printers;
}

function printerFor(name: string, isJson: boolean): ProgressPrinter {
  if (isJson) return new ProgressPrinter("json");
  const named = (show: (line: string) => void) => (text: string) =>
    show(`${name}: ${text.trimEnd()}`);
  return new ProgressPrinter("lines", named(print), named(printError));
}
