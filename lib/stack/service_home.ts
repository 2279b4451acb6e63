import { dirname, join } from "node:path";
import { SluiceError } from "../core/mod.ts";
import type { UnixUser } from "./process.ts";
import { removeIfThere } from "./remove_if_there.ts";

/** Where a database keeps its data, and as whom it runs. */
export interface ServiceHome {
  /** The folder that holds `data`. */
  readonly dir: string;
  /** True where that is not in the state folder. */
  readonly isElsewhere: boolean;
  /** The user to run as, where the present one is root, whom databases refuse. */
  readonly user?: UnixUser;
}

/** A database that refuses to run as root. */
export interface HomeSeeker {
  /** Its name for people. */
  readonly title: string;
  /** The name of its folder. */
  readonly name: string;
  /** The names of users that may run it, the best first. */
  readonly users: readonly string[];
  /** Asks the system, as that user, whether data in `dir` and the programs can be used. */
  canUse(dir: string, user: UnixUser): Promise<boolean>;
}

/**
 * Finds a place and a user for a database.
 *
 * That is the state folder and the present user, except for root: then an unprivileged user runs
 * it, and where that user cannot go (a checkout under /root), it gets a folder of its own under
 * /var/lib. The state folder remembers that folder.
 *
 * @throws {SluiceError} `UNPRIVILEGED_USER_MISSING`.
 */
export async function serviceHome(
  seeker: HomeSeeker,
  stateDir: string,
  onProgress: (message: string) => void,
): Promise<ServiceHome> {
  const dir = join(stateDir, seeker.name);
  await Deno.mkdir(dir, { recursive: true });
  if (Deno.uid() !== 0) return { dir, isElsewhere: false };
  const recorded = await recordedHome(seeker.name, stateDir);
  if (recorded === undefined) {
    const user = await serverUser(seeker, dir);
    await Deno.chown(dir, user.uid, user.gid);
    if (await seeker.canUse(dir, user)) return { dir, isElsewhere: false, user };
  }
  return await homeElsewhere(seeker, stateDir, recorded, onProgress);
}

/** Removes the data of a database and the folder it may have had outside the state folder. */
export async function removeServiceHome(name: string, stateDir: string): Promise<void> {
  const elsewhere = await recordedHome(name, stateDir);
  if (elsewhere !== undefined) await removeIfThere(elsewhere);
  await removeIfThere(homeRecord(name, stateDir));
  await removeIfThere(join(stateDir, name));
}

/** The record lies in a folder of root's, so that nobody else can name the folder that a wipe removes. */
function homeRecord(name: string, stateDir: string): string {
  return join(stateDir, "run", `${name}_home`);
}

async function recordedHome(name: string, stateDir: string): Promise<string | undefined> {
  try {
    const dir = (await Deno.readTextFile(homeRecord(name, stateDir))).trim();
    await Deno.stat(dir);
    return dir;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function homeElsewhere(
  seeker: HomeSeeker,
  stateDir: string,
  recorded: string | undefined,
  onProgress: (message: string) => void,
): Promise<ServiceHome> {
  const { title, name } = seeker;
  const dir = recorded ?? await Deno.makeTempDir({ dir: "/var/lib", prefix: `sluice-${name}-` });
  const user = await serverUser(seeker, join(dir, "data"));
  if (recorded === undefined) {
    await Deno.mkdir(dirname(homeRecord(name, stateDir)), { recursive: true });
    await Deno.writeTextFile(homeRecord(name, stateDir), dir);
    onProgress(`${title}: its user may not enter ${stateDir}, so it lives in ${dir}`);
  }
  await Deno.chown(dir, user.uid, user.gid);
  return { dir, isElsewhere: true, user };
}

/** An unprivileged user: the owner of data that is already there, else the first there is. */
async function serverUser(seeker: HomeSeeker, ownedDir: string): Promise<UnixUser> {
  const owner = await Deno.stat(ownedDir).catch(() => undefined);
  if (owner?.uid && owner.gid !== null) return { uid: owner.uid, gid: owner.gid };
  for (const name of seeker.users) {
    const [uid, gid] = [await idOf("-u", name), await idOf("-g", name)];
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new SluiceError("UNPRIVILEGED_USER_MISSING", {
    attempted: `start ${seeker.title} as root`,
    found: seeker.users.map((name) => `no user \`${name}\``).join(" and "),
    wanted: `an unprivileged user, ${seeker.title} refuses to run as root`,
    hint: `make one (useradd --system ${seeker.users[0]}), or run this as another user`,
  });
}

async function idOf(option: string, name: string): Promise<number | undefined> {
  const { success, stdout } = await new Deno.Command("id", { args: [option, name] }).output();
  return success ? Number(new TextDecoder().decode(stdout)) : undefined;
}
