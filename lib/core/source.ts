import { badOption } from "./errors.ts";
import type { Offsets } from "./offsets.ts";
import type { RecordBlock } from "./records.ts";
import type { Schema } from "./schema.ts";

/** How much of a source one batch may take; the smaller of the two bounds decides. */
export interface BatchLimits {
  /** Offsets in one batch, over all partitions; absent: no such bound. */
  readonly maxOffsetsPerTrigger?: number;
  /** Bytes of records in one batch, reached or slightly passed; absent: 64 MiB. */
  readonly maxBytesPerTrigger?: number;
}

/** Bounds and cancellation of one read. */
export interface ReadOptions {
  /**
   * Stop early once this many bytes of records were handed over, at a boundary the source chooses;
   * absent: read the whole range.
   */
  readonly maxBytes?: number;
  /** Aborts the read; the iterator then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** A range being read. */
export interface RangeReader extends AsyncIterable<RecordBlock> {
  /**
   * The end offsets (exclusive) reached so far for every topic-partition of the range; after the
   * iteration ended, the exact end of what was handed over. Gaps (compaction, control records) at
   * the end of a range count as reached.
   */
  endOffsets(): Offsets;
}

/**
 * Where records come from: something that can hand over exactly the offsets it is asked for, again
 * and again. Every error that may pass by itself (a broker away) has `retryable` set.
 */
export interface Source {
  /** As in Spark's progress: `KafkaV2[Subscribe[trades]]`. */
  readonly description: string;
  /** True: offsets that are no longer there stop the query; false: it goes on with what is left. */
  readonly failOnDataLoss: boolean;
  /**
   * What to do when a topic or offsets of it are no longer there, for an error's hint; absent: what
   * there is to do for a topic of Kafka.
   */
  readonly lossHint?: string;
  /** How much one batch may take. */
  readonly limits: BatchLimits;
  /** True if its end is fixed: a query ends when all its sources are read to their ends. */
  readonly isBounded?: boolean;
  /**
   * Called once, before all else, with a folder that belongs to the source in the query's
   * checkpoint, for what it has to remember of its own (the order in which files were found).
   */
  open?(folder: string): Promise<void>;
  /**
   * What the topics are, beyond their names: topic to an id that changes when a topic is deleted
   * and made anew. Empty where the source cannot tell.
   */
  identities(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Where a new query begins. */
  initialOffsets(signal: AbortSignal): Promise<Offsets>;
  /** The first offset still there, by topic-partition. */
  earliestOffsets(signal: AbortSignal): Promise<Offsets>;
  /** The end (exclusive) of what can be read now, by topic-partition. */
  latestOffsets(signal: AbortSignal): Promise<Offsets>;
  /** The end (exclusive) of what is there, readable or not: records of open transactions too. */
  logEndOffsets(signal: AbortSignal): Promise<Offsets>;
  /**
   * Where a batch from `start` ends, at most `latest`, for a source whose offsets are not counted one
   * by one; absent: `maxOffsetsPerTrigger` is split over the partitions.
   */
  planEnd?(start: Offsets, latest: Offsets): Offsets | Promise<Offsets>;
  /**
   * Reads `[start, end)`.
   *
   * @throws {SluiceError} `DATA_LOSS` from the iterator if offsets of the range are no longer there.
   */
  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader;
  /** Tells lag tools how far the query is; never read back. Failing is harmless. */
  publishProgress(offsets: Offsets): Promise<void>;
  /** Ends connections. */
  close(): Promise<void>;
}

/** A source of rows that are typed already: its blocks carry `rows`, and no decoder is needed. */
export interface RowSource<Row = Record<string, unknown>> extends Source {
  /** Names and types of the rows' columns. */
  readonly schema: Schema<Row>;
}

/**
 * The limits among the options of a source.
 *
 * @throws {SluiceError} `BAD_OPTION` if one is not a whole number above 0.
 */
export function batchLimits(attempted: string, options: BatchLimits): BatchLimits {
  const { maxOffsetsPerTrigger, maxBytesPerTrigger } = options;
  for (const [name, value] of Object.entries({ maxOffsetsPerTrigger, maxBytesPerTrigger })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw badOption(attempted, name, String(value), "a whole number above 0");
  }
  return {
    ...(maxOffsetsPerTrigger === undefined ? {} : { maxOffsetsPerTrigger }),
    ...(maxBytesPerTrigger === undefined ? {} : { maxBytesPerTrigger }),
  };
}
