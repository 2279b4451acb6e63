import { join } from "node:path";
import { isRecord, type Offsets, parseOffsets, SluiceError } from "../../core/mod.ts";

/** Where a query stands, as its checkpoint says; read without its lock, so it may run meanwhile. */
export interface CheckpointPosition {
  /** The newest batch that is done; -1 if none is. */
  readonly committedBatchId: number;
  /** The newest batch that is planned; -1 if none is. */
  readonly plannedBatchId: number;
  /** Where the batch that is done ended, by Kafka topic; files and tables are left out. */
  readonly offsets: Offsets;
  /** The id of each Kafka topic when the query last saw it. */
  readonly topicIds: Readonly<Record<string, string>>;
}

/** Kafka's ids of topics; other sources have other texts in their place. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Folders of a job with several queries are one deep, those of one that loads several files two. */
const MAX_DEPTH = 2;

/**
 * The folders in `parent`, and in folders there, that are checkpoints; none if it is not there.
 */
export async function checkpointsIn(parent: string, depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const name of await foldersIn(parent)) {
    const path = join(parent, name);
    if (await Deno.stat(join(path, "metadata")).then(() => true, () => false)) found.push(path);
    else if (depth < MAX_DEPTH) found.push(...await checkpointsIn(path, depth + 1));
  }
  return found.sort();
}

/**
 * Reads where a query stands.
 *
 * @throws {SluiceError} `BAD_CHECKPOINT` if there is no checkpoint, or it cannot be read.
 */
export async function checkpointPosition(location: string): Promise<CheckpointPosition> {
  if (!await Deno.stat(join(location, "metadata")).then(() => true, () => false)) {
    throw badCheckpoint(location, "no checkpoint", "name the folder of one with --checkpoint");
  }
  const plannedBatchId = await newestId(join(location, "offsets"));
  const committedBatchId = await newestId(join(location, "commits"));
  const topicIds = await topicIdsOf(location);
  const offsets: Record<string, Offsets[string]> = {};
  if (committedBatchId >= 0) {
    const path = join(location, "offsets", String(committedBatchId));
    const [, , ...sources] = (await Deno.readTextFile(path)).trimEnd().split("\n");
    for (const [topic, partitions] of sources.flatMap((line) => Object.entries(of(line)))) {
      if (topic in topicIds) offsets[topic] = partitions;
    }
  }
  return { committedBatchId, plannedBatchId, offsets, topicIds };
}

/** Offsets of Kafka or files; sources that know no offset yet, or have others, have none here. */
function of(line: string): Offsets {
  return parseOffsets(line) ?? {};
}

async function newestId(folder: string): Promise<number> {
  const ids = (await namesIn(folder)).filter((name) => /^\d+$/.test(name)).map(Number);
  return Math.max(-1, ...ids);
}

/** Each source has a file: `topics.json`, `topics.1.json`, … */
async function topicIdsOf(location: string): Promise<Record<string, string>> {
  const folder = join(location, "sluice");
  const ids: Record<string, string> = {};
  for (const name of await namesIn(folder)) {
    if (!/^topics(\.\d+)?\.json$/.test(name)) continue;
    for (const [topic, id] of Object.entries(await identitiesIn(join(folder, name)))) {
      if (typeof id === "string" && UUID.test(id)) ids[topic] = id;
    }
  }
  return ids;
}

async function identitiesIn(path: string): Promise<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!isRecord(parsed)) throw badCheckpoint(path, "no JSON object", "restore it from a backup");
  return isRecord(parsed.identities) ? parsed.identities : parsed;
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesIn(folder)).filter((entry) => !entry.isFile).map(({ name }) => name);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await entriesIn(folder)).map(({ name }) => name);
}

async function entriesIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function badCheckpoint(where: string, found: string, hint: string): SluiceError {
  return new SluiceError("BAD_CHECKPOINT", {
    attempted: "read the checkpoint",
    where,
    found,
    hint,
  });
}
