import { basename, dirname } from "node:path";
import { files, SluiceError, type Source } from "sluice";
import {
  type Flags,
  flagsHelp,
  type FlagValues,
  parseCommandLine,
  print,
  printError,
  type ProgressPrinter,
  runCommand,
} from "../lib/cli/mod.ts";
import { ensureStack } from "../lib/stack/mod.ts";
import { runJobs } from "./run_jobs.ts";
import type { loadFunds } from "./funds_load.ts";
import { type Job, READ_FLAGS, readSettings, SHOW_FLAGS } from "./job_command.ts";
import { deadLettersSql, isGiven, jobSummary, psqlCommand, quotedTable } from "./job_summary.ts";

const SAMPLE = "data/samples/funds_batch.json";

const FLAGS = {
  ...READ_FLAGS,
  checkpoint: {
    type: "string",
    value: "path",
    help:
      "the folder of the three checkpoints; default data/checkpoints/funds_load/<file or folder>",
  },
  ...SHOW_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** A query of the job. */
type Start = typeof loadFunds;

/** Runs the queries of the job, by their tables, from a command line; returns the exit code. */
export function fundsLoadCommand(
  args: readonly string[],
  queries: Readonly<Record<string, Start>>,
): Promise<number> {
  return runCommand(async () => {
    const { flags, operands } = parseCommandLine("pipeline:funds_load", args, FLAGS, [], {
      more: true,
    });
    if (flags.help) {
      print(
        "Loads batches of funds and prices: a file of one JSON batch a line, or a folder of such " +
          `files; default ${SAMPLE}.\n`,
      );
      print(flagsHelp(FLAGS));
      return;
    }
    refuseMore(operands);
    const path = operands[0] ?? SAMPLE;
    const isLocal = !isGiven("DATABASE_URL");
    const { databaseUrl } = await ensureStack({ services: ["postgres"], onProgress: printError });
    const jobs = Object.entries(queries).map(([table, start]) =>
      jobOf({ path, table, start, databaseUrl, isLocal, args }, flags)
    );
    await runJobs(await Promise.all(jobs), flags);
  });
}

interface TableLoad {
  /** What is read. */
  readonly path: string;
  readonly table: string;
  readonly start: Start;
  readonly databaseUrl: string;
  readonly isLocal: boolean;
  /** The command line. */
  readonly args: readonly string[];
}

async function jobOf(load: TableLoad, values: Values): Promise<Job> {
  const { databaseUrl, isLocal, path, start, table } = load;
  const { maxOffsetsPerTrigger, trigger } = readSettings(values);
  const folder = values.checkpoint ?? `data/checkpoints/funds_load/${basename(path)}`;
  const checkpointLocation = `${folder}/${table}`;
  const source = await sourceOf(path, maxOffsetsPerTrigger);
  return {
    places: { databaseUrl, tables: [table], checkpointLocation, isLocal },
    start: (shown) => start({ source, databaseUrl }, { checkpointLocation, trigger, ...shown }),
    summary: (printer) => summary(printer, load),
  };
}

/** The files that a path means: itself, or those in it. */
async function sourceOf(path: string, maxOffsetsPerTrigger: number): Promise<Source> {
  const isFile = (await Deno.stat(path).catch(() => undefined))?.isFile === true;
  // As a pattern that only this file is like.
  const only = `${dirname(path)}/\\${basename(path).replace(/(?<!^)[*?[{\\]/g, "\\$&")}`;
  return files({
    path: isFile ? only : path,
    topic: basename(path),
    format: "ndjson",
    maxOffsetsPerTrigger,
  });
}

function summary(printer: ProgressPrinter, load: TableLoad): string {
  const { args, databaseUrl, path, table } = load;
  const rows = table === "fund_problems" ? "path, problem" : "*";
  return jobSummary(printer, {
    title: `${table}: kept by key, as the newest batch has it`,
    source: path,
    changedSinks: [`postgres(${table})`],
    whereToLook: [
      psqlCommand(databaseUrl, `select ${rows} from ${quotedTable(table)} limit 10`),
      ...printer.deadLetters === 0 ? [] : [psqlCommand(databaseUrl, deadLettersSql("funds"))],
      `${
        ["deno task pipeline:funds_load", ...args].join(" ")
      }   again: it goes on where it stopped`,
    ],
  });
}

function refuseMore(operands: readonly string[]): void {
  if (operands.length <= 1) return;
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags of pipeline:funds_load",
    where: `"${operands[1]}"`,
    found: "a second path",
    wanted: "one file or folder",
    hint: 'several files can be meant by a pattern in quotes, such as "data/in/2026-*.json"',
  });
}
