import { makeFolder, syncFolder, writeFlushed } from "../../core/mod.ts";
import { encodeParquet } from "../../parquet/mod.ts";
import type { AddFile } from "../protocol/actions.ts";
import { fileStats } from "./file_stats.ts";
import { encodePath, partitionFolder } from "./partition_values.ts";
import type { PartitionRows } from "./split_by_partition.ts";

/** How many files may be on their way to the disk while the next one is encoded. */
const MAX_FILES_IN_FLIGHT = 4;

/** Writes data files below a table's folder. Nobody sees them until a commit adds them. */
export class DataFileWriter {
  readonly #tablePath: string;
  readonly #knownFolders = new Set<string>();

  /** Makes a writer for a table; nothing is touched yet. */
  constructor(tablePath: string) {
    this.#tablePath = tablePath;
  }

  /**
   * Writes each part into a file of its own and flushes all of them to the disk. If one fails, the
   * others are removed.
   */
  async write(parts: readonly PartitionRows[], maxIndexedLeaves: number): Promise<AddFile[]> {
    const added: AddFile[] = [];
    const inFlight: Promise<void>[] = [];
    const folders = new Set<string>();
    const names: string[] = [];
    try {
      for (const [i, part] of parts.entries()) {
        const folder = partitionFolder(part.partitionValues);
        const name = `${folder}part-${String(i).padStart(5, "0")}-${crypto.randomUUID()}` +
          ".c000.zstd.parquet";
        const batch = part.batch();
        const contents = await encodeParquet(batch);
        await this.#makeFolder(folder);
        // Waiting for the disk here also gives other work of the process its turn.
        await inFlight[i - MAX_FILES_IN_FLIGHT];
        folders.add(folder);
        names.push(name);
        const written = writeFlushed(`${this.#tablePath}/${name}`, contents);
        written.catch(() => {});
        inFlight.push(written);
        added.push({
          path: encodePath(name),
          partitionValues: part.partitionValues,
          size: contents.length,
          modificationTime: Date.now(),
          dataChange: true,
          stats: fileStats(batch, maxIndexedLeaves),
        });
      }
      await Promise.all(inFlight);
      await Promise.all([...folders].map((folder) => syncFolder(`${this.#tablePath}/${folder}`)));
      return added;
    } catch (error) {
      await Promise.allSettled(inFlight);
      await this.#remove(names);
      throw error;
    }
  }

  /** Removes files that were written and not committed; what cannot be removed stays. */
  async remove(files: readonly AddFile[]): Promise<void> {
    await this.#remove(files.map(({ path }) => decodeURIComponent(path)));
  }

  async #remove(names: readonly string[]): Promise<void> {
    await Promise.allSettled(names.map((name) => Deno.remove(`${this.#tablePath}/${name}`)));
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#knownFolders.has(folder)) return;
    await makeFolder(`${this.#tablePath}/${folder}`.replace(/\/$/, ""));
    this.#knownFolders.add(folder);
  }
}
