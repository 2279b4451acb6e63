import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, onFailpoint, systemClock } from "../../lib/core/mod.ts";
import { machine } from "../../lib/streaming/environment.ts";
import type { QueryListener, StreamingQuery } from "../../lib/streaming/mod.ts";
import { startIn } from "../../lib/streaming/pipeline.ts";
import type { Kind } from "./kinds/mod.ts";
import { realSink } from "./real_sinks.ts";
import { withFileSteps } from "./steps.ts";
import { checkpointOf, type World } from "./world.ts";

/** Told of each step that a query comes by; what it throws, or waits for, happens there. */
export type OnStep = (step: string) => void | Promise<void>;

/** Which of the queries that run side by side comes by. */
const current = new AsyncLocalStorage<OnStep>();

/** Lets each query that `runKind` runs have its own faults, until it is disposed of. */
export function hearSteps(): Disposable {
  onFailpoint((name) => current.getStore()?.(name));
  return { [Symbol.dispose]: () => onFailpoint(undefined) };
}

/** Tries again at once: no fault here needs time to pass. */
const hasty: Clock = {
  nowMs: () => systemClock.nowMs(),
  sleep: (_ms, signal) => systemClock.sleep(1, signal),
};

/** Runs a query until it has nothing left to do, or something ends it; the query, if it started. */
export async function runKind(
  world: World,
  kind: Kind,
  onStep: OnStep = () => {},
  listener: QueryListener = {},
): Promise<StreamingQuery> {
  return await current.run(onStep, async () => {
    const sinks = kind.sinks.map((spec) => realSink(world, kind, spec));
    const query = await startIn(kind.build(world, sinks), {
      checkpointLocation: checkpointOf(world, kind),
      outputMode: kind.outputMode,
      trigger: { availableNow: true },
      clock: hasty,
      listener,
    }, withFileSteps(machine));
    await query.awaitTermination();
    return query;
  });
}
