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
import { createTopicIfAbsent } from "../lib/kafka/mod.ts";
import { ensureStack } from "../lib/stack/mod.ts";
import { READ_FLAGS, readSettings, runJob, SHOW_FLAGS } from "./job_command.ts";
import { deadLettersSql, isGiven, jobSummary, psqlCommand, quotedTable } from "./job_summary.ts";
import { produceUserEvents, USER_EVENT_PARTITIONS } from "./producers/user_events.ts";
import type { userState, UserStateOptions } from "./user_state.ts";

const SAMPLE_EVENTS = 10_000;

const FLAGS = {
  ...READ_FLAGS,
  topic: { type: "string", value: "name", help: "the topic to read; default user-events" },
  produce: {
    type: "string",
    value: "n",
    help: `sample events to make first; default ${count(SAMPLE_EVENTS)} on the local services, ` +
      "0 on others and with --follow",
  },
  seed: {
    type: "string",
    value: "n",
    help: "seed of the sample events; default: the next event_order",
  },
  table: {
    type: "string",
    value: "name",
    help: "the Postgres table of all events; default user_events",
  },
  latest: {
    type: "string",
    value: "name",
    help: "the Postgres table of the users as they are now; default latest_user_state",
  },
  lake: {
    type: "string",
    value: "path",
    help: "the Delta table of all events; default data/lake/<table>",
  },
  checkpoint: {
    type: "string",
    value: "path",
    help: "the query's checkpoint; default data/checkpoints/<table>",
  },
  ...SHOW_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** Runs the job from a command line; returns the exit code. */
export function userStateCommand(
  args: readonly string[],
  start: typeof userState,
): Promise<number> {
  const about = "Keeps the history and the latest state of users, from their changes in Kafka.";
  return flagCommand({ name: "pipeline:user_state", about, flags: FLAGS }, args, async (values) => {
    const job = await prepare(values);
    const { checkpointLocation, trigger } = job;
    await runJob({
      places: { ...job, tables: [job.historyTable, job.latestTable] },
      start: (shown) => start(job, { checkpointLocation, trigger, ...shown }),
      summary: (printer) => summary(printer, job, args),
    }, values);
  });
}

interface Prepared extends UserStateOptions {
  readonly checkpointLocation: string;
  readonly trigger: Trigger;
  /** True if the services are those of this machine, where the job may be begun anew. */
  readonly isLocal: boolean;
}

/** Finds or starts the services, and makes sample events where that is wanted. */
async function prepare(values: Values): Promise<Prepared> {
  const { trigger, maxOffsetsPerTrigger } = readSettings(values);
  const samples = wholeNumber("produce", values.produce, 0);
  const seed = wholeNumber("seed", values.seed, 0);
  const { topic = "user-events", table: historyTable = "user_events" } = values;
  const isLocal = !isGiven("KAFKA_BROKERS");
  const { kafkaBrokers: brokers, databaseUrl } = await ensureStack({ onProgress: printError });
  const toMake = samples ?? (isLocal && !values.follow ? SAMPLE_EVENTS : 0);
  if (toMake > 0) {
    printError(`making ${count(toMake)} sample events in topic ${topic}`);
    const signal = new AbortController().signal;
    const which = seed === undefined ? {} : { seed };
    await produceUserEvents({ brokers, topic, count: toMake, intervalMs: 0, signal, ...which });
  }
  if (values.follow && isLocal) {
    await createTopicIfAbsent({ brokers }, { topic, numPartitions: USER_EVENT_PARTITIONS });
  }
  return {
    databaseUrl,
    historyTable,
    latestTable: values.latest ?? "latest_user_state",
    lakePath: values.lake ?? `data/lake/${historyTable}`,
    checkpointLocation: values.checkpoint ?? `data/checkpoints/${historyTable}`,
    trigger,
    isLocal: isLocal && !isGiven("DATABASE_URL"),
    source: kafka({ brokers, topic, maxOffsetsPerTrigger, groupId: `sluice-${historyTable}` }),
  };
}

function summary(printer: ProgressPrinter, job: UserStateOptions, args: readonly string[]): string {
  const { databaseUrl, historyTable, latestTable, lakePath } = job;
  const history = `select * from ${quotedTable(historyTable)} order by event_order desc limit 10`;
  const latest = `select * from ${quotedTable(latestTable)} order by id limit 10`;
  return jobSummary(printer, {
    title:
      `user_state: each event once in the history; ${latestTable} has the users as they are now`,
    source: job.source.description,
    changedSinks: [`postgres(${latestTable})`],
    whereToLook: [
      psqlCommand(databaseUrl, history),
      psqlCommand(databaseUrl, latest),
      ...printer.deadLetters === 0 ? [] : [psqlCommand(databaseUrl, deadLettersSql(historyTable))],
      `deno task table ${lakePath} history`,
      `${
        ["deno task pipeline:user_state", ...args].join(" ")
      }   again: it goes on where it stopped`,
    ],
  });
}
