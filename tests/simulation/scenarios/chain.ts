import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { count, sum, window } from "../../../lib/transforms/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const DELAY_MS = 6_000;
const MINUTE_MICROS = 10_000_000n;
const HOUR_MICROS = 30_000_000n;

/** Duplicates dropped, then windows, then windows of windows: three operators with state, and taps. */
export const chain: ScenarioKind = (random) => {
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, {
    records: random.integer(30, 90),
    partitions,
    keys: 3,
    repeats: 0.2,
  });
  return {
    name: "windows of windows",
    topics: [{ name: "events", partitions, feed, watermarkDelayMs: DELAY_MS }],
    outputMode: "append",
    sinks: [
      { name: "once", outputMode: "append", takesDeadLetters: true },
      { name: "late", outputMode: "append", takesDeadLetters: false },
      { name: "minutes", outputMode: "append", takesDeadLetters: true },
      { name: "hours", outputMode: "append", takesDeadLetters: false },
    ],
    build: ([source], [once, late, minutes, hours]) =>
      pipeline("chain")
        .from(source!)
        .decode(json(Event))
        .drop("amount")
        .withWatermark("ts", `${DELAY_MS} ms`)
        .dropDuplicates("id", "ts")
        .lateTo(late!)
        .to(once!)
        .groupBy(window("ts", `${MINUTE_MICROS} us`), "key")
        .agg({ n: count() })
        .to(minutes!)
        .groupBy(window("window", `${HOUR_MICROS} us`).as("hour"), "key")
        .agg({ windows: count(), n: sum("n") })
        .to(hours!),
    expected(batches) {
      const once: Omit<Event, "amount">[] = [];
      const late: Omit<Event, "amount">[] = [];
      const seen = new Set<string>();
      for (const { events, lateMicros } of batches) {
        for (const { amount: _, ...row } of events[0]!) {
          const id = `${row.id} ${row.ts}`;
          if (row.ts <= lateMicros) late.push(row);
          else if (!seen.has(id)) once.push(row);
          seen.add(id);
        }
      }
      const closedMicros = batches.at(-1)!.watermarkMicros;
      const minutes = [
        ...Map.groupBy(once, ({ ts, key }) => `${ts / MINUTE_MICROS} ${key}`).values(),
      ]
        .map((rows) => ({
          window: windowOf(rows[0]!.ts, MINUTE_MICROS),
          key: rows[0]!.key,
          n: BigInt(rows.length),
        }))
        .filter(({ window }) => window.end <= closedMicros);
      const hours = [
        ...Map.groupBy(minutes, ({ window, key }) => `${window.start / HOUR_MICROS} ${key}`)
          .values(),
      ]
        .map((rows) => ({
          hour: windowOf(rows[0]!.window.start, HOUR_MICROS),
          key: rows[0]!.key,
          windows: BigInt(rows.length),
          n: rows.reduce((sum, { n }) => sum + n, 0n),
        }))
        .filter(({ hour }) => hour.end <= closedMicros);
      return { once, late, minutes, hours };
    },
  };
};

function windowOf(ts: bigint, lengthMicros: bigint): { start: bigint; end: bigint } {
  const start = ts - ts % lengthMicros;
  return { start, end: start + lengthMicros };
}
