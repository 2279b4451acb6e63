import { kafka, type Trigger } from "sluice";
import {
  count,
  flagCommand,
  type Flags,
  type FlagValues,
  printError,
  type ProgressPrinter,
  wholeNumber,
} from "../lib/cli/mod.ts";
import { ensureStack } from "../lib/stack/mod.ts";
import { capture } from "./capture/capture.ts";
import { postgresDatabase, postgresSource } from "./capture/source_database.ts";
import { untilCaptured } from "./capture/until_captured.ts";
import { READ_FLAGS, readSettings, runJob, SHOW_FLAGS } from "./job_command.ts";
import { deadLettersSql, isGiven, jobSummary, psqlCommand } from "./job_summary.ts";
import {
  databaseOf,
  type OrdersPlaces,
  ordersPlaces,
  PLACE_FLAGS,
} from "./orders/orders_places.ts";
import type { ordersReplica, OrdersReplicaOptions } from "./orders_replica.ts";
import { ordersTopic } from "./orders/orders_table.ts";
import { changeOrders } from "./producers/orders.ts";

const SAMPLE_CHANGES = 2_000;
const SCHEMA_PATH = "data/orders/source.sql";
const CONNECTOR_PATH = "data/connectors/orders.json";
const TABLES = ["orders", "orders_projected"];

const FLAGS = {
  ...READ_FLAGS,
  ...PLACE_FLAGS,
  changes: {
    type: "string",
    value: "n",
    help: `sample changes to make first; default ${count(SAMPLE_CHANGES)} on the local services, ` +
      "0 on others and with --follow",
  },
  seed: { type: "string", value: "n", help: "seed of the sample changes; default: the time" },
  checkpoint: {
    type: "string",
    value: "path",
    help: "the query's checkpoint; default data/checkpoints/orders_replica",
  },
  ...SHOW_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** Runs the job from a command line; returns the exit code. */
export function ordersReplicaCommand(
  args: readonly string[],
  start: typeof ordersReplica,
): Promise<number> {
  const about = "Keeps two copies of a Postgres table in another database, from its changes.";
  return flagCommand(
    { name: "pipeline:orders_replica", about, flags: FLAGS },
    args,
    async (values) => {
      const job = await prepare(values);
      const { checkpointLocation, destinationUrl, isLocal, trigger } = job;
      await runJob({
        places: {
          databaseUrl: destinationUrl,
          tables: TABLES,
          checkpointLocation,
          isLocal,
        },
        start: (shown) => start(job, { checkpointLocation, trigger, ...shown }),
        summary: (printer) => summary(printer, job, values, args),
      }, values);
    },
  );
}

interface Prepared extends OrdersReplicaOptions, OrdersPlaces {
  readonly checkpointLocation: string;
  readonly trigger: Trigger;
  /** True if the services are those of this machine, where the job may be begun anew. */
  readonly isLocal: boolean;
}

/** Finds or starts the services, captures the orders, and changes some where that is wanted. */
async function prepare(values: Values): Promise<Prepared> {
  const { trigger, maxOffsetsPerTrigger } = readSettings(values);
  const samples = wholeNumber("changes", values.changes, 0);
  const seed = wholeNumber("seed", values.seed, 0);
  const isLocal = !["KAFKA_BROKERS", "DATABASE_URL", "CONNECT_URL"].some(isGiven);
  const { kafkaBrokers: brokers, databaseUrl, connectUrl } = await ensureStack({
    services: ["kafka", "postgres", "connect"],
    onProgress: printError,
  });
  const places = ordersPlaces(values, databaseUrl);
  await prepareDatabases(values, places, databaseUrl);
  const { sourceUrl, connector, prefix, topic, groupId } = places;
  printError(`capturing the changes of table orders into topic ${topic}`);
  await capture({
    connectUrl,
    brokers,
    connectorPath: CONNECTOR_PATH,
    postgresUrl: sourceUrl,
    topics: [ordersTopic(prefix)],
    name: connector,
    settings: { "topic.prefix": prefix, "slot.name": connector, "publication.name": connector },
  });
  const toMake = samples ?? (isLocal && !values.follow ? SAMPLE_CHANGES : 0);
  if (toMake > 0) {
    printError(`making ${count(toMake)} sample changes`);
    const signal = new AbortController().signal;
    const which = seed === undefined ? {} : { seed };
    await changeOrders({ sourceUrl, count: toMake, intervalMs: 0, signal, ...which });
  }
  if (!values.follow) await untilCaptured(sourceUrl, connector);
  return {
    ...places,
    source: kafka({ brokers, topic, maxOffsetsPerTrigger, groupId }),
    checkpointLocation: values.checkpoint ?? "data/checkpoints/orders_replica",
    trigger,
    isLocal,
  };
}

/** Makes the databases that are absent, the source's with its table. */
async function prepareDatabases(
  values: Values,
  { sourceUrl, destinationUrl }: OrdersPlaces,
  serverUrl: string,
): Promise<void> {
  if (values["source-url"] === undefined) {
    await postgresSource({ serverUrl, name: databaseOf(sourceUrl), schemaPath: SCHEMA_PATH });
  }
  await postgresDatabase(serverUrl, databaseOf(destinationUrl));
}

function summary(
  printer: ProgressPrinter,
  job: Prepared,
  values: Values,
  args: readonly string[],
): string {
  const { connector, destinationUrl, sourceUrl } = job;
  const given = (Object.keys(PLACE_FLAGS) as (keyof typeof PLACE_FLAGS)[])
    .flatMap((flag) => values[flag] === undefined ? [] : [`--${flag}`, values[flag]]);
  const totals = "select count(*), sum(amount) from orders";
  const projected = "select * from orders_projected order by order_id limit 10";
  return jobSummary(printer, {
    title: `orders_replica: each order as it is at the source, by connector "${connector}"`,
    source: job.source.description,
    changedSinks: TABLES.map((table) => `postgres(${table})`),
    whereToLook: [
      ...values["source-url"] === undefined ? [psqlIn(sourceUrl, totals)] : [],
      psqlIn(destinationUrl, totals),
      psqlIn(destinationUrl, projected),
      ...printer.deadLetters === 0 ? [] : [psqlIn(destinationUrl, deadLettersSql("orders"))],
      shown("deno task compare", given),
      `${shown("deno task pipeline:orders_replica", args)}   again: it goes on where it stopped`,
    ],
  });
}

/** A command for the screen; the source's address may hold a password, and is not shown. */
function shown(command: string, args: readonly string[]): string {
  const texts = args.map((arg, i) => {
    if (arg.startsWith("--source-url=")) return '--source-url="$SOURCE_URL"';
    return args[i - 1] === "--source-url" ? '"$SOURCE_URL"' : arg;
  });
  return [command, ...texts].join(" ");
}

/** A psql command for the screen: a URL from the environment may hold a password, and is named. */
function psqlIn(databaseUrl: string, sql: string): string {
  if (!isGiven("DATABASE_URL")) return psqlCommand(databaseUrl, sql);
  return `psql "$DATABASE_URL" -c '\\c ${databaseOf(databaseUrl)}' -c '${sql}'`;
}
