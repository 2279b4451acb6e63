import type { FlagValues } from "../lib/cli/mod.ts";
import { wholeNumber } from "../lib/cli/mod.ts";
import { type Job, type READ_FLAGS, runJob, type SHOW_FLAGS } from "./job_command.ts";

type Values = FlagValues<typeof READ_FLAGS & typeof SHOW_FLAGS>;

/**
 * Runs several queries of one command, and shows what each does: one after the other where they end by
 * themselves, and all together with `--follow`. The first serves its metrics on `--metrics-port`, the
 * others on the ports behind it.
 */
export async function runJobs(jobs: readonly Job[], values: Values): Promise<void> {
  const places = jobs.map((job) => job.places);
  const runs = jobs.map((job, i) => () =>
    runJob(job, { ...values, ...metricsPort(values, i) }, places)
  );
  const isEndless = values.follow ||
    (values.trigger !== undefined && !["availableNow", "once"].includes(values.trigger));
  if (isEndless) await Promise.all(runs.map((run) => run()));
  else for (const run of runs) await run();
}

function metricsPort(values: Values, place: number): Values {
  const first = wholeNumber("metrics-port", values["metrics-port"], 1);
  return first === undefined ? {} : { "metrics-port": String(first + place) };
}
