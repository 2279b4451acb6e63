import { cleanUpLog } from "../../log/log_cleanup.ts";
import { writeCheckpoint } from "../../log/write_checkpoint.ts";
import { withStorageErrors } from "../../protocol/delta_error.ts";
import { refuseUnwritable } from "../../protocol/table_features.ts";
import type { TableState } from "../../table_state.ts";

/** What a checkpoint came to. */
export interface CheckpointResult {
  /** The version that it is of. */
  readonly version: number;
  /** Names of the files that the log does not need any more and that are gone. */
  readonly removedLogFiles: readonly string[];
}

/**
 * Writes a checkpoint of a table's newest version, and removes from the log what is past the table's
 * `delta.logRetentionDuration`. Commits do so by themselves every few versions; this is for tables
 * that others write.
 *
 * @throws {SluiceError} `UNSUPPORTED_FEATURE` if the table asks of its writers what is not done here;
 * `DELTA_STORAGE`.
 */
export async function checkpointTable(state: TableState): Promise<CheckpointResult> {
  return await state.alone(async () => {
    const snapshot = await state.refresh();
    refuseUnwritable(snapshot.protocol, snapshot.metadata, snapshot.location);
    return await withStorageErrors("write a checkpoint", state.path, async () => {
      const nowMs = Date.now();
      await writeCheckpoint(state.store, snapshot, nowMs);
      return {
        version: snapshot.version,
        removedLogFiles: await cleanUpLog(state.store, snapshot, nowMs),
      };
    });
  });
}
