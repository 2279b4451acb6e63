import type { Offsets } from "../../core/mod.ts";

/** What a batch takes of one source. */
export interface SourceRange {
  /** Where it begins. */
  readonly startOffsets: Offsets;
  /** Exclusive. */
  readonly endOffsets: Offsets;
}

/** A batch as planned: these ranges and times, for ever. */
export interface PlannedBatch {
  /** 0, 1, 2, … without a gap. */
  readonly batchId: number;
  /** One for each source. */
  readonly ranges: readonly SourceRange[];
  /** The watermark that it is run with, in milliseconds since 1970. */
  readonly watermarkMs: number;
  /** The watermark of the batch before, by which rows come too late. */
  readonly lateWatermarkMs: number;
  /** When it was planned, in milliseconds since 1970. */
  readonly timestampMs: number;
}

/** What was planned under one number, or under several where only the last one's plan is kept. */
export interface PlannedRange {
  /** The first of them. */
  readonly firstBatchId: number;
  /** The last of them; the same where the plan of each is kept. */
  readonly lastBatchId: number;
  /** Where the first begins; of several sources together, as sinks are told. */
  readonly startOffsets: Offsets;
  /** Where the last ends; exclusive. */
  readonly endOffsets: Offsets;
  /** True if `commits/` has the last of them. */
  readonly isDone: boolean;
}

/** What a query finds when it starts on its checkpoint. */
export interface Recovery {
  /** The newest batch that is done; -1 if none is. */
  readonly committedBatchId: number;
  /** Where the next new batch starts in each source; `undefined` where nothing was planned yet. */
  readonly positions: readonly (Offsets | undefined)[];
  /** The watermark of the newest batch that is done, in milliseconds since 1970. */
  readonly lastWatermarkMs: number;
  /** The watermark of the batch behind it. */
  readonly nextWatermarkMs: number;
  /** A batch that was planned but is not known to be done: it is run again. */
  readonly replay: PlannedBatch | undefined;
}
