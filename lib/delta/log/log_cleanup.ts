import { failpoint, Schema } from "../../core/mod.ts";
import { decodeParquet } from "../../parquet/mod.ts";
import { parseActions, type Sidecar } from "../protocol/actions.ts";
import { cleansUpLog, logRetentionMs } from "../protocol/table_properties.ts";
import { READ_CHECKPOINT_SCHEMA } from "./checkpoint_schema.ts";
import { parseLogName } from "./log_files.ts";
import { findLogSegment } from "./log_segment.ts";
import { type LogStore, SIDECARS } from "./log_store.ts";
import type { Snapshot } from "./snapshot.ts";

const DAY_MS = 86_400_000;
const CHECKSUM = /^(\d{20})\.crc$/;
/** What a crash leaves beside the place of a file that was about to appear. */
const TEMPORARY = /^\..+\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/**
 * Removes what nobody needs to read a version within the table's `delta.logRetentionDuration`, and
 * returns the names. The versions before the newest checkpoint that is older than that can then not
 * be gone back to; without such a checkpoint all stays. Sidecars and temporary files that nothing
 * refers to go after a day. See Delta's "metadata cleanup".
 *
 * The oldest version goes first: whoever still holds an old one finds its own commit gone, and never
 * takes the version behind it for free. After a crash the next cleanup does the rest.
 */
export async function cleanUpLog(
  store: LogStore,
  snapshot: Snapshot,
  nowMs: number,
): Promise<string[]> {
  const { configuration } = snapshot.metadata;
  if (!cleansUpLog(configuration)) return [];
  const names = await store.list();
  const cutoffMs = Math.floor((nowMs - logRetentionMs(configuration)) / DAY_MS) * DAY_MS;
  const removed = await removeVersions(store, names, cutoffMs);
  const kept = names.filter((name) => !removed.includes(name));
  for (const name of [...await unusedSidecars(store, kept), ...names.filter(isTemporary)]) {
    const modifiedMs = await store.modifiedMs(name);
    if (modifiedMs === undefined || modifiedMs > nowMs - DAY_MS) continue;
    await store.remove(name);
    removed.push(name);
    await failpoint("delta:log-file-removed");
  }
  return removed;
}

async function removeVersions(
  store: LogStore,
  names: readonly string[],
  cutoffMs: number,
): Promise<string[]> {
  const first = await firstVersionToKeep(store, names, cutoffMs);
  if (first === undefined) return [];
  const expired = names.map((name) => ({ name, version: versionOf(name) }))
    .filter(({ name, version }) => version < first || (version === first && isCompaction(name)))
    // A commit before the checkpoint of its version: what is left is a version, or nothing.
    .sort((a, b) => a.version - b.version || Number(isCommit(b.name)) - Number(isCommit(a.name)));
  for (const { name } of expired) {
    await store.remove(name);
    await failpoint("delta:log-file-removed");
  }
  return expired.map(({ name }) => name);
}

/** The version of the newest checkpoint that is as old as the retention; `undefined` without one. */
async function firstVersionToKeep(
  store: LogStore,
  names: readonly string[],
  cutoffMs: number,
): Promise<number | undefined> {
  let newest = -1;
  for (const name of names.filter(isCommit)) {
    const modifiedMs = await store.modifiedMs(name);
    if (modifiedMs === undefined || modifiedMs > cutoffMs) break;
    newest = versionOf(name);
  }
  const checkpoints = names.filter((name) =>
    parseLogName(name)?.kind === "checkpoint" && versionOf(name) <= newest
  );
  return findLogSegment(checkpoints, store.location)?.version;
}

/** Sidecars that no checkpoint names; none if there is a checkpoint that cannot be read. */
async function unusedSidecars(store: LogStore, names: readonly string[]): Promise<string[]> {
  const sidecars = await store.listSidecars();
  if (sidecars.length === 0) return [];
  const used = new Set<string>();
  for (const name of names.filter((name) => name.includes(".checkpoint."))) {
    for (const sidecar of await sidecarsOf(store, name) ?? sidecars) used.add(sidecar);
  }
  return sidecars.filter((name) => !used.has(name));
}

async function sidecarsOf(store: LogStore, name: string): Promise<string[] | undefined> {
  const file = await store.read(name);
  if (file === undefined) return [];
  try {
    const sidecars = name.endsWith(".json")
      ? parseActions(file, name).map(({ sidecar }) => sidecar)
      : [...(await decodeParquet(file, SIDECAR_SCHEMA)).rows()]
        .map((row) => row.sidecar as Sidecar | null);
    return sidecars.filter((one) => one !== undefined && one !== null).map(sidecarName);
  } catch {
    return undefined;
  }
}

const SIDECAR_SCHEMA = new Schema(
  READ_CHECKPOINT_SCHEMA.fields.filter(({ name }) => name === "sidecar"),
);

function sidecarName({ path }: Sidecar): string {
  return `${SIDECARS}/${decodeURIComponent(path.split("/").at(-1)!)}`;
}

/** The version that a file belongs to or begins with; `Infinity` if it has none. */
function versionOf(name: string): number {
  const file = parseLogName(name);
  if (file?.kind === "compaction") return file.firstVersion;
  return file?.version ?? Number(CHECKSUM.exec(name)?.[1] ?? Infinity);
}

function isCommit(name: string): boolean {
  return parseLogName(name)?.kind === "commit";
}

function isCompaction(name: string): boolean {
  return parseLogName(name)?.kind === "compaction";
}

function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}
