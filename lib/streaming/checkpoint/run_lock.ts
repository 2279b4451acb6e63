import { SluiceError } from "../../core/mod.ts";
import type { CheckpointFiles } from "../environment.ts";

/**
 * Locks a checkpoint location for this process. The system lets go of it when the process ends,
 * however it ends.
 *
 * @throws {SluiceError} `ALREADY_RUNNING` if another process has it.
 */
export async function acquireRunLock(
  files: CheckpointFiles,
  checkpointLocation: string,
): Promise<Disposable> {
  const path = `${checkpointLocation}/sluice/run.lock`;
  const lock = await files.lock(path, String(Deno.pid));
  if (!("holder" in lock)) return lock;
  const holder = lock.holder.trim();
  throw new SluiceError("ALREADY_RUNNING", {
    attempted: "start the query",
    where: `checkpoint ${checkpointLocation}`,
    found: `it is run by process ${holder === "" ? "unknown" : holder}`,
    wanted: "one process a checkpoint",
    hint: "stop the other process, or give this query a checkpointLocation of its own",
  });
}
