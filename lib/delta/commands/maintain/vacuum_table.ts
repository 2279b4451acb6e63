import { badOption, failpoint, refuseUnknownOptions, SluiceError } from "../../../core/mod.ts";
import type { Snapshot } from "../../log/snapshot.ts";
import { withStorageErrors } from "../../protocol/delta_error.ts";
import { refuseUnwritable } from "../../protocol/table_features.ts";
import { tombstoneRetentionMs } from "../../protocol/table_properties.ts";
import type { TableState } from "../../table_state.ts";
import { type FolderContents, listDataFolder, namedFiles } from "./data_folder.ts";

const HOUR_MS = 3_600_000;
/** Files looked at or removed at a time. */
const AT_ONCE = 32;

/** Which files to remove. */
export interface VacuumOptions {
  /**
   * Hours for which files that are not in the table any more stay, for readers of older versions and
   * for writers that have not committed yet; by default the table's
   * `delta.deletedFileRetentionDuration`, 7 days if it has none.
   */
  readonly retentionHours?: number;
  /** True: nothing is removed. */
  readonly dryRun?: boolean;
  /** False: `retentionHours` may be less than the table asks for. */
  readonly enforceRetention?: boolean;
}

/** A file that no version within the retention needs. */
export interface VacuumedFile {
  /** Below the table's folder. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** What a vacuum removed. */
export interface VacuumResult {
  /** 0 in a dry run. */
  readonly numFilesDeleted: number;
  /** Of all `files`, in bytes. */
  readonly sizeOfDataToDelete: number;
  /** What was removed, or would have been in a dry run. */
  readonly files: readonly VacuumedFile[];
}

/**
 * Removes the files from a table's folder that are not part of the table, and have not been for as
 * long as the retention: data files, deletion vectors and change data, also what writers that crashed
 * left behind. Versions that need them cannot be read afterwards. Folders left empty go too.
 *
 * Others may write meanwhile: what is newer than the retention stays, whether it is committed or not.
 * A crash does no harm, and the next vacuum does the rest. No version is made.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { schema as s } from "../../../core/mod.ts";
 * import { createTable } from "../define/create_table.ts";
 * import { vacuumTable } from "./vacuum_table.ts";
 *
 * const path = await Deno.makeTempDir();
 * const table = await createTable(path, { schema: s.struct({ id: s.long() }) });
 * await Deno.writeTextFile(`${path}/part-of-a-crashed-writer.parquet`, "half a file");
 * const options = { retentionHours: 0, enforceRetention: false };
 * deepEqual(await vacuumTable(table, options), {
 *   numFilesDeleted: 1,
 *   sizeOfDataToDelete: 11,
 *   files: [{ path: "part-of-a-crashed-writer.parquet", size: 11 }],
 * });
 * await Deno.remove(path, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION` or `BAD_OPTION`; `BELOW_RETENTION`; `UNSUPPORTED_FEATURE` if
 * the table asks of its writers what is not done here; `UNSAFE_PATH` if the log names files that
 * cannot be placed; `DELTA_STORAGE`.
 */
export async function vacuumTable(
  state: TableState,
  options: VacuumOptions = {},
): Promise<VacuumResult> {
  refuseUnknownOptions("vacuum a Delta table", options, [
    "retentionHours",
    "dryRun",
    "enforceRetention",
  ]);
  const { dryRun = false } = options;
  const newest = () => state.alone(() => state.refresh());
  const cutoffMs = Date.now() - retentionMs(await newest(), options);
  refuseUnwritable(state.snapshot.protocol, state.snapshot.metadata, state.path);
  return await withStorageErrors("vacuum a Delta table", state.path, async () => {
    const root = await Deno.realPath(state.path);
    const contents = await listDataFolder(root, state.layout());
    const emptied = await oldFolders(contents, cutoffMs);
    // The log is read after the folder: what was committed in between is known, or was not listed.
    const needed = await neededFiles(root, contents, await newest(), cutoffMs);
    const found = await oldFiles(contents.files.filter((file) => !needed.has(file)), cutoffMs);
    await failpoint("delta:vacuum-listed");
    if (!dryRun) {
      await eachOf(found, async ({ path }) => {
        await ifThere(Deno.remove(path));
        await failpoint("delta:vacuum-removed");
      });
      // A folder that is not empty cannot be removed, and stays.
      for (const folder of emptied) await Deno.remove(folder).catch(() => {});
    }
    const files = found.map(({ path, size }) => ({ path: path.slice(root.length + 1), size }))
      .sort((a, b) => a.path < b.path ? -1 : 1);
    return {
      numFilesDeleted: dryRun ? 0 : files.length,
      sizeOfDataToDelete: files.reduce((sum, { size }) => sum + size, 0),
      files,
    };
  });
}

function retentionMs({ metadata, location }: Snapshot, options: VacuumOptions): number {
  const { retentionHours, enforceRetention = true } = options;
  const tableMs = tombstoneRetentionMs(metadata.configuration);
  if (retentionHours === undefined) return tableMs;
  if (!(Number.isFinite(retentionHours) && retentionHours >= 0)) {
    const wanted = "a number of hours, 0 or more";
    throw badOption("vacuum a Delta table", "retentionHours", String(retentionHours), wanted);
  }
  if (enforceRetention && retentionHours * HOUR_MS < tableMs) {
    throw new SluiceError("BELOW_RETENTION", {
      attempted: "vacuum a Delta table",
      where: location,
      found: `a retention of ${retentionHours} hours`,
      wanted: `${tableMs / HOUR_MS} hours or more`,
      hint: "readers of older versions, and writers that are about to commit, would lose their " +
        "files; if there are none, say enforceRetention: false",
    });
  }
  return retentionHours * HOUR_MS;
}

/** The files of the table, and those that left it within the retention. */
async function neededFiles(
  root: string,
  { hasLinks }: FolderContents,
  snapshot: Snapshot,
  cutoffMs: number,
): Promise<ReadonlySet<string>> {
  const removed = [...snapshot.tombstones()]
    .filter(({ deletionTimestamp = 0 }) => deletionTimestamp > cutoffMs);
  return await namedFiles(root, [...snapshot.files(), ...removed], hasLinks);
}

async function oldFiles(paths: readonly string[], cutoffMs: number): Promise<VacuumedFile[]> {
  const old: VacuumedFile[] = [];
  await eachOf(paths, async (path) => {
    const info = await ifThere(Deno.lstat(path));
    if (info?.isFile && isOld(info, cutoffMs)) old.push({ path, size: info.size });
  });
  return old;
}

/** The folders in which nothing has come or gone within the retention. */
async function oldFolders({ folders }: FolderContents, cutoffMs: number): Promise<string[]> {
  const old = new Set<string>();
  await eachOf(folders, async (path) => {
    const info = await ifThere(Deno.lstat(path));
    if (info !== undefined && isOld(info, cutoffMs)) old.add(path);
  });
  return folders.filter((folder) => old.has(folder));
}

function isOld({ mtime }: Deno.FileInfo, cutoffMs: number): boolean {
  return mtime !== null && mtime.getTime() <= cutoffMs;
}

async function eachOf<T>(items: readonly T[], step: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) {
    await Promise.all(items.slice(i, i + AT_ONCE).map(step));
  }
}

/** What a step comes to; `undefined` if its file is gone, as another vacuum may have removed it. */
async function ifThere<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
