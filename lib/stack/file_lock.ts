import { dirname } from "node:path";
import { SluiceError } from "../core/mod.ts";

/**
 * Runs `work` while this process alone holds the lock on `path`; the lock goes with the process, however it ends.
 *
 * @param onWait called once when another holder makes us wait.
 * @throws {SluiceError} `STATE_NOT_WRITABLE` when the folder belongs to another user.
 */
export async function withFileLock<T>(
  path: string,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  using file = await openLockFile(path);
  const waiting = setTimeout(onWait, 500);
  try {
    await file.lock(true);
  } finally {
    clearTimeout(waiting);
  }
  return await work();
}

async function openLockFile(path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    return await Deno.open(path, { create: true, write: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new SluiceError("STATE_NOT_WRITABLE", {
      attempted: "keep the state of the local services",
      where: dirname(path),
      found: "a folder this user may not write to",
      hint: "run as the user that made it, or name another folder with SLUICE_STATE_DIR",
      cause: error,
    });
  }
}
