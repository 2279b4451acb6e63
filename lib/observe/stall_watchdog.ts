import {
  badOption,
  type Clock,
  formatOffsets,
  parseDuration,
  refuseUnknownOptions,
  systemClock,
} from "../core/mod.ts";
import type { QueryStep, StreamingQuery, StreamingQueryStatus } from "../streaming/mod.ts";

/** A query that does not get on. */
export interface Stall {
  /** The query. */
  readonly queryName: string;
  /** The query's id, the same over all restarts. */
  readonly queryId: string;
  /** The run's id. */
  readonly runId: string;
  /** What it is stuck at. */
  readonly step: QueryStep;
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** How long that was when it was noticed; when it is over, how long at most it was. Milliseconds. */
  readonly forMs: number;
  /** The batch in hand; `undefined` if none is planned. */
  readonly batchId: number | undefined;
  /** All this for a person, and what to look at. */
  readonly message: string;
}

/** When a query is stuck, and who is told. */
export interface StallWatchdogOptions {
  /** How long a step may take: `2 minutes`. */
  readonly stallAfter: string;
  /** Told once of each stall. Must not throw. */
  readonly onStall: (stall: Stall) => void;
  /** Told when it is over: the query got on, or ended. Must not throw. */
  readonly onStallOver?: (stall: Stall) => void;
  /** For tests that bring their own time. */
  readonly clock?: Clock;
}

/** How often it looks while a step may still take its time. */
const LOOKS_PER_STALL = 8;

const WHERE_TO_LOOK: Readonly<Record<QueryStep, string>> = {
  starting: "are the sinks there, and does the checkpoint's disk answer?",
  tables: "can the tables that the stream is joined with be read?",
  reading: "does the source answer, and is a transaction open there that nobody ends?",
  planning: "does the checkpoint's disk answer?",
  operators: "do your own functions come to an end, and has the state grown?",
  sinks: "do the sinks answer, and does somebody hold a lock on their tables?",
  state: "does the checkpoint's disk answer, and is there room on it?",
  committing: "does the checkpoint's disk answer?",
  waiting: "does the trigger come?",
  ended: "",
};

/** Looks at queries now and then, and tells when one of them does not get on. */
export class StallWatchdog implements Disposable {
  readonly #stallAfterMs: number;
  readonly #options: StallWatchdogOptions;
  readonly #clock: Clock;
  readonly #end = new AbortController();

  /** Use `stallWatchdog` instead. */
  constructor(options: StallWatchdogOptions) {
    const attempted = "watch for stalls";
    refuseUnknownOptions(attempted, options, ["stallAfter", "onStall", "onStallOver", "clock"]);
    this.#stallAfterMs = Number(parseDuration(options.stallAfter, attempted)) / 1000;
    if (this.#stallAfterMs < 1) {
      throw badOption(attempted, "stallAfter", options.stallAfter, "a millisecond or more");
    }
    this.#options = options;
    this.#clock = options.clock ?? idleClock;
  }

  /** Watches a query until it ends. */
  watch(query: StreamingQuery): void {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#end.signal]);
    // How it ends is told to whoever awaits it.
    query.awaitTermination().catch(() => {}).finally(() => ended.abort());
    this.#look(query, signal);
  }

  /** Watches no more. */
  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #look(query: StreamingQuery, signal: AbortSignal): Promise<void> {
    const { onStall, onStallOver } = this.#options;
    let stall: Stall | undefined;
    while (!this.#end.signal.aborted) {
      const { status } = query;
      if (stall !== undefined && status.stepSinceMs !== stall.sinceMs) {
        onStallOver?.({ ...stall, forMs: status.stepSinceMs - stall.sinceMs });
        stall = undefined;
      }
      const forMs = this.#clock.nowMs() - status.stepSinceMs;
      const isBusy = status.isTriggerActive || status.isDataAvailable;
      if (stall === undefined && isBusy && forMs >= this.#stallAfterMs) {
        stall = stallOf(query, status, forMs);
        onStall(stall);
      }
      if (signal.aborted) return;
      await this.#clock.sleep(this.#stallAfterMs / LOOKS_PER_STALL, signal);
    }
  }
}

/**
 * A watchdog for queries that are alive but do not get on: a step that takes longer than it may, or
 * records that no batch is begun for. It tells once of each stall, and once more when it is over. Its
 * timer does not keep the process alive.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { json, ndjson, pipeline, schema as s, stallWatchdog } from "sluice";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/events.ndjson`, '{"id":1}\n');
 * const query = await pipeline("events")
 *   .from(ndjson({ path: `${folder}/events.ndjson` }))
 *   .decode(json(s.struct({ id: s.long() })))
 *   .foreachBatch(() => {})
 *   .start({ checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
 *
 * const messages: string[] = [];
 * using watchdog = stallWatchdog({
 *   stallAfter: "2 minutes",
 *   onStall: (stall) => messages.push(stall.message),
 * });
 * watchdog.watch(query);
 * await query.awaitTermination();
 *
 * deepEqual(messages, []);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {SluiceError} `UNKNOWN_OPTION`, or `BAD_OPTION` if `stallAfter` is no length of time above 0.
 */
export function stallWatchdog(options: StallWatchdogOptions): StallWatchdog {
  return new StallWatchdog(options);
}

function stallOf(query: StreamingQuery, status: StreamingQueryStatus, forMs: number): Stall {
  const { step, stepSinceMs, batch } = status;
  const ranges = batch?.ranges.map(({ startOffsets, endOffsets }) =>
    `${formatOffsets(startOffsets)} to ${formatOffsets(endOffsets)}`
  );
  const inHand = ranges === undefined
    ? ""
    : `, batch ${batch!.batchId} in hand, of ${ranges.join(" and ")}`;
  const since = new Date(stepSinceMs).toISOString();
  return {
    queryName: query.name,
    queryId: query.id,
    runId: query.runId,
    step,
    sinceMs: stepSinceMs,
    forMs,
    batchId: batch?.batchId,
    message: `query "${query.name}" is at "${step}" since ${since}, for ${
      Math.round(forMs / 1000)
    } s${inHand}: ${WHERE_TO_LOOK[step]}`,
  };
}

/** The machine's clock, whose timers let the process end. */
const idleClock: Clock = {
  nowMs: systemClock.nowMs,
  sleep(ms, signal) {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      Deno.unrefTimer(timer);
      signal.addEventListener("abort", done);
    });
  },
};
