import {
  badOption,
  type Clock,
  refuseUnknownOptions,
  type RetryPolicy,
  type Sink,
  SluiceError,
  type Source,
  systemClock,
} from "../core/mod.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { QueryListener } from "./query_listener.ts";
import type { RowMaker } from "./row_maker.ts";
import { StreamingQuery } from "./streaming_query.ts";
import { isTrigger, type Trigger } from "./trigger.ts";

/** How a query runs. */
export interface StartOptions {
  /** The folder that holds the query's progress; one folder, one query, for ever. */
  readonly checkpointLocation: string;
  /** When batches run; absent: as soon as there is something, until stopped. */
  readonly trigger?: Trigger;
  /**
   * How long to try again when a service is away, in milliseconds, 0 or more; absent: two minutes.
   */
  readonly retryForMs?: number;
  /** Told of every batch, and of every retry. */
  readonly listener?: QueryListener;
  /** For tests that bring their own time. */
  readonly clock?: Clock;
}

const KNOWN_OPTIONS = ["checkpointLocation", "trigger", "retryForMs", "listener", "clock"];
const DEFAULT_RETRY_FOR_MS = 120_000;
const FIRST_RETRY_DELAY_MS = 200;
const MAX_RETRY_DELAY_MS = 5_000;

/** Opens checkpoint and sinks, and starts the query's loop. */
export async function startQuery(
  name: string,
  source: Source,
  rowMaker: RowMaker,
  sinks: readonly Sink[],
  options: StartOptions,
): Promise<StreamingQuery> {
  refuseUnknownOptions(`start query "${name}"`, options, KNOWN_OPTIONS);
  refuseBadValues(name, options);
  refuseBadSinks(name, sinks);
  const clock = options.clock ?? systemClock;
  const retryPolicy: RetryPolicy = {
    maxElapsedMs: options.retryForMs ?? DEFAULT_RETRY_FOR_MS,
    firstDelayMs: FIRST_RETRY_DELAY_MS,
    maxDelayMs: MAX_RETRY_DELAY_MS,
  };
  const checkpoint = await Checkpoint.open(options.checkpointLocation.replace(/(?<=.)\/+$/, ""));
  const query = new StreamingQuery({
    name,
    source,
    rowMaker,
    sinks,
    checkpoint,
    clock,
    retryPolicy,
    trigger: options.trigger ?? { processingTime: 0 },
    listener: options.listener ?? {},
  });
  await query.open();
  return query;
}

function refuseBadSinks(name: string, sinks: readonly Sink[]): void {
  const names = sinks.map((sink) => sink.name);
  const twice = names.find((sink, i) => names.indexOf(sink) !== i);
  if (names.length > 0 && twice === undefined) return;
  throw new SluiceError("BAD_PIPELINE", {
    attempted: `start query "${name}"`,
    found: twice === undefined ? "no sink" : `two sinks ${twice}`,
    wanted: "one or more sinks, each of another table",
  });
}

function refuseBadValues(name: string, options: StartOptions): void {
  const { checkpointLocation, trigger, retryForMs } = options;
  const refuse = (option: string, found: unknown, wanted: string) => {
    const text = JSON.stringify(found) ?? String(found);
    throw badOption(`start query "${name}"`, option, text, wanted);
  };
  if (typeof checkpointLocation !== "string" || checkpointLocation === "") {
    refuse("checkpointLocation", checkpointLocation, "the path of a folder");
  }
  if (trigger !== undefined && !isTrigger(trigger)) {
    refuse(
      "trigger",
      trigger,
      "{ availableNow: true }, { once: true } or { processingTime: milliseconds }",
    );
  }
  if (retryForMs !== undefined && !(retryForMs >= 0)) {
    refuse("retryForMs", retryForMs, "0 or more milliseconds");
  }
}
