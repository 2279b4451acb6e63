import { errorText, type Offsets, SluiceError } from "../../core/mod.ts";
import { type Environment, machine } from "../environment.ts";
import { mergeOffsets } from "./merge_offsets.ts";
import { MetadataLog } from "./metadata_log.ts";
import {
  DEFAULT_CONF,
  metadataNumber,
  type OffsetEntry,
  offsetLines,
  readOffsetLines,
} from "./offset_entry.ts";
import type { PlannedBatch, PlannedRange, Recovery } from "./planned_batch.ts";
import { queryIdAt } from "./query_id.ts";
import { acquireRunLock } from "./run_lock.ts";
import { SourceLog } from "./source_log.ts";

/** As Spark: older entries of the offset log and the commit log are removed. */
const BATCHES_TO_RETAIN = 100;

/**
 * The checkpoint directory of a query, in Spark's layout and with Spark's file contents, so that a
 * stateless Kafka to Delta query can be handed over in both directions:
 *
 *     metadata      {"id": the query's id}
 *     offsets/N     watermark and time of batch N, and its end in each source; written before it runs
 *     commits/N     the watermark of the next batch; written when every sink and the state have N
 *     sources/I/0   where batch 0 starts in source I
 *     sources/I/own what the source itself remembers
 *     state/        the state of the operators
 *     sluice/       what Spark has no file for: the run lock, the identity of each topic
 */
export class Checkpoint implements Disposable {
  /** The folder. */
  readonly location: string;
  /** The same over all runs of the query. */
  readonly queryId: string;
  readonly #environment: Environment;
  readonly #lock: Disposable;
  readonly #offsets: MetadataLog;
  readonly #commits: MetadataLog;
  readonly #sources: SourceLog[] = [];
  /** Spark's settings, as the newest plan has them. */
  #conf = DEFAULT_CONF;

  private constructor(
    location: string,
    queryId: string,
    lock: Disposable,
    environment: Environment,
  ) {
    this.location = location;
    this.queryId = queryId;
    this.#environment = environment;
    this.#lock = lock;
    this.#offsets = new MetadataLog(environment.files, `${location}/offsets`);
    this.#commits = new MetadataLog(environment.files, `${location}/commits`);
  }

  /**
   * Opens a checkpoint, or makes it, and locks it for this process.
   *
   * @throws {SluiceError} `ALREADY_RUNNING` if another process runs the query; `BAD_CHECKPOINT` if
   * what is there is not a checkpoint.
   */
  static async open(location: string, environment: Environment = machine): Promise<Checkpoint> {
    try {
      await environment.files.makeFolder(`${location}/sluice`);
    } catch (cause) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "open the checkpoint",
        where: location,
        found: errorText(cause),
        wanted: "a folder that can be written",
        cause,
      });
    }
    const lock = await acquireRunLock(environment.files, location);
    try {
      // A run that was killed may have left files that are not flushed: from here they are relied on.
      for (const folder of [location, `${location}/sluice`]) {
        await environment.files.makeFolder(folder);
      }
      const queryId = await queryIdAt(`${location}/metadata`, environment);
      const checkpoint = new Checkpoint(location, queryId, lock, environment);
      await checkpoint.#offsets.create();
      await checkpoint.#commits.create();
      await checkpoint.source(0).create();
      return checkpoint;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** What is known of the source with this number. */
  source(number: number): SourceLog {
    return this.#sources[number] ??= new SourceLog(
      this.#environment.files,
      this.location,
      number,
    );
  }

  /** Where the source with this number may keep what it has to remember of its own. */
  async ownFolder(source: number): Promise<string> {
    const folder = `${this.location}/sources/${source}/own`;
    await this.#environment.files.makeFolder(folder);
    return folder;
  }

  /** The database of the query's state. */
  get statePath(): string {
    return `${this.location}/state/state.db`;
  }

  /**
   * Where a query with so many sources goes on.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if the logs contradict each other, or were written by a
   * query with another number of sources.
   */
  async recover(numSources: number): Promise<Recovery> {
    for (let source = 0; source < numSources; source++) await this.source(source).create();
    const planned = await this.#offsets.latestId();
    const committedBatchId = await this.#commits.latestId();
    // Flushed behind the look at them: whoever wrote them may have been killed before that was done.
    for (const log of [this.#offsets, this.#commits]) await log.create();
    if (planned !== committedBatchId && planned !== committedBatchId + 1) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "recover the query",
        where: `checkpoint ${this.location}`,
        found: `offsets/ ends with ${planned}, commits/ with ${committedBatchId}`,
        wanted: "the same number, or offsets/ one ahead",
        hint: "files are missing; restore the checkpoint from a backup of the same moment",
      });
    }
    const last = committedBatchId < 0 ? undefined : await this.#entry(committedBatchId, numSources);
    const recovery = {
      committedBatchId,
      lastWatermarkMs: last?.watermarkMs ?? 0,
      nextWatermarkMs: await this.#nextWatermarkMs(committedBatchId),
    };
    this.#conf = { ...DEFAULT_CONF, ...last?.conf };
    const starts = await this.#positionsAfter(committedBatchId, last, numSources);
    if (planned === committedBatchId) return { ...recovery, positions: starts, replay: undefined };
    const entry = await this.#entry(planned, numSources);
    this.#conf = { ...DEFAULT_CONF, ...entry.conf };
    const ranges = entry.endOffsets.map((end, i) => {
      const startOffsets = starts[i] ?? (end === undefined ? {} : undefined);
      if (startOffsets === undefined) throw this.#missing(this.source(i).initialPath);
      return { startOffsets, endOffsets: end ?? startOffsets };
    });
    const replay: PlannedBatch = {
      batchId: planned,
      ranges,
      watermarkMs: entry.watermarkMs,
      lateWatermarkMs: recovery.lastWatermarkMs,
      timestampMs: entry.timestampMs,
    };
    return { ...recovery, positions: ranges.map(({ endOffsets }) => endOffsets), replay };
  }

  /**
   * Everything that was planned, oldest first. Of batches whose plans are forgotten, the first range
   * tells where they began and ended together.
   *
   * @throws {SluiceError} `BAD_CHECKPOINT` if a file is missing or damaged, or if a topic was made
   * anew among the forgotten batches: how much of the old one they read cannot be told any more.
   */
  async plannedRanges(): Promise<PlannedRange[]> {
    const ids = await this.#offsets.ids();
    const numSources = ids.length === 0 ? 1 : (await this.#entry(ids.at(-1)!)).endOffsets.length;
    const ranges: PlannedRange[] = [];
    let firstBatchId = 0;
    let starts = await this.#positionsAfter(-1, undefined, numSources);
    for (const lastBatchId of ids) {
      await this.#refuseMixedRange(firstBatchId, lastBatchId, numSources);
      const entry = await this.#entry(lastBatchId, numSources);
      ranges.push({
        firstBatchId,
        lastBatchId,
        startOffsets: mergeOffsets(starts.map((start, i) => {
          if (start === undefined) throw this.#missing(this.source(i).initialPath);
          return start;
        })),
        endOffsets: mergeOffsets(entry.endOffsets.map((end, i) => end ?? starts[i]!)),
        isDone: await this.#commits.get(lastBatchId) !== undefined,
      });
      firstBatchId = lastBatchId + 1;
      starts = await this.#positionsAfter(lastBatchId, entry, numSources);
    }
    return ranges;
  }

  /**
   * Writes the plan of a batch. From here it is these ranges, whatever crashes.
   *
   * @throws {SluiceError} `FENCED` if another process planned the batch.
   */
  async plan(batch: PlannedBatch): Promise<void> {
    const { batchId, ranges, watermarkMs, timestampMs } = batch;
    const endOffsets = ranges.map((range) => range.endOffsets);
    const lines = offsetLines({ watermarkMs, timestampMs, endOffsets, conf: this.#conf });
    if (!await this.#offsets.add(batchId, lines)) {
      throw new SluiceError("FENCED", {
        attempted: `plan batch ${batchId}`,
        where: this.#offsets.path(batchId),
        found: "a plan that this process did not write",
        wanted: "one process a checkpoint",
        hint: "another process runs this query, maybe on another machine; stop one of them",
      });
    }
  }

  /**
   * Notes that every sink has a batch, and which watermark (in milliseconds since 1970) the next one
   * is run with; forgets batches that are long done.
   */
  async commit(batchId: number, nextWatermarkMs: number): Promise<void> {
    await this.#commits.add(batchId, [JSON.stringify({ nextBatchWatermarkMs: nextWatermarkMs })]);
    const expired = batchId - BATCHES_TO_RETAIN;
    if (expired >= 0) {
      await this.#offsets.remove(expired);
      await this.#commits.remove(expired);
    }
  }

  /** Lets another process have the checkpoint. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  async #nextWatermarkMs(batchId: number): Promise<number> {
    if (batchId < 0) return 0;
    const lines = await this.#commits.get(batchId);
    return metadataNumber(lines?.[0], "nextBatchWatermarkMs", this.#commits.path(batchId));
  }

  /** Where the batch after this one begins; after batch -1 where the query begins. */
  async #positionsAfter(
    batchId: number,
    entry: OffsetEntry | undefined,
    numSources: number,
  ): Promise<(Offsets | undefined)[]> {
    const positions: (Offsets | undefined)[] = [];
    for (let i = 0; i < numSources; i++) {
      const source = this.source(i);
      const end = entry?.endOffsets[i] ?? await source.initialOffsets();
      const { restart } = await source.topics();
      positions.push(restart?.afterBatchId === batchId ? { ...end, ...restart.offsets } : end);
    }
    return positions;
  }

  // How much of the old topic the forgotten batches read cannot be told.
  async #refuseMixedRange(
    firstBatchId: number,
    lastBatchId: number,
    numSources: number,
  ): Promise<void> {
    for (let i = 0; i < numSources; i++) {
      const { restart } = await this.source(i).topics();
      const isMixed = restart !== undefined && restart.afterBatchId >= firstBatchId &&
        restart.afterBatchId < lastBatchId;
      if (isMixed) throw this.#missing(this.#offsets.path(restart.afterBatchId));
    }
  }

  async #entry(batchId: number, numSources?: number): Promise<OffsetEntry> {
    const path = this.#offsets.path(batchId);
    const lines = await this.#offsets.get(batchId);
    if (lines === undefined) throw this.#missing(path);
    const entry = readOffsetLines(lines, path);
    const found = entry.endOffsets.length;
    if (found === 0 || (numSources !== undefined && found !== numSources)) {
      throw new SluiceError("BAD_CHECKPOINT", {
        attempted: "read the plan of a batch",
        where: path,
        found: `${found} sources`,
        wanted: `${numSources ?? 1}, as the query has`,
        hint: "the checkpoint belongs to a query with other sources",
      });
    }
    return entry;
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
