import {
  Batch,
  type Clock,
  failpoint,
  offsetRanges,
  type Offsets,
  type SinkWriter,
} from "../../core/mod.ts";
import type { Retry } from "../batch/batch_runner.ts";
import type { SourceRange } from "../checkpoint/planned_batch.ts";
import type { TopicIdentities } from "../checkpoint/topic_identities.ts";
import type { PlanInput } from "../plan/query_plan.ts";
import { type NextRange, nextRange } from "./next_range.ts";
import { type DecodedRange, readBatch } from "./read_batch.ts";

/** What was read of one source for a batch. */
export interface InputRange extends DecodedRange {
  /** The end of the source when the range was chosen. */
  readonly latestOffsets: Offsets;
}

/** A batch that is read and decoded. */
export interface ReadyBatch {
  /** One for each source; empty where it has nothing new. */
  readonly inputs: readonly InputRange[];
  /** When its reading began, in milliseconds since 1970. */
  readonly startedMs: number;
  /** What it took to choose its ranges and to read them, in milliseconds. */
  readonly latestOffsetMs: number;
  readonly getBatchMs: number;
}

/** A source of a query at work. */
export interface OpenInput extends PlanInput {
  readonly identities: TopicIdentities;
  /** The sinks that get its rows as they are: a row that one of them cannot store is rejected. */
  readonly writers: readonly SinkWriter[];
  /** True if operators behind it remember, and so the order of rows matters. */
  readonly keepsOrder: boolean;
}

/** How far a batch may go. */
export interface BatchBounds {
  /** The end of each source beyond which nothing is read; absent: as far as there is anything. */
  readonly targets: readonly Offsets[] | undefined;
  /** False: one batch takes all, whatever the sources' limits say. */
  readonly isLimited: boolean;
}

const DEFAULT_MAX_BYTES_PER_TRIGGER = 64 * 1024 * 1024;

/** Reads the sources of a query, all at the same time, batch by batch. */
export class BatchReader {
  readonly #inputs: readonly OpenInput[];
  readonly #clock: Clock;
  readonly #retry: Retry;
  readonly #signal: AbortSignal;

  /** For one run of a query; the signal gives up whatever is being read. */
  constructor(inputs: readonly OpenInput[], clock: Clock, retry: Retry, signal: AbortSignal) {
    this.#inputs = inputs;
    this.#clock = clock;
    this.#retry = retry;
    this.#signal = signal;
  }

  /** Where each source ends now. */
  latestOffsets(): Promise<Offsets[]> {
    return this.#each(({ source }, _, signal) =>
      this.#retry("ask for the end of the source", () => source.latestOffsets(signal))
    );
  }

  /** Chooses what comes after these positions and reads it; `undefined` if there is nothing new. */
  async next(positions: readonly Offsets[], bounds: BatchBounds): Promise<ReadyBatch | undefined> {
    const startedMs = this.#clock.nowMs();
    const ranges = await this.#each((input, i, signal) =>
      this.#retry(
        "read the next batch",
        () => choose(input, positions[i]!, bounds.targets?.[i], bounds.isLimited, signal),
      )
    );
    await failpoint("polled");
    if (ranges.every((range) => range === undefined)) return undefined;
    const chosenMs = this.#clock.nowMs();
    const inputs = await this.#each((input, i, signal) => {
      const range = ranges[i];
      if (range === undefined) return Promise.resolve(nothingRead(input, positions[i]!));
      const { maxBytesPerTrigger } = input.source.limits;
      const maxBytes = bounds.isLimited
        ? maxBytesPerTrigger ?? DEFAULT_MAX_BYTES_PER_TRIGGER
        : undefined;
      return this.#retry("read the next batch", () => read(input, range, signal, maxBytes));
    });
    await failpoint("decoded");
    const getBatchMs = this.#clock.nowMs() - chosenMs;
    return { inputs, startedMs, latestOffsetMs: chosenMs - startedMs, getBatchMs };
  }

  /** Reads the ranges of a planned batch, whole. */
  async again(ranges: readonly SourceRange[]): Promise<ReadyBatch> {
    const startedMs = this.#clock.nowMs();
    const inputs = await this.#each((input, i, signal) => {
      const { startOffsets: start, endOffsets: end } = ranges[i]!;
      if (offsetRanges(start, end).length === 0) return Promise.resolve(nothingRead(input, end));
      return this.#retry("read the batch again", async () => ({
        ...await read(input, { start, end, latest: end }, signal),
        endOffsets: end,
      }));
    });
    await failpoint("decoded");
    const getBatchMs = this.#clock.nowMs() - startedMs;
    return { inputs, startedMs, latestOffsetMs: 0, getBatchMs };
  }

  /** A batch in which no source has anything, at these positions. */
  withoutRows(positions: readonly Offsets[]): ReadyBatch {
    const inputs = this.#inputs.map((input, i) => nothingRead(input, positions[i]!));
    return { inputs, startedMs: this.#clock.nowMs(), latestOffsetMs: 0, getBatchMs: 0 };
  }

  /** Does something with every source at the same time; one that fails takes the others along. */
  async #each<T>(
    work: (input: OpenInput, index: number, signal: AbortSignal) => Promise<T>,
  ): Promise<T[]> {
    const [only, ...others] = this.#inputs;
    if (only !== undefined && others.length === 0) return [await work(only, 0, this.#signal)];
    const either = new AbortController();
    const abort = () => either.abort(this.#signal.reason);
    if (this.#signal.aborted) abort();
    this.#signal.addEventListener("abort", abort);
    try {
      const results = await Promise.allSettled(this.#inputs.map(async (input, i) => {
        try {
          return await work(input, i, either.signal);
        } catch (error) {
          either.abort(error);
          throw error;
        }
      }));
      return results.map((result) => {
        if (result.status === "fulfilled") return result.value;
        throw either.signal.reason;
      });
    } finally {
      this.#signal.removeEventListener("abort", abort);
    }
  }
}

async function choose(
  { source, identities }: OpenInput,
  position: Offsets,
  target: Offsets | undefined,
  isLimited: boolean,
  signal: AbortSignal,
): Promise<NextRange | undefined> {
  await identities.check(signal);
  const latest = target ?? await source.latestOffsets(signal);
  const logEnd = offsetRanges(latest, position).length === 0
    ? latest
    : await source.logEndOffsets(signal);
  return await nextRange(source, position, latest, logEnd, isLimited);
}

async function read(
  { source, rowMaker, writers, identities, keepsOrder }: OpenInput,
  { start, end, latest }: NextRange,
  signal: AbortSignal,
  maxBytes?: number,
): Promise<InputRange> {
  const range = await readBatch(
    source,
    rowMaker,
    writers,
    start,
    end,
    signal,
    maxBytes,
    keepsOrder,
  );
  // A topic made anew while it was read would have gone on without an error.
  await identities.check(signal);
  return { ...range, latestOffsets: latest };
}

function nothingRead({ rowMaker }: OpenInput, position: Offsets): InputRange {
  return {
    startOffsets: position,
    endOffsets: position,
    latestOffsets: position,
    batch: new Batch(rowMaker.schema),
    deadLetters: [],
    numInputRows: 0,
    eventTimes: undefined,
  };
}
