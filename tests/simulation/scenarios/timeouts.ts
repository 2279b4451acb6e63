import { schema as s } from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const TIMEOUT_MS = 4_000;

const Visit = s.struct({ n: s.long() });
const Told = s.struct({ key: s.string(), n: s.long(), isOver: s.boolean() });

/** State by key that is over when its time has come by the clock: with the time of the plan, not of the run. */
export const timeouts: ScenarioKind = (random) => {
  const outputMode = random.pick(["append", "update"] as const);
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, { records: random.integer(20, 60), partitions, keys: 3 });
  return {
    name: `time-outs by the clock in ${outputMode} mode`,
    topics: [{ name: "events", partitions, feed }],
    outputMode,
    isTimed: true,
    sinks: [{ name: "told", outputMode, takesDeadLetters: true }],
    build: ([source], [told]) =>
      pipeline("timeouts")
        .from(source!)
        .decode(json(Event))
        .groupBy("key")
        .flatMapGroupsWithState(
          { state: Visit, output: Told, timeout: "processingTime" },
          ({ key }, rows, state) => {
            const { n } = state.getOption() ?? { n: 0n };
            if (state.hasTimedOut) {
              state.remove();
              return [{ key, n, isOver: true }];
            }
            const sum = n + BigInt([...rows].length);
            state.update({ n: sum });
            state.setTimeoutDuration(TIMEOUT_MS);
            return [{ key, n: sum, isOver: false }];
          },
        )
        .to(told!),
    expected(batches) {
      const told: { key: string; n: bigint; isOver: boolean }[] = [];
      const states = new Map<string, { n: bigint; outMs: number }>();
      for (const { events, timestampMs } of batches) {
        const seen = Map.groupBy(events[0]!, ({ key }) => key);
        for (const [key, rows] of seen) {
          const n = (states.get(key)?.n ?? 0n) + BigInt(rows.length);
          states.set(key, { n, outMs: timestampMs + TIMEOUT_MS });
          told.push({ key, n, isOver: false });
        }
        for (const [key, { n, outMs }] of states) {
          if (seen.has(key) || outMs > timestampMs) continue;
          states.delete(key);
          told.push({ key, n, isOver: true });
        }
      }
      if (outputMode === "append") return { told };
      return { told: [...new Map(told.map((row) => [row.key, row])).values()] };
    },
  };
};
