import { isRecord } from "../../core/mod.ts";
import type { EventTimeStats } from "../../transforms/mod.ts";

/** What is to be kept of the watermarks with a batch, so that a restart changes nothing. */
export interface WatermarkNotes {
  /** Of each `withWatermark` its own watermark, in milliseconds since 1970; null before its first row. */
  readonly watermarksMs: readonly (number | null)[];
  /** The watermark of the next batch, in milliseconds since 1970. */
  readonly nextWatermarkMs: number;
}

/**
 * The watermark of a query, as in Spark. Each `withWatermark` has one of its own: the latest event
 * time that came by it, less its delay, and 0 before the first. The query's is the least of them, and
 * never goes back. What a batch brings counts from the next one on.
 */
export class WatermarkTracker {
  readonly #delaysMs: readonly number[];
  #ownMs: readonly (number | null)[];
  #currentMs: number;
  #lateMs: number;

  /**
   * Takes up where a run stopped.
   *
   * @param currentMs The watermark of the next batch.
   * @param lateMs That of the batch before it.
   * @param notes What was kept of the watermarks, if anything was.
   */
  constructor(
    delaysMs: readonly number[],
    currentMs: number,
    lateMs: number,
    notes?: WatermarkNotes,
  ) {
    this.#delaysMs = delaysMs;
    this.#currentMs = currentMs;
    this.#lateMs = lateMs;
    this.#ownMs = delaysMs.map((_, i) => notes?.watermarksMs[i] ?? null);
  }

  /** The watermark that the next batch is run with, in milliseconds since 1970; 0 before the first. */
  get currentMs(): number {
    return this.#currentMs;
  }

  /** That of the batch before it: rows at or before it come too late. */
  get lateMs(): number {
    return this.#lateMs;
  }

  /** What the watermarks are after a batch with these event times, one for each of them. */
  after(eventTimes: readonly (EventTimeStats | undefined)[]): WatermarkNotes {
    const watermarksMs = this.#delaysMs.map((delayMs, i) => {
      const seen = eventTimes[i];
      const before = this.#ownMs[i] ?? null;
      if (seen === undefined) return before;
      return Math.max(before ?? -Infinity, seen.maxMs - delayMs);
    });
    if (watermarksMs.length === 0) return { watermarksMs, nextWatermarkMs: this.#currentMs };
    const least = Math.min(...watermarksMs.map((own) => own ?? 0));
    return { watermarksMs, nextWatermarkMs: Math.max(this.#currentMs, least) };
  }

  /** Goes on to the batch behind the one that left these notes. */
  advance(notes: WatermarkNotes): void {
    this.#lateMs = this.#currentMs;
    this.#currentMs = notes.nextWatermarkMs;
    this.#ownMs = notes.watermarksMs;
  }
}

/** Reads what was kept with a batch; `undefined` if it is not there. */
export function watermarkNotesIn(
  notes: Readonly<Record<string, unknown>>,
): WatermarkNotes | undefined {
  const { watermarksMs, nextWatermarkMs } = isRecord(notes.watermarks) ? notes.watermarks : {};
  if (!Array.isArray(watermarksMs) || typeof nextWatermarkMs !== "number") return undefined;
  return { watermarksMs, nextWatermarkMs };
}
