import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { rowsWithKey } from "../changing_table.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

/** A stream joined with a table that changes while it runs: a replay must see the copy of the first try. */
export const staticJoin: ScenarioKind = (random) => {
  const type = random.pick(["inner", "leftOuter"] as const);
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, { records: random.integer(20, 80), partitions, keys: 5 });
  return {
    name: `${type} join with a table`,
    topics: [{ name: "events", partitions, feed }],
    outputMode: "append",
    usesTable: true,
    sinks: [
      { name: "joined", outputMode: "append", takesDeadLetters: true },
      { name: "plain", outputMode: "append", takesDeadLetters: false },
    ],
    build: ([source], [joined, plain], table) =>
      pipeline("static join")
        .from(source!)
        .decode(json(Event))
        .joinStatic(table, { type, on: ["key"] })
        .to(joined!)
        .drop("version")
        .to(plain!),
    expected: (batches) => ({
      plain: batches.flatMap(({ events }) => events[0]!).flatMap((event) => {
        const matches = rowsWithKey(event.key);
        const times = type === "leftOuter" ? Math.max(matches, 1) : matches;
        return Array.from({ length: times }, () => event);
      }),
    }),
  };
};
