// A command line prints.
// deno-lint-ignore-file no-console
/**
 * `deno task stack:up | stack:down | stack:status`: the local Kafka and Postgres from the command line.
 *
 * @module
 */
import { relative } from "node:path";
import { SluiceError } from "../core/mod.ts";
import { ensureStack, type ServiceStatus, stackStatus, stopStack } from "../stack/mod.ts";

const help = `Starts, stops and shows the local Kafka and Postgres; no Docker is needed.

  deno task stack:up        start what does not run yet
  deno task stack:down      stop; the data stays
  deno task stack:status    show; exit code 0 when all run, else 3

Options
  --wipe    with stack:down: forget the data too (downloads stay)
  --json    print JSON
  --help    print this

Environment
  KAFKA_BROKERS, DATABASE_URL               use these instead of starting a service
  SLUICE_KAFKA_PORT, SLUICE_POSTGRES_PORT   other ports than 19092 (and the next one) and 15432
  SLUICE_STATE_DIR                          another folder than .sluice`;

interface Arguments {
  readonly command: "up" | "down" | "status";
  readonly wipe: boolean;
  readonly json: boolean;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h") || args.length === 0) {
    console.log(help);
    return args.length === 0 ? 2 : 0;
  }
  const parsed = parseArguments(args);
  if (typeof parsed === "string") {
    console.error(`${parsed}\n\n${help}`);
    return 2;
  }
  const { command, wipe, json } = parsed;
  // Progress goes to stderr, so that stdout holds the result alone.
  const onProgress = (message: string) => console.error(message);
  if (command === "up") await ensureStack({ onProgress });
  if (command === "down") await stopStack({ onProgress, wipe });
  const statuses = await stackStatus();
  console.log(json ? JSON.stringify(statuses, null, 2) : table(statuses));
  return command === "status" && !statuses.every(isUp) ? 3 : 0;
}

/** What the arguments ask for, or what is wrong with them. */
function parseArguments(args: readonly string[]): Arguments | string {
  const [command, ...flags] = args;
  if (command !== "up" && command !== "down" && command !== "status") {
    return `Unknown command: ${command}`;
  }
  for (const flag of flags) {
    if (flag === "--json" || (flag === "--wipe" && command === "down")) continue;
    return `Unknown option of ${command}: ${flag}`;
  }
  return { command, wipe: flags.includes("--wipe"), json: flags.includes("--json") };
}

function isUp(status: ServiceStatus): boolean {
  return status.state === "running" || status.state === "given";
}

function table(statuses: readonly ServiceStatus[]): string {
  const rows = [["SERVICE", "STATE", "ADDRESS", "PID", "VERSION", "LOG"]];
  for (const status of statuses) {
    rows.push([
      status.title,
      status.givenBy === undefined ? status.state : `given by ${status.givenBy}`,
      status.address,
      String(status.pid ?? "-"),
      status.version ?? "-",
      status.logFile === undefined ? "-" : shortPath(status.logFile),
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
    .join("\n");
}

/** Relative to the present folder where that is shorter to read. */
function shortPath(path: string): string {
  const short = relative(Deno.cwd(), path);
  return short.startsWith("..") ? path : short;
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}
