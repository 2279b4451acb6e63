import { schema as s } from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

/**
 * The newest row of each key, by an order with ties or without, and with deletes; older rows that come
 * later change nothing.
 */
export const latest: ScenarioKind = (random) => {
  const outputMode = random.pick(["update", "complete"] as const);
  const orderBy = random.pick(["id", "amount"] as const);
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, { records: random.integer(20, 90), partitions, keys: 6, old: 0.2 });
  return {
    name: `latest by key in ${outputMode} mode`,
    topics: [{ name: "events", partitions, feed }],
    outputMode,
    sinks: [
      { name: "all", outputMode: "append", takesDeadLetters: true },
      { name: "latest", outputMode, takesDeadLetters: false },
      { name: "same", outputMode, takesDeadLetters: false },
      { name: "small", outputMode, takesDeadLetters: false },
    ],
    build: ([source], [all, latest, same, small]) =>
      pipeline("latest")
        .from(source!)
        .decode(json(Event))
        .to(all!)
        .latestByKey({ key: ["key"], orderBy, deleteWhen: "id % 7 = 0" })
        .to(latest!, same!)
        .where("amount < 40")
        .withColumn("twice", s.long(), "amount * 2")
        .drop("ts")
        .to(small!),
    expected(batches) {
      const all = batches.flatMap(({ events }) => events[0]!);
      const newest = new Map<string, Event>();
      for (const event of all) {
        const kept = newest.get(event.key);
        if (kept === undefined || event[orderBy] >= kept[orderBy]) newest.set(event.key, event);
      }
      const rows = [...newest.values()].filter(({ id }) => id % 7n !== 0n);
      const small = rows.filter(({ amount }) => amount < 40n)
        .map(({ id, key, amount }) => ({ id, key, amount, twice: 2n * amount }));
      return { all, latest: rows, same: rows, small };
    },
  };
};
