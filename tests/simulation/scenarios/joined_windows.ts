import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { count, sum, window } from "../../../lib/transforms/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const DELAY_MS = 6_000;
const REACH_MICROS = 5_000_000n;
const WINDOW_MICROS = 15_000_000n;

/**
 * Windows over a join: the join gives rows out late, and holds the watermark of what is behind it
 * back by as much, so that none of them is too late there.
 */
export const joinedWindows: ScenarioKind = (random) => {
  const partitions = random.integer(1, 2);
  const records = random.integer(15, 45);
  const [left, right] = [1n, 1_000n].map((firstId) =>
    makeFeed(random, { records, partitions, keys: 3, firstId })
  );
  return {
    name: "windows over a join",
    topics: [
      { name: "left", partitions, feed: left!, watermarkDelayMs: DELAY_MS },
      { name: "right", partitions, feed: right!, watermarkDelayMs: DELAY_MS },
    ],
    outputMode: "append",
    sinks: [
      { name: "windows", outputMode: "append", takesDeadLetters: true },
      { name: "late", outputMode: "append", takesDeadLetters: false },
    ],
    build: ([left, right], [windows, late]) => {
      const rights = pipeline("joined windows").from(right!).decode(json(Event))
        .withWatermark("ts", `${DELAY_MS} ms`)
        .withColumnRenamed("id", "rightId")
        .withColumnRenamed("ts", "rightTs")
        .withColumnRenamed("amount", "rightAmount");
      return pipeline("joined windows").from(left!).decode(json(Event))
        .withWatermark("ts", `${DELAY_MS} ms`)
        .join(rights, {
          on: ["key"],
          within: {
            left: "ts",
            right: "rightTs",
            from: `-${REACH_MICROS} us`,
            to: `${REACH_MICROS} us`,
          },
        })
        .groupBy(window("ts", `${WINDOW_MICROS} us`), "key")
        .agg({ pairs: count(), total: sum("rightAmount") })
        .lateTo(late!)
        .to(windows!);
    },
    expected(batches) {
      const [lefts, rights] = [0, 1].map((side) =>
        batches.flatMap(({ events, lateMicros }) =>
          events[side]!.filter(({ ts }) => ts > lateMicros)
        )
      );
      const windows = new Map<
        string,
        { window: { start: bigint; end: bigint }; key: string; pairs: bigint; total: bigint }
      >();
      for (const { ts, key } of lefts!) {
        const start = ts - ts % WINDOW_MICROS;
        for (const right of rights!) {
          const apart = right.ts - ts;
          if (right.key !== key || apart < -REACH_MICROS || apart > REACH_MICROS) continue;
          const name = `${start} ${key}`;
          const group = windows.get(name) ??
            { window: { start, end: start + WINDOW_MICROS }, key, pairs: 0n, total: 0n };
          windows.set(name, group);
          group.pairs++;
          group.total += right.amount;
        }
      }
      // How far the join holds the watermark back is its affair: at the end all windows are closed
      // but that of the last events.
      const closedMicros = batches.at(-1)!.watermarkMicros;
      return {
        windows: [...windows.values()].filter(({ window }) => window.end <= closedMicros),
        late: [],
      };
    },
  };
};
