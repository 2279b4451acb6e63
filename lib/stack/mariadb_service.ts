import { join } from "node:path";
import { SluiceError } from "../core/mod.ts";
import { findMariadb, type MariadbPrograms } from "./mariadb_programs.ts";
import { mysqlAnswers } from "./mysql_answers.ts";
import type { ServiceCommand } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import { runInHome } from "./run_in_home.ts";
import type { Service, ServiceContext } from "./service.ts";
import { removeServiceHome, type ServiceHome, serviceHome } from "./service_home.ts";

/** User, password and database alike. */
const account = "sluice";

/** MariaDB, as the system's package manager installed it. */
export const mariadbService: Service = {
  name: "mariadb",
  title: "MariaDB",
  addressVariable: "MYSQL_URL",
  portVariable: "SLUICE_MARIADB_PORT",
  defaultPort: 13_306,
  onDemand: true,
  stopSignal: "SIGTERM",
  // A killed server holds its files for a moment longer.
  passingTrouble: "Unable to lock",
  ports: (port) => [port],
  address: (port) => `mysql://${account}:${account}@127.0.0.1:${port}/${account}`,
  addresses: (address) => ({ mysqlUrl: address }),
  prepare: prepareMariadb,
  answers: (port) => mysqlAnswers(port, 5_000),
  wipe: ({ stateDir }) => removeServiceHome("mariadb", stateDir),
};

/** Chosen when the data is made. */
const logFileSize = "--innodb-log-file-size=32M";

const serverSettings = [
  "bind-address=127.0.0.1",
  // Relative to the data: a socket's path may not be long.
  "socket=mariadb.sock",
  "pid-file=mariadb.pid",
  "skip-name-resolve",
  "default-time-zone=+00:00",
  "character-set-server=utf8mb4",
  // Whole rows before and after each change are what change data capture reads.
  "server-id=1",
  "log-bin=binlog",
  "binlog-format=ROW",
  "binlog-row-image=FULL",
  "binlog-row-metadata=FULL",
  "binlog-expire-logs-seconds=259200",
  // What is said about crashes holds only for a server that keeps its promises.
  "sync-binlog=1",
  "innodb-flush-log-at-trx-commit=1",
  "innodb-buffer-pool-size=64M",
  "performance-schema=OFF",
  // Without a line for each connection that only asks whether it listens.
  "log-warnings=1",
];

async function prepareMariadb(context: ServiceContext): Promise<ServiceCommand> {
  const programs = await findMariadb();
  const home = await serviceHome(
    { title: "MariaDB", name: "mariadb", users: ["mysql", "nobody"], canUse: programs.canUse },
    context.stateDir,
    context.onProgress,
  );
  const dataDir = join(home.dir, "data");
  if (!await Deno.stat(dataDir).then(() => true, () => false)) {
    context.onProgress("MariaDB: making its database");
    await initialise(programs, home);
  }
  return {
    program: programs.server,
    args: [
      "--no-defaults",
      `--datadir=${dataDir}`,
      `--port=${context.port}`,
      logFileSize,
      ...serverSettings.map((setting) => `--${setting}`),
    ],
    cwd: home.dir,
    ...(home.user ? { user: home.user } : {}),
  };
}

/** Initialises a folder beside and renames it, so that `data` is either whole or not there. */
async function initialise(programs: MariadbPrograms, home: ServiceHome): Promise<void> {
  const partial = join(home.dir, "data.new");
  await removeIfThere(partial);
  await runProgram(home, programs.install, [
    "--no-defaults",
    `--datadir=${partial}`,
    "--skip-test-db",
    "--skip-name-resolve",
    logFileSize,
  ]);
  // Rights are not looked at in bootstrap mode until they are asked for.
  await runProgram(
    home,
    programs.server,
    ["--no-defaults", `--datadir=${partial}`, "--bootstrap"],
    [
      "flush privileges;",
      `create user '${account}'@'%' identified by '${account}';`,
      `grant all privileges on *.* to '${account}'@'%' with grant option;`,
      `create database ${account} character set utf8mb4;`,
    ],
  );
  await Deno.rename(partial, join(home.dir, "data"));
}

async function runProgram(
  home: ServiceHome,
  program: string,
  args: readonly string[],
  input: readonly string[] = [],
): Promise<void> {
  const { success, said } = await runInHome(home, program, args, input);
  if (success && !said.includes("[ERROR]")) return;
  throw new SluiceError("MARIADB_INIT_FAILED", {
    attempted: "make the database of the local MariaDB",
    where: home.dir,
    found: said.slice(-2_000),
    hint: "check the free disk space and the rights of that folder, then try again",
  });
}
