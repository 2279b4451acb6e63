import { kafka } from "sluice";
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
import { postgresSource } from "./capture/source_database.ts";
import { untilCaptured } from "./capture/until_captured.ts";
import type { fundMetadataTrail, fundUnitTrail, TrailOptions } from "./funds.ts";
import { runJobs } from "./run_jobs.ts";
import { type Job, READ_FLAGS, readSettings, SHOW_FLAGS } from "./job_command.ts";
import { deadLettersSql, isGiven, jobSummary, psqlCommand, quotedTable } from "./job_summary.ts";
import { changeFunds } from "./producers/change_funds.ts";

const SAMPLE_CHANGES = 500;
const PARTITIONS = 3;

const FLAGS = {
  ...READ_FLAGS,
  changes: {
    type: "string",
    value: "n",
    help: `sample transactions to make first; default ${count(SAMPLE_CHANGES)} on the local ` +
      "services, 0 on others and with --follow",
  },
  seed: { type: "string", value: "n", help: "seed of the sample; default: the time" },
  database: {
    type: "string",
    value: "name",
    help: "the database that is captured, made with its tables if it is absent; default finance",
  },
  connector: {
    type: "string",
    value: "name",
    help: "what the connector, its slot and its publication are called; default funds",
  },
  prefix: {
    type: "string",
    value: "name",
    help: "what the topics begin with; default pgsrc",
  },
  lake: {
    type: "string",
    value: "path",
    help: "the folder of the two Delta tables; default data/lake",
  },
  checkpoint: {
    type: "string",
    value: "path",
    help: "the folder of the two checkpoints; default data/checkpoints/funds",
  },
  ...SHOW_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** The queries of the job. */
export interface FundTrails {
  readonly fundMetadataTrail: typeof fundMetadataTrail;
  readonly fundUnitTrail: typeof fundUnitTrail;
}

/** Runs the job from a command line; returns the exit code. */
export function fundsCommand(args: readonly string[], trails: FundTrails): Promise<number> {
  const about =
    "Keeps every change of the tables fund_metadata and fund_unit, as Debezium tells it.";
  return flagCommand({ name: "pipeline:funds", about, flags: FLAGS }, args, async (values) => {
    const settings = readSettings(values);
    const services = await prepare(values);
    const jobOf = (table: string, key: string, start: typeof fundMetadataTrail): Job => {
      const { brokers, databaseUrl, isLocal, prefix } = services;
      const topic = `${prefix}.public.${table}`;
      const { maxOffsetsPerTrigger, trigger } = settings;
      const groupId = `sluice-${table}_trail`;
      const checkpointLocation = `${values.checkpoint ?? "data/checkpoints/funds"}/${table}`;
      const trail: TrailOptions = {
        source: kafka({ brokers, topic, maxOffsetsPerTrigger, groupId }),
        databaseUrl,
        table: `${table}_trail`,
        lakePath: `${values.lake ?? "data/lake"}/${table}`,
      };
      return {
        places: { ...trail, tables: [trail.table], checkpointLocation, isLocal },
        start: (shown) => start(trail, { checkpointLocation, trigger, ...shown }),
        summary: (printer) => summary(printer, trail, key, args),
      };
    };
    await runJobs([
      jobOf("fund_metadata", "fund_id", trails.fundMetadataTrail),
      jobOf("fund_unit", "unit_id", trails.fundUnitTrail),
    ], values);
  });
}

interface Services {
  readonly brokers: readonly string[];
  /** The database of the trails. */
  readonly databaseUrl: string;
  /** What the topics begin with. */
  readonly prefix: string;
  /** True if the services are those of this machine, where the job may be begun anew. */
  readonly isLocal: boolean;
}

/** Finds or starts the services, has the tables captured, and makes sample changes where wanted. */
async function prepare(values: Values): Promise<Services> {
  const samples = wholeNumber("changes", values.changes, 0);
  const seed = wholeNumber("seed", values.seed, 0);
  const { connector = "funds", database = "finance", prefix = "pgsrc" } = values;
  const isLocal = !isGiven("KAFKA_BROKERS") && !isGiven("DATABASE_URL");
  const { kafkaBrokers: brokers, databaseUrl, connectUrl } = await ensureStack({
    services: ["kafka", "postgres", "connect"],
    onProgress: printError,
  });
  const sourceUrl = await postgresSource({
    serverUrl: databaseUrl,
    name: database,
    schemaPath: "data/funds/source.sql",
  });
  printError(`capturing database ${database} with connector ${connector}`);
  await capture({
    connectUrl,
    brokers,
    connectorPath: "data/connectors/funds.json",
    postgresUrl: sourceUrl,
    topics: ["fund_metadata", "fund_unit"].map((table) => ({
      topic: `${prefix}.public.${table}`,
      numPartitions: PARTITIONS,
    })),
    name: connector,
    settings: { "slot.name": connector, "publication.name": connector, "topic.prefix": prefix },
  });
  // Until its first position is stored a connector that fails begins anew, and knows of no deletes before.
  if (!values.follow) await untilCaptured(sourceUrl, connector);
  const toMake = samples ?? (isLocal && !values.follow ? SAMPLE_CHANGES : 0);
  if (toMake > 0) {
    printError(`making ${count(toMake)} sample transactions in database ${database}`);
    const signal = new AbortController().signal;
    const which = seed === undefined ? {} : { seed };
    await changeFunds({
      databaseUrl: sourceUrl,
      count: toMake,
      intervalMs: 0,
      signal,
      ...which,
    });
    await untilCaptured(sourceUrl, connector);
  }
  return { brokers, databaseUrl, prefix, isLocal };
}

function summary(
  printer: ProgressPrinter,
  trail: TrailOptions,
  key: string,
  args: readonly string[],
): string {
  const { databaseUrl, lakePath, source, table } = trail;
  const newest = `select * from ${quotedTable(table)} order by lsn desc limit 10`;
  const standing = `select * from (select distinct on (${key}) * from ${quotedTable(table)} ` +
    `order by ${key}, lsn desc) as latest where not deleted limit 10`;
  return jobSummary(printer, {
    title: `${table}: each change once, deletes too; nothing is overwritten`,
    source: source.description,
    whereToLook: [
      psqlCommand(databaseUrl, newest),
      psqlCommand(databaseUrl, standing),
      ...printer.deadLetters === 0 ? [] : [psqlCommand(databaseUrl, deadLettersSql(table))],
      `deno task table ${lakePath} history`,
      `deno task table ${lakePath} read --version 0   as it was behind the first batch`,
      `${["deno task pipeline:funds", ...args].join(" ")}   again: it goes on where it stopped`,
    ],
  });
}
