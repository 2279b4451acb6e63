import { schema as s } from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const DELAY_MS = 5_000;
const TIMEOUT_MICROS = 8_000_000n;

const Visit = s.struct({ n: s.long(), total: s.long(), until: s.timestamp() });
const Told = s.struct({ key: s.string(), n: s.long(), total: s.long(), isOver: s.boolean() });

/** A function of the user's with state by key, which tells of each batch and of each time-out. */
export const groups: ScenarioKind = (random) => {
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, { records: random.integer(20, 80), partitions, keys: 4 });
  return {
    name: "state of groups",
    topics: [{ name: "events", partitions, feed, watermarkDelayMs: DELAY_MS }],
    outputMode: "append",
    sinks: [
      { name: "told", outputMode: "append", takesDeadLetters: true },
      { name: "over", outputMode: "append", takesDeadLetters: true },
    ],
    build: ([source], [told, over]) =>
      pipeline("groups")
        .from(source!)
        .decode(json(Event))
        .withWatermark("ts", `${DELAY_MS} ms`)
        .groupBy("key")
        .flatMapGroupsWithState(
          { state: Visit, output: Told, timeout: "eventTime" },
          ({ key }, rows, state) => {
            if (state.hasTimedOut) {
              const { n, total } = state.get();
              state.remove();
              return [{ key, n, total, isOver: true }];
            }
            let { n, total, until } = state.getOption() ?? { n: 0n, total: 0n, until: 0n };
            for (const { ts, amount } of rows) {
              n++;
              total += amount;
              if (ts + TIMEOUT_MICROS > until) until = ts + TIMEOUT_MICROS;
            }
            // A time-out cannot be set behind the watermark.
            const earliest = state.watermarkMicros + 1_000n;
            state.update({ n, total, until });
            state.setTimeoutTimestamp(until > earliest ? until : earliest);
            return [{ key, n, total, isOver: false }];
          },
        )
        .to(told!)
        .where("isOver")
        .to(over!),
    expected(batches) {
      const told: { key: string; n: bigint; total: bigint; isOver: boolean }[] = [];
      const states = new Map<string, { n: bigint; total: bigint; until: bigint; out: bigint }>();
      for (const { events, lateMicros, watermarkMicros } of batches) {
        const inTime = events[0]!.filter(({ ts }) => ts > lateMicros);
        const seen = new Set<string>();
        for (const [key, rows] of Map.groupBy(inTime, (event) => event.key)) {
          seen.add(key);
          const state = states.get(key) ?? { n: 0n, total: 0n, until: 0n, out: 0n };
          for (const { ts, amount } of rows) {
            state.n++;
            state.total += amount;
            if (ts + TIMEOUT_MICROS > state.until) state.until = ts + TIMEOUT_MICROS;
          }
          const earliest = watermarkMicros + 1_000n;
          state.out = state.until > earliest ? state.until : earliest;
          states.set(key, state);
          told.push({ key, n: state.n, total: state.total, isOver: false });
        }
        for (const [key, { n, total, out }] of states) {
          if (seen.has(key) || out > watermarkMicros) continue;
          states.delete(key);
          told.push({ key, n, total, isOver: true });
        }
      }
      return { told, over: told.filter(({ isOver }) => isOver) };
    },
  };
};
