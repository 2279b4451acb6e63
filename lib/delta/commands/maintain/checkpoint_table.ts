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
 * `TABLE_NOT_FOUND` if it is not there any more; `CORRUPT_LOG`, `DELTA_STORAGE`.
 *
 * @example
 * ```ts
 * import { deepEqual, ok } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { checkpointTable } from "./checkpoint_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * deepEqual(await checkpointTable(table), { version: 0, removedLogFiles: [] });
 * ok((await table.store.list()).includes("00000000000000000000.checkpoint.parquet"));
 * await Deno.remove(path, { recursive: true });
 * ```
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
