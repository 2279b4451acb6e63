import {
  badOption,
  type Clock,
  type OutputMode,
  refuseUnknownOptions,
  type RetryPolicy,
} from "../core/mod.ts";
import { Checkpoint } from "./checkpoint/checkpoint.ts";
import { type Environment, machine } from "./environment.ts";
import { withNumberedFunctions } from "./foreach_batch.ts";
import { LivePlan } from "./live_plan.ts";
import { compilePlan } from "./plan/compile_plan.ts";
import type { PlanNode } from "./plan/node.ts";
import type { Tap } from "./plan/query_plan.ts";
import type { QueryListener } from "./progress/query_listener.ts";
import { StreamingQuery } from "./streaming_query.ts";
import { isTrigger, type Trigger } from "./trigger.ts";

/** How a query runs. */
export interface StartOptions {
  /** The folder that holds the query's progress; one folder, one query, for ever. */
  readonly checkpointLocation: string;
  /**
   * What of the result is written for a batch; absent: `append`. It is that of the last operators
   * with state; sinks before them get rows as they come.
   */
  readonly outputMode?: OutputMode;
  /** When batches run; absent: as soon as there is something, until stopped. */
  readonly trigger?: Trigger;
  /**
   * How long to try again when a service is away, in milliseconds, 0 or more; absent: two minutes.
   */
  readonly retryForMs?: number;
  /** One or several that are told of every batch, and of every retry. */
  readonly listener?: QueryListener | readonly QueryListener[];
  /** For tests that bring their own time. */
  readonly clock?: Clock;
}

/** A query as it is written. */
export interface WrittenQuery {
  readonly name: string;
  /** The rows at its end. */
  readonly last: PlanNode;
  readonly taps: readonly Tap[];
}

const KNOWN_OPTIONS = [
  "checkpointLocation",
  "outputMode",
  "trigger",
  "retryForMs",
  "listener",
  "clock",
];
const OUTPUT_MODES: readonly unknown[] = ["append", "update", "complete"];
const DEFAULT_RETRY_FOR_MS = 120_000;
const FIRST_RETRY_DELAY_MS = 200;
const MAX_RETRY_DELAY_MS = 5_000;

/** Opens checkpoint, sources, sinks and state, and starts the query's loop. */
export async function startQuery(
  query: WrittenQuery,
  options: StartOptions,
  surroundings: Environment = machine,
): Promise<StreamingQuery> {
  const { name } = query;
  refuseUnknownOptions(`start query "${name}"`, options, KNOWN_OPTIONS);
  refuseBadValues(name, options);
  const outputMode = options.outputMode ?? "append";
  const sinks = withNumberedFunctions(query.taps.map(({ sink }) => sink));
  const written = {
    ...query,
    taps: query.taps.map((tap, i) => ({ ...tap, sink: sinks[i]! })),
  };
  const plan = compilePlan(name, written.last, written.taps, outputMode);
  const environment = options.clock === undefined
    ? surroundings
    : { ...surroundings, clock: options.clock };
  const retryPolicy: RetryPolicy = {
    maxElapsedMs: options.retryForMs ?? DEFAULT_RETRY_FOR_MS,
    firstDelayMs: FIRST_RETRY_DELAY_MS,
    maxDelayMs: MAX_RETRY_DELAY_MS,
  };
  const location = options.checkpointLocation.replace(/(?<=.)\/+$/, "");
  const checkpoint = await Checkpoint.open(location, environment);
  const running = new StreamingQuery({
    name,
    plan: new LivePlan(written, outputMode, plan, checkpoint),
    checkpoint,
    environment,
    retryPolicy,
    trigger: options.trigger ?? { processingTime: 0 },
    listeners: [options.listener ?? []].flat(),
  });
  await running.open();
  return running;
}

function refuseBadValues(name: string, options: StartOptions): void {
  const { checkpointLocation, outputMode, trigger, retryForMs, listener } = options;
  const refuse = (option: string, found: unknown, wanted: string) => {
    const text = JSON.stringify(found) ?? String(found);
    throw badOption(`start query "${name}"`, option, text, wanted);
  };
  if (typeof checkpointLocation !== "string" || checkpointLocation === "") {
    refuse("checkpointLocation", checkpointLocation, "the path of a folder");
  }
  if (outputMode !== undefined && !OUTPUT_MODES.includes(outputMode)) {
    refuse("outputMode", outputMode, '"append", "update" or "complete"');
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
  const listeners: readonly unknown[] = [listener ?? []].flat();
  if (listeners.some((each) => typeof each !== "object" || each === null)) {
    refuse("listener", listener, "a listener, or a list of them");
  }
}
