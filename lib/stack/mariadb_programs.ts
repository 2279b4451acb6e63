import { dirname, join } from "node:path";
import { SluiceError } from "../core/mod.ts";
import type { UnixUser } from "./process.ts";

/** The programs of a MariaDB server. */
export interface MariadbPrograms {
  /** The path of `mariadbd`. */
  readonly server: string;
  /** The path of `mariadb-install-db`. */
  readonly install: string;
  /** True if a user may write to a folder and run the server. */
  canUse(dir: string, user: UnixUser): Promise<boolean>;
}

/** Where packages put a server, which a user's PATH may leave out. */
const serverFolders = ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/bin"];

/**
 * Finds the MariaDB server of this machine.
 *
 * @throws {SluiceError} `MARIADB_MISSING`.
 */
export async function findMariadb(): Promise<MariadbPrograms> {
  const server = await findProgram("mariadbd");
  const install = await findProgram("mariadb-install-db");
  if (server === undefined || install === undefined) {
    throw new SluiceError("MARIADB_MISSING", {
      attempted: "start MariaDB",
      where: "the PATH",
      found: `no ${server === undefined ? "mariadbd" : "mariadb-install-db"}`,
      wanted: "a MariaDB server, version 10.6 or newer",
      hint:
        "install one (Debian: apt install mariadb-server-core mariadb-client-core; macOS: brew " +
        "install mariadb), " +
        "or set MYSQL_URL to one that runs elsewhere",
    });
  }
  return { server, install, canUse: (dir, user) => canUse(server, dir, user) };
}

/** True when this machine has a MariaDB server. */
export async function mariadbAvailable(): Promise<boolean> {
  try {
    await findMariadb();
    return true;
  } catch (error) {
    if (error instanceof SluiceError) return false;
    throw error;
  }
}

async function findProgram(name: string): Promise<string | undefined> {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...serverFolders];
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder !== "" && await Deno.stat(path).then(({ isFile }) => isFile, () => false)) {
      return path;
    }
  }
  return undefined;
}

/** Asks the system itself, as that user, since modes alone do not tell who may go where. */
async function canUse(server: string, dir: string, user: UnixUser): Promise<boolean> {
  const { success } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'test -w "$1" && "$2" --no-defaults --version', "sh", dir, server],
    cwd: dirname(server),
    ...user,
  }).output();
  return success;
}
