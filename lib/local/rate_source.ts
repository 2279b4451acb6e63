import {
  badOption,
  Batch,
  type BatchLimits,
  batchLimits,
  type Clock,
  Int64Column,
  makeFolder,
  type OffsetRange,
  type Offsets,
  putIfAbsent,
  type RangeReader,
  type ReadOptions,
  refuseUnknownOptions,
  type RowSource,
  type Schema,
  schema as s,
  SluiceError,
  systemClock,
} from "../core/mod.ts";
import { RowRangeReader } from "./row_range_reader.ts";

/** How fast the rows come. */
export interface RateSourceOptions extends BatchLimits {
  /** Rows in a second, a whole number; absent: 1. */
  readonly rowsPerSecond?: number;
  /** For tests that bring their own time. */
  readonly clock?: Clock;
}

/** A row that came by the clock. */
export interface RateRow {
  /** When, in microseconds since 1970. */
  timestamp: bigint;
  /** 0, 1, 2, … */
  value: bigint;
}

const ATTEMPTED = "make rows by the clock";
const TOPIC = "rate";
const MICROS_PER_SECOND = 1_000_000n;
const LOSS_HINT =
  "the clock of this machine was set back: wait until it is where it was, or start a new query " +
  "with an empty checkpointLocation";

const RATE: Schema<RateRow> = s.struct({ timestamp: s.timestamp(), value: s.long() });

/**
 * Makes rows `{ timestamp, value }`, so many a second, as Spark's rate source does: `value` counts
 * from 0, and `timestamp` is when a row was due. A query begins to count when it is first started
 * and keeps that moment in its checkpoint, so that each value has the same time for ever.
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, `BAD_OPTION`; later `BAD_CHECKPOINT` if the moment that
 * was kept cannot be read.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { rateSource } from "./mod.ts";
 *
 * let nowMs = 1_700_000_000_000;
 * const clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() };
 * const source = rateSource({ rowsPerSecond: 2, clock });
 * const { signal } = new AbortController();
 * deepEqual(await source.latestOffsets(signal), { rate: { 0: 0n } });
 * nowMs += 1_500;
 * const latest = await source.latestOffsets(signal);
 * deepEqual(latest, { rate: { 0: 3n } });
 *
 * for await (const { rows } of source.read({}, latest, { signal })) {
 *   deepEqual(rows!.row(1), { timestamp: 1_700_000_000_500_000n, value: 1n });
 * }
 * ```
 */
export function rateSource(options: RateSourceOptions = {}): RowSource<RateRow> {
  const known = ["rowsPerSecond", "clock", "maxOffsetsPerTrigger", "maxBytesPerTrigger"];
  refuseUnknownOptions(ATTEMPTED, options, known);
  const { rowsPerSecond = 1, clock = systemClock } = options;
  if (!(Number.isSafeInteger(rowsPerSecond) && rowsPerSecond > 0)) {
    const wanted = "a whole number above 0";
    throw badOption(ATTEMPTED, "rowsPerSecond", String(rowsPerSecond), wanted);
  }
  return new RateSource(rowsPerSecond, clock, batchLimits(ATTEMPTED, options));
}

class RateSource implements RowSource<RateRow> {
  readonly schema = RATE;
  readonly description: string;
  readonly failOnDataLoss = true;
  readonly lossHint = LOSS_HINT;
  readonly limits: BatchLimits;
  readonly #rowsPerSecond: bigint;
  readonly #clock: Clock;
  #startMs: number | undefined;

  constructor(rowsPerSecond: number, clock: Clock, limits: BatchLimits) {
    this.description = `RateStreamV2[rowsPerSecond=${rowsPerSecond}]`;
    this.limits = limits;
    this.#rowsPerSecond = BigInt(rowsPerSecond);
    this.#clock = clock;
  }

  async open(folder: string): Promise<void> {
    const path = `${folder}/start`;
    await makeFolder(folder);
    await putIfAbsent(path, new TextEncoder().encode(`${Math.floor(this.#clock.nowMs())}\n`));
    const text = await Deno.readTextFile(path);
    if (!/^\d{1,15}\n$/.test(text)) throw badStart(path, text);
    this.#startMs = Number(text);
  }

  identities(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({});
  }

  initialOffsets(): Promise<Offsets> {
    return this.earliestOffsets();
  }

  earliestOffsets(): Promise<Offsets> {
    return Promise.resolve({ [TOPIC]: { 0: 0n } });
  }

  latestOffsets(): Promise<Offsets> {
    const passedMs = BigInt(Math.max(0, Math.floor(this.#clock.nowMs()) - this.#start()));
    return Promise.resolve({ [TOPIC]: { 0: passedMs * this.#rowsPerSecond / 1000n } });
  }

  logEndOffsets(): Promise<Offsets> {
    return this.latestOffsets();
  }

  read(start: Offsets, end: Offsets, options: ReadOptions): RangeReader {
    return new RowRangeReader(start, end, options, (range) => this.#rowsOf(range));
  }

  publishProgress(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Without a checkpoint the count begins with the first question. */
  #start(): number {
    return this.#startMs ??= Math.floor(this.#clock.nowMs());
  }

  #rowsOf({ startOffset, endOffsetExclusive }: OffsetRange): Batch {
    const startMicros = BigInt(this.#start()) * 1000n;
    const count = Number(endOffsetExclusive - startOffset);
    const times = new Int64Column("timestamp", count);
    const values = new Int64Column("long", count);
    for (let value = startOffset; value < endOffsetExclusive; value++) {
      times.tryAppendBigInt(startMicros + value * MICROS_PER_SECOND / this.#rowsPerSecond);
      values.tryAppendBigInt(value);
    }
    return new Batch(RATE as unknown as Schema, 0, [times, values]);
  }
}

function badStart(path: string, text: string): SluiceError {
  return new SluiceError("BAD_CHECKPOINT", {
    attempted: "read when a rate source began",
    where: path,
    found: JSON.stringify(text.slice(0, 80)),
    wanted: "milliseconds since 1970",
    hint: "restore the checkpoint from a backup, or start anew with an empty checkpointLocation",
  });
}
