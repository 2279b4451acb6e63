import {
  errorText,
  formatOffsets,
  makeFolder,
  type Offsets,
  parseOffsets,
  putIfAbsent,
  replaceFile,
  SluiceError,
} from "../core/mod.ts";
import { MetadataLog } from "./metadata_log.ts";
import { RunLock } from "./run_lock.ts";

/** As Spark: older entries of the offset log and the commit log are removed. */
const BATCHES_TO_RETAIN = 100;

/** A batch as planned: these ranges, for ever. */
export interface PlannedBatch {
  /** 0, 1, 2, … without a gap. */
  readonly batchId: number;
  /** Where it begins. */
  readonly startOffsets: Offsets;
  /** Exclusive. */
  readonly endOffsets: Offsets;
}

/** What was planned under one number, or under several where only the last one's plan is kept. */
export interface PlannedRange {
  /** The first of them. */
  readonly firstBatchId: number;
  /** The last of them; the same where the plan of each is kept. */
  readonly lastBatchId: number;
  /** Where the first begins. */
  readonly startOffsets: Offsets;
  /** Where the last ends; exclusive. */
  readonly endOffsets: Offsets;
  /** True if `commits/` has the last of them. */
  readonly isDone: boolean;
}

/** What a query knows of its topics beyond their names. */
export interface TopicRecord {
  /** The identity of each topic when the query last saw it. */
  readonly identities: Readonly<Record<string, string>>;
  /** Set when topics were made anew and are read from their beginning, whatever was read before. */
  readonly restart?: {
    /** The batch after which they are. */
    readonly afterBatchId: number;
    /** Where the next batch begins in these topics. */
    readonly offsets: Offsets;
  };
}

/** What a query finds when it starts on its checkpoint. */
export interface Recovery {
  /** The newest batch that is done; -1 if none is. */
  readonly committedBatchId: number;
  /** Where the next new batch starts; `undefined` if the query never planned one. */
  readonly position: Offsets | undefined;
  /** A batch that was planned but is not known to be done: it is run again. */
  readonly replay: PlannedBatch | undefined;
}

/**
 * The checkpoint directory of a query, in Spark's layout and with Spark's file contents, so that a
 * stateless Kafka to Delta query can be handed over in both directions:
 *
 *     metadata      {"id": the query's id}
 *     offsets/N     the end offsets of batch N, written before batch N runs
 *     commits/N     written when every sink has batch N
 *     sources/0/0   where batch 0 starts
 *     sluice/       what Spark has no file for: the run lock, the identity of each topic
 */
export class Checkpoint implements Disposable {
  /** The folder. */
  readonly location: string;
  /** The same over all runs of the query. */
  readonly queryId: string;
  readonly #lock: RunLock;
  readonly #offsets: MetadataLog;
  readonly #commits: MetadataLog;
  readonly #source: MetadataLog;

  private constructor(location: string, queryId: string, lock: RunLock) {
    this.location = location;
    this.queryId = queryId;
    this.#lock = lock;
    this.#offsets = new MetadataLog(`${location}/offsets`);
    this.#commits = new MetadataLog(`${location}/commits`);
    this.#source = new MetadataLog(`${location}/sources/0`, "\0");
  }

  /**
   * Opens a checkpoint, or makes it, and locks it for this process.
   *
   * @throws {SluiceError} `ALREADY_RUNNING` if another process runs the query; `BAD_CHECKPOINT` if
   * what is there is not a checkpoint.
   */
  static async open(location: string): Promise<Checkpoint> {
    try {
      await makeFolder(`${location}/sluice`);
    } catch (cause) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "open the checkpoint",
        where: location,
        found: errorText(cause),
        wanted: "a folder that can be written",
        cause,
      });
    }
    const lock = await RunLock.acquire(location);
    try {
      const checkpoint = new Checkpoint(location, await queryIdAt(`${location}/metadata`), lock);
      for (const log of [checkpoint.#offsets, checkpoint.#commits, checkpoint.#source]) {
        await log.create();
      }
      return checkpoint;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Where to go on.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if the logs contradict each other.
   */
  async recover(): Promise<Recovery> {
    const planned = await this.#offsets.latestId();
    const committedBatchId = await this.#commits.latestId();
    if (planned < 0 && committedBatchId < 0) {
      return { committedBatchId, position: await this.initialOffsets(), replay: undefined };
    }
    if (planned === committedBatchId) {
      return { committedBatchId, position: await this.#positionAfter(planned), replay: undefined };
    }
    if (planned !== committedBatchId + 1) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "recover the query",
        where: `checkpoint ${this.location}`,
        found: `offsets/ ends with ${planned}, commits/ with ${committedBatchId}`,
        wanted: "the same number, or offsets/ one ahead",
        hint: "files are missing; restore the checkpoint from a backup of the same moment",
      });
    }
    const endOffsets = await this.#endOf(planned);
    const startOffsets = await this.#positionAfter(planned - 1);
    if (startOffsets === undefined) throw this.#missing(this.#source.path(0));
    return {
      committedBatchId,
      position: endOffsets,
      replay: { batchId: planned, startOffsets, endOffsets },
    };
  }

  /**
   * Everything that was planned, oldest first. Of batches whose plans are forgotten, the first range
   * tells where they began and ended together.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if a file is missing or damaged, or if a topic was made
   * anew among the forgotten batches: how much of the old one they read cannot be told any more.
   */
  async plannedRanges(): Promise<PlannedRange[]> {
    const { restart } = await this.topics();
    const ranges: PlannedRange[] = [];
    let firstBatchId = 0;
    let startOffsets = await this.#positionAfter(-1);
    for (const lastBatchId of await this.#offsets.ids()) {
      if (startOffsets === undefined) throw this.#missing(this.#source.path(0));
      const isMixed = restart !== undefined && restart.afterBatchId >= firstBatchId &&
        restart.afterBatchId < lastBatchId;
      if (isMixed) throw this.#missing(this.#offsets.path(restart.afterBatchId));
      const endOffsets = await this.#endOf(lastBatchId);
      const isDone = await this.#commits.get(lastBatchId) !== undefined;
      ranges.push({ firstBatchId, lastBatchId, startOffsets, endOffsets, isDone });
      firstBatchId = lastBatchId + 1;
      startOffsets = await this.#positionAfter(lastBatchId);
    }
    return ranges;
  }

  /** Where batch 0 starts; `undefined` if that was never written. */
  async initialOffsets(): Promise<Offsets | undefined> {
    const lines = await this.#source.get(0);
    return lines === undefined ? undefined : offsetsIn(lines[0], this.#source.path(0));
  }

  /** Writes where batch 0 starts. */
  async writeInitialOffsets(offsets: Offsets): Promise<void> {
    await this.#source.add(0, [formatOffsets(offsets)]);
  }

  /**
   * Writes the plan of a batch. From here it is these ranges, whatever crashes.
   *
   * @throws {SluiceError} `FENCED` if another process planned the batch.
   */
  async plan(batch: PlannedBatch, timestampMs: number): Promise<void> {
    const metadata = JSON.stringify({
      batchWatermarkMs: 0,
      batchTimestampMs: timestampMs,
      conf: {},
    });
    const lines = [metadata, formatOffsets(batch.endOffsets)];
    if (!await this.#offsets.add(batch.batchId, lines)) {
      throw new SluiceError("FENCED", {
        attempted: `plan batch ${batch.batchId}`,
        where: this.#offsets.path(batch.batchId),
        found: "a plan that this process did not write",
        wanted: "one process a checkpoint",
        hint: "another process runs this query, maybe on another machine; stop one of them",
      });
    }
  }

  /** Notes that every sink has a batch, and forgets batches that are long done. */
  async commit(batchId: number): Promise<void> {
    await this.#commits.add(batchId, [JSON.stringify({ nextBatchWatermarkMs: 0 })]);
    const expired = batchId - BATCHES_TO_RETAIN;
    if (expired >= 0) {
      await this.#offsets.remove(expired);
      await this.#commits.remove(expired);
    }
  }

  /** What is known of the topics; no identities before the first `writeTopics`. */
  async topics(): Promise<TopicRecord> {
    let text: string;
    try {
      text = await Deno.readTextFile(this.#topicsPath);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return { identities: {} };
      throw error;
    }
    try {
      const { identities, restart } = JSON.parse(text);
      if (restart === undefined) return { identities: { ...identities } };
      const offsets = offsetsIn(restart.offsets, this.#topicsPath);
      return { identities, restart: { afterBatchId: Number(restart.afterBatchId), offsets } };
    } catch (cause) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "read what the query knows of its topics",
        where: this.#topicsPath,
        found: JSON.stringify(text.slice(0, 80)),
        wanted: '{"identities":{"topic":"id"}}',
        hint:
          "the file is damaged: restore the checkpoint from a backup, or remove this file to go " +
          "on without noticing whether a topic was deleted and made anew",
        cause,
      });
    }
  }

  /** Notes what is known of the topics, durably and all at once. */
  async writeTopics({ identities, restart }: TopicRecord): Promise<void> {
    const text = JSON.stringify({
      identities,
      ...(restart === undefined ? {} : {
        restart: {
          afterBatchId: restart.afterBatchId,
          offsets: formatOffsets(restart.offsets),
        },
      }),
    });
    await replaceFile(this.#topicsPath, new TextEncoder().encode(text));
  }

  /** Lets another process have the checkpoint. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  get #topicsPath(): string {
    return `${this.location}/sluice/topics.json`;
  }

  /** Where the batch after this one begins; after batch -1 where the query begins. */
  async #positionAfter(batchId: number): Promise<Offsets | undefined> {
    const end = batchId < 0 ? await this.initialOffsets() : await this.#endOf(batchId);
    const { restart } = await this.topics();
    return restart?.afterBatchId === batchId ? { ...end, ...restart.offsets } : end;
  }

  async #endOf(batchId: number): Promise<Offsets> {
    const path = this.#offsets.path(batchId);
    const lines = await this.#offsets.get(batchId);
    if (lines === undefined) throw this.#missing(path);
    if (lines.length !== 2) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "read the plan of a batch",
        where: path,
        found: `${lines.length - 1} sources`,
        wanted: "one",
        hint: "the checkpoint belongs to a query with other sources",
      });
    }
    return offsetsIn(lines[1], path);
  }

  #missing(path: string): SluiceError {
    return new SluiceError("BAD_CHECKPOINT", {
      attempted: "recover the query",
      where: path,
      found: "no such file",
      wanted: "the offsets that a planned batch starts from",
      hint: "restore the checkpoint from a backup, or start anew with an empty checkpointLocation",
    });
  }
}

async function queryIdAt(path: string): Promise<string> {
  // Put-if-absent first, then read: of two starters both end up with the id of the first.
  const fresh = JSON.stringify({ id: crypto.randomUUID() });
  if (!await exists(path)) await putIfAbsent(path, new TextEncoder().encode(fresh));
  const text = await Deno.readTextFile(path);
  try {
    const { id } = JSON.parse(text);
    if (typeof id === "string" && id !== "") return id;
  } catch {
    // Not JSON: told below.
  }
  throw new SluiceError("BAD_CHECKPOINT", {
    attempted: "open the checkpoint",
    where: path,
    found: JSON.stringify(text.slice(0, 80)),
    wanted: '{"id":"…"}',
    hint: "is checkpointLocation the folder of a checkpoint?",
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function offsetsIn(line: string | undefined, path: string): Offsets {
  const offsets = line === undefined ? undefined : parseOffsets(line);
  if (offsets !== undefined) return offsets;
  throw new SluiceError("BAD_CHECKPOINT", {
    attempted: "read offsets",
    where: path,
    found: JSON.stringify(line?.slice(0, 80)),
    wanted: '{"topic":{"partition":offset}}',
  });
}
