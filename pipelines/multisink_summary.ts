import type { ProgressPrinter } from "../lib/cli/mod.ts";
import { deadLettersSql, jobSummary, psqlCommand, quotedTable } from "./job_summary.ts";
import type { MultisinkOptions } from "./multisink.ts";

/** What a run did and where to see it, for a person. */
export function multisinkSummary(
  printer: ProgressPrinter,
  job: MultisinkOptions,
  args: readonly string[],
): string {
  const prices = `select symbol, count(*), max(price) from ${
    quotedTable(job.table)
  } group by symbol`;
  return jobSummary(printer, {
    title: "multisink: each record once, as a row in every sink or as a dead letter",
    source: job.source.description,
    whereToLook: [
      psqlCommand(job.databaseUrl, prices),
      ...printer.deadLetters === 0 ? [] : [psqlCommand(job.databaseUrl, deadLettersSql(job.table))],
      `deno task table ${job.lakePath} history`,
      `${["deno task pipeline:multisink", ...args].join(" ")}   again: it goes on where it stopped`,
    ],
  });
}
