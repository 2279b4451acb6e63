import { errorText } from "../../core/mod.ts";
import { cleanUpLog } from "../log/log_cleanup.ts";
import type { LogStore } from "../log/log_store.ts";
import type { Snapshot } from "../log/snapshot.ts";
import { writeCheckpoint } from "../log/write_checkpoint.ts";
import { checkpointInterval } from "../protocol/table_properties.ts";

/** Writes the checkpoints that a process owes to a table, and clears away what they make needless. */
export class Checkpointer {
  readonly #store: LogStore;
  readonly #notice: (message: string) => void;
  #failed = false;

  /** Makes a checkpointer that tells `notice` of what went wrong. */
  constructor(store: LogStore, notice: (message: string) => void) {
    this.#store = store;
    this.#notice = notice;
  }

  /**
   * To be called behind each own commit: a checkpoint is due every few versions; after one that
   * failed, at the very next. It never fails, since the commit stands without it.
   */
  async afterCommit(snapshot: Snapshot, version: number): Promise<void> {
    const isDue = version > 0 &&
      version % checkpointInterval(snapshot.metadata.configuration) === 0;
    if (!isDue && !this.#failed) return;
    try {
      await writeCheckpoint(this.#store, snapshot, Date.now());
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      this.#notice(
        `no checkpoint of ${this.#store.location} at version ${snapshot.version}: ${
          errorText(error)
        }; the table is whole without it, and the next commit tries again`,
      );
      return;
    }
    try {
      await cleanUpLog(this.#store, snapshot, Date.now());
    } catch (error) {
      this.#notice(
        `old files of ${this.#store.location} are still there: ${errorText(error)}; the table is ` +
          "whole with them, and the next checkpoint tries again",
      );
    }
  }
}
