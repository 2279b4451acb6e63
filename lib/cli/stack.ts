/**
 * `deno task stack:up | stack:down | stack:status`: the local Kafka, Postgres and, where asked for,
 * schema registry, Kafka Connect and MariaDB from the command line.
 *
 * @module
 */
import { relative } from "node:path";
import { SluiceError } from "../core/mod.ts";
import {
  ensureStack,
  type ServiceName,
  type ServiceStatus,
  stackStatus,
  stopStack,
} from "../stack/mod.ts";
import { parseFlags } from "./flags.ts";
import { print, printError } from "./print.ts";
import { runCommand } from "./run_command.ts";

const HELP =
  `Starts, stops and shows local services: Kafka, Postgres and others; no Docker is needed.

  deno task stack:up        start Kafka and Postgres where they do not run yet
  deno task stack:down      stop; the data stays
  deno task stack:status    show; exit code 0 when all run, else 3

Options
  --with <a,b>
              with stack:up: start these too, of registry (a schema registry), connect (Kafka
              Connect with Debezium) and mariadb
  --wipe      with stack:down: forget the data too (downloads stay)
  --json      print JSON
  -h, --help  print this

Environment
  KAFKA_BROKERS, DATABASE_URL               use these instead of starting a service
  SCHEMA_REGISTRY_URL                       the same; http://user:password@host:port/path, or
                                            without them and a token in SCHEMA_REGISTRY_TOKEN
  CONNECT_URL, MYSQL_URL                    the same; mysql://user:password@host:port/database
  SLUICE_KAFKA_PORT, SLUICE_POSTGRES_PORT   other ports than 19092 (and the next one) and 15432
  SLUICE_REGISTRY_PORT, SLUICE_CONNECT_PORT, SLUICE_MARIADB_PORT
                                            other ports than 18081, 18083 and 13306
  SLUICE_STATE_DIR                          another folder than .sluice`;

const COMMON_FLAGS = {
  json: { type: "boolean", help: "print JSON" },
  help: { type: "boolean", help: "print the help" },
} as const;

const FLAGS = {
  up: {
    with: { type: "string", value: "a,b", help: "start these too" },
    ...COMMON_FLAGS,
  },
  down: { wipe: { type: "boolean", help: "forget the data too" }, ...COMMON_FLAGS },
  status: COMMON_FLAGS,
} as const;

/** The services that run only where somebody asks for them. */
const ON_DEMAND: readonly ServiceName[] = ["registry", "connect", "mariadb"];

const NOT_ALL_UP = 3;

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "--help" || command === "-h") {
    print(HELP);
    return 0;
  }
  if (command !== "up" && command !== "down" && command !== "status") {
    throw new SluiceError("BAD_FLAG", {
      attempted: "run a command of the stack",
      found: command === undefined ? "none" : `"${command}"`,
      wanted: "up, down or status",
      hint: "--help tells what each does",
    });
  }
  const flags: { help?: boolean; json?: boolean; wipe?: boolean; with?: string } = parseFlags(
    `stack:${command}`,
    rest,
    FLAGS[command],
  );
  if (flags.help) {
    print(HELP);
    return 0;
  }
  // Progress goes to stderr, so that stdout holds the result alone.
  const onProgress = printError;
  if (command === "up") await ensureStack({ onProgress, services: servicesWith(flags.with) });
  if (command === "down") await stopStack({ onProgress, wipe: flags.wipe ?? false });
  const statuses = await stackStatus();
  if (flags.json) print(JSON.stringify(statuses, null, 2));
  else {
    print(table(statuses));
    if (command === "up") printExport(statuses);
  }
  return command === "status" && !statuses.every(isUp) ? NOT_ALL_UP : 0;
}

function servicesWith(extra: string | undefined): ServiceName[] {
  const names = extra?.split(",").map((name) => name.trim()) ?? [];
  const more = ON_DEMAND.filter((name) => names.includes(name));
  const unknown = names.find((name) => !more.some((each) => each === name));
  if (unknown === undefined) return ["kafka", "postgres", ...more];
  throw new SluiceError("BAD_FLAG", {
    attempted: "read the flags of stack:up",
    where: "--with",
    found: `"${unknown}"`,
    wanted: `some of ${ON_DEMAND.join(",")}`,
  });
}

/**
 * The line that hands the addresses of what runs here to other programs; what the environment gives it
 * has already.
 */
function printExport(statuses: readonly ServiceStatus[]): void {
  const settings = statuses.filter(({ state }) => state === "running")
    .map(({ addressVariable, address }) => `${addressVariable}=${address}`);
  if (settings.length > 0) print(`\nexport ${settings.join(" ")}`);
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

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
