/**
 * `deno task audit`: holds what a query planned against what Postgres and the Delta table have of it.
 *
 * @module
 */
import { SluiceError } from "../core/mod.ts";
import { delta } from "../delta/mod.ts";
import { postgres, readPostgresBatches } from "../postgres/mod.ts";
import { ensureStack } from "../stack/mod.ts";
import { Checkpoint } from "../streaming/mod.ts";
import { agrees, auditLine, auditTable } from "./audit/audit_report.ts";
import { compareBatches } from "./audit/compare_batches.ts";
import { readDeltaBatches } from "./audit/delta_batches.ts";
import { type Flags, flagsHelp, parseFlags } from "./flags.ts";
import { print, printError } from "./print.ts";
import { runCommand } from "./run_command.ts";

const FLAGS = {
  checkpoint: {
    type: "string",
    value: "path",
    help: "the query's checkpoint; default data/checkpoints/<table>",
  },
  postgres: { type: "string", value: "table", help: "the Postgres table; default trades" },
  delta: {
    type: "string",
    value: "path",
    help: "the Delta table; default data/lake/<table>",
  },
  gaps: {
    type: "boolean",
    help: "offsets without a record are right: a compacted topic, or one of transactions",
  },
  json: { type: "boolean", help: "print JSON" },
  help: { type: "boolean", help: "print this" },
} as const satisfies Flags;

const HELP = `Holds what a query planned, batch by batch, against what its two sinks have.

  deno task audit [options]

The query must not run meanwhile. The exit code is 0 if all agrees, 1 if not or if
it cannot be told, 2 for a wrong option.

Options
${flagsHelp(FLAGS)}`;

const DISAGREES = 1;

async function main(args: readonly string[]): Promise<number> {
  const flags = parseFlags("audit", args, FLAGS);
  if (flags.help) {
    print(HELP);
    return 0;
  }
  const table = flags.postgres ?? "trades";
  const path = flags.delta ?? `data/lake/${table}`;
  using checkpoint = await openCheckpoint(flags.checkpoint ?? `data/checkpoints/${table}`);
  const { queryId } = checkpoint;
  const { databaseUrl: url } = await ensureStack({
    services: ["postgres"],
    onProgress: printError,
  });
  const audit = compareBatches({
    planned: await checkpoint.plannedRanges(),
    postgres: await readPostgresBatches({ url, table, queryId }),
    delta: await readDeltaBatches(path, queryId),
    names: { postgres: postgres({ table }).name, delta: delta({ path }).name },
    gaps: flags.gaps ?? false,
  });
  const line = auditLine(audit);
  if (flags.json) print(JSON.stringify({ queryId, agrees: agrees(audit), line, ...audit }));
  else {
    print(`${auditTable(audit)}\n`);
    for (const note of audit.notes) print(note);
    print(line);
  }
  return agrees(audit) ? 0 : DISAGREES;
}

/** Opens a checkpoint that is there, and keeps the query from running while it is open. */
async function openCheckpoint(location: string): Promise<Checkpoint> {
  const attempted = "audit the query";
  try {
    await Deno.stat(`${location}/metadata`);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new SluiceError("CHECKPOINT_MISSING", {
      attempted,
      where: location,
      found: "no checkpoint",
      hint: "name the folder of one with --checkpoint",
      cause,
    });
  }
  try {
    return await Checkpoint.open(location);
  } catch (error) {
    if (!(error instanceof SluiceError && error.code === "ALREADY_RUNNING")) throw error;
    const hint = "stop the query, or wait until it has ended: batches come in while it runs";
    throw new SluiceError(error.code, {
      ...error.details,
      attempted,
      wanted: "no process that runs it",
      hint,
    });
  }
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
