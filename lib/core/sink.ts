import type { Batch } from "./batch.ts";
import type { Rejection } from "./decoder.ts";
import type { Offsets } from "./offsets.ts";
import type { DeadLetter } from "./records.ts";
import type { Schema } from "./schema.ts";

/** What of a result table is written for a batch, in Spark's words. */
export type OutputMode =
  /** Rows that are new and will never change. */
  | "append"
  /** Rows that are new or changed, by key, and rows that are no longer. */
  | "update"
  /** The whole table, in the place of what was there. */
  | "complete";

/** One micro-batch on its way into the sinks. Replayed after a crash, it is the same again. */
export interface MicroBatch {
  /** 0, 1, 2, … without a gap. */
  readonly batchId: number;
  /**
   * The rows. In update mode each stands for the row of its key, without the columns that it lists in
   * `__unavailable` (see `unavailableColumn`); in complete mode they are all.
   */
  readonly batch: Batch;
  /**
   * Rows as they were, whose keys are no longer in the result; in update mode only. No key is here
   * and in `batch`, and none twice in either. Behind a condition that leaves out a row as it is now,
   * that row is here, and the sink may never have had its key. Of these rows only the key is sure:
   * other columns may be null, whatever their type says.
   */
  readonly deletes?: Batch;
  /** The records of the same range that could not become rows. */
  readonly deadLetters: readonly DeadLetter[];
  /** Where the batch's range begins, by topic-partition. */
  readonly startOffsets: Offsets;
  /** Where it ends (exclusive). */
  readonly endOffsets: Offsets;
}

/** What a sink is told about the query it serves. */
export interface SinkContext {
  /** The query's id, from `metadata` in its checkpoint: the same over all restarts. */
  readonly queryId: string;
  /** The name that the user gave it. */
  readonly queryName: string;
  /**
   * Names and types of the rows' columns. A table that lacks nullable ones, outside of its key, gets
   * them when the sink is opened.
   */
  readonly schema: Schema;
  /** What the batches are; a sink is never opened for one that its `outputModes` lack. */
  readonly outputMode: OutputMode;
  /** The columns that tell the rows of the result apart; empty where there are none. */
  readonly keyColumns: readonly string[];
  /** Tells whoever watches of what went wrong without harm to the data. Does not throw. */
  readonly onNotice?: (message: string) => void;
}

/** How the commit of a batch ended, when it ended well. */
export type CommitOutcome =
  /** This call made it durable, or found that an earlier try of this same run had. */
  | { readonly status: "committed"; readonly numOutputRows: number; readonly tableVersion?: number }
  /** The sink had the batch already, from before; nothing was written. */
  | { readonly status: "alreadyCommitted" };

/** A batch that is written but not visible. Exactly one of `commit` and `abort` is called. */
export interface StagedBatch {
  /** Makes the batch and its key `(queryId, batchId)` visible in one atomic step. */
  commit(): Promise<CommitOutcome>;
  /** Takes back what can be taken back. Does not throw. */
  abort(): Promise<void>;
}

/** A batch with nothing left to do: the sink has it, or there is nothing in it for the sink. */
export function nothingStaged(outcome: CommitOutcome): StagedBatch {
  return { commit: () => Promise.resolve(outcome), abort: () => Promise.resolve() };
}

/** A sink at work for one run of one query. */
export interface SinkWriter {
  /** The id of the topic that it writes to; absent if that is no topic, or the broker has no ids. */
  readonly topicId?: string | undefined;
  /**
   * What it writes to, however that was spelt: two sinks of one query with the same would write each
   * row twice. Absent if it cannot tell.
   */
  readonly targetId?: string | undefined;
  /** The newest batch the sink holds of this query; -1 if it holds none, `undefined` if it cannot tell. */
  lastBatchId(): Promise<number | undefined>;
  /** Rows `[startRow, batch.numRows)` that this sink cannot store; they become dead letters. */
  reject?(batch: Batch, startRow: number): Rejection[];
  /**
   * Writes a batch so that only the commit is left to do. Called again with the same batch after
   * a `retryable` error from here or from the commit, whose effect may be unknown.
   */
  stage(batch: MicroBatch): Promise<StagedBatch>;
  /** Ends connections. */
  close(): Promise<void>;
}

/**
 * Where batches go. A sink stores the key `(queryId, batchId)` atomically with the data and refuses
 * a key that it has, so that a replayed batch is never there twice.
 */
export interface Sink {
  /** Unique within a query: `postgres(trades)`. */
  readonly name: string;
  /** True if it keeps dead letters too. */
  readonly takesDeadLetters: boolean;
  /** What it can write; absent: `append` only. */
  readonly outputModes?: readonly OutputMode[];
  /**
   * Connects, creates or checks the table, and fences earlier runs of the same query.
   *
   * @throws {SluiceError} if the table does not fit the schema.
   */
  open(context: SinkContext): Promise<SinkWriter>;
}
