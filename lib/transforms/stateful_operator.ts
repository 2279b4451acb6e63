import type { Batch, OutputMode, Schema, StaticTable } from "../core/mod.ts";
import type { StateTables } from "../state/mod.ts";

/** Rows on their way into an operator with state: what is known of them before any is there. */
export interface StreamRows<Row = Record<string, unknown>> {
  /** Names and types of their columns. */
  readonly schema: Schema<Row>;
  /**
   * The column that the watermark is about: a timestamp, or a window by its end; absent where there
   * is no watermark, or the column is gone.
   */
  readonly eventTime?: string | undefined;
  /** How far the watermark stays behind the newest event time, in microseconds, where there is one. */
  readonly delayMicros?: bigint | undefined;
  /** In update mode the columns that tell the rows apart; absent or empty where they may be alike. */
  readonly keyColumns?: readonly string[] | undefined;
}

/** What an operator must know of a batch beside its rows. All of it is the same in a replay. */
export interface BatchContext {
  /** 0, 1, 2, … without a gap. */
  readonly batchId: number;
  /**
   * Rows at or before it come too late: the watermark of the batch before, in microseconds since 1970;
   * 0 as long as there is none. With it windows that ended at or before it were closed.
   */
  readonly lateMicros: bigint;
  /** What ends at or before it is over: the watermark of this batch, in microseconds since 1970. */
  readonly watermarkMicros: bigint;
  /** When the batch was planned, in milliseconds since 1970: the processing time. */
  readonly timestampMs: number;
}

/** What an operator with state made of a batch. */
export interface StatefulResult<Out = Record<string, unknown>> {
  /** In append mode new rows; in update mode new and changed ones; in complete mode all. */
  readonly batch: Batch<Out>;
  /** In update mode: rows as they were, whose keys are no longer there. */
  readonly deletes?: Batch<Out>;
  /** Of each input the rows that came too late, and so were left out; absent if there are none. */
  readonly late?: readonly (Batch | undefined)[];
}

/** An operator at work on its state, for one run of a query. */
export interface OperatorRun<Out = Record<string, unknown>> {
  /**
   * Makes rows of one batch: one batch of rows for each input, any of them empty. Given the same
   * rows, context and state it gives the same always. Changes to the state are kept only if the
   * batch is committed, and are taken back otherwise: what is kept in memory must not outlive the call.
   */
  apply(
    inputs: readonly Batch[],
    context: BatchContext,
  ): StatefulResult<Out> | Promise<StatefulResult<Out>>;
  /**
   * True if a batch without rows would have something to do at this processing time; absent: only
   * a watermark that moved on calls for one.
   */
  isDue?(nowMs: number): boolean;
}

/** A table that an operator joins with, of which it keeps a copy in its state. */
export interface KeptTable {
  /** The table. */
  readonly table: StaticTable;
  /**
   * Puts these rows in the place of the kept ones. Called before the first batch of a run is planned,
   * but behind the replay of one, and when a refresh is asked for; in a transaction of its own,
   * outside of batches, so that a replayed batch sees the copy that its first try saw.
   *
   * @returns How many rows were kept.
   */
  load(state: StateTables, batches: AsyncIterable<Batch>): Promise<number>;
}

/** A step from rows to rows that remembers: what it makes of a row depends on those before it. */
export interface StatefulOperator<Out = Record<string, unknown>> {
  /** As in Spark's progress: `stateStoreSave`, `dedupe`, `symmetricHashJoin`, … */
  readonly name: string;
  /** The rows it makes. */
  readonly schema: Schema<Out>;
  /** The column of these rows that the watermark is about, if there is one. */
  readonly eventTime?: string | undefined;
  /** The columns that tell its rows apart; empty where rows may be alike. */
  readonly keyColumns: readonly string[];
  /** True if a row never changes once it has come, in update mode too; absent: it may. */
  readonly onlyAdds?: boolean;
  /**
   * What its state is, in one line: a query whose operators say something else cannot go on with it.
   */
  readonly stateDescription: string;
  /** The tables that it joins with; absent: none. */
  readonly staticTables?: readonly KeptTable[];
  /**
   * Refuses an output mode that it cannot serve.
   *
   * @throws {SluiceError} `BAD_PIPELINE` saying which it can, and what the others would take.
   */
  checkMode(mode: OutputMode): void;
  /**
   * The watermark of its rows, given that of its inputs: lower where it holds rows back that may
   * be older. Absent: the same.
   */
  outputWatermark?(inputMicros: bigint): bigint;
  /** Takes up its state where the batch before left it. */
  open(state: StateTables, mode: OutputMode): OperatorRun<Out>;
}
