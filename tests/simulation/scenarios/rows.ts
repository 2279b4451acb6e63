import { schema as s } from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const Part = s.struct({ id: s.long(), part: s.integer(), amount: s.long() });

/** Operators without state, records that fail in them, and a tap in the middle. */
export const rows: ScenarioKind = (random) => {
  const partitions = random.integer(1, 4);
  // Now and then so many that a checkpoint forgets its oldest batches.
  const records = random.integer(20, random.next() < 0.1 ? 300 : 90);
  const feed = makeFeed(random, { records, partitions, keys: 5 });
  return {
    name: "rows",
    topics: [{ name: "events", partitions, feed }],
    outputMode: "append",
    sinks: [
      {
        name: "mapped",
        outputMode: "append",
        takesDeadLetters: true,
        rejects: ({ amount }) => (amount as bigint) % 11n === 0n,
      },
      { name: "parts", outputMode: "append", takesDeadLetters: random.next() < 0.5 },
      { name: "few", outputMode: "append", takesDeadLetters: false, isFunction: true },
    ],
    build: ([source], [mapped, parts, few]) =>
      pipeline("rows")
        .from(source!)
        .decode(json(Event))
        .where("amount > 0")
        .map(Event, (event) => {
          if (event.amount % 13n === 0n) throw new Error("thirteen");
          return { ...event, key: event.key.toUpperCase() };
        })
        .to(mapped!)
        .flatMap(Part, ({ id, amount }) =>
          Array.from({ length: Number(amount % 3n) }, (_, part) => ({ id, part, amount })))
        .to(parts!)
        .where("part = 1")
        .select("id")
        .to(few!),
    fails: isBad,
    expected(batches) {
      const good = batches.flatMap(({ events }) => events[0]!)
        .filter((event) => event.amount > 0n && !isBad(event));
      const allParts = good.flatMap(({ id, amount }) =>
        Array.from({ length: Number(amount % 3n) }, (_, part) => ({ id, part, amount }))
      );
      return {
        mapped: good.map((event) => ({ ...event, key: event.key.toUpperCase() })),
        parts: allParts,
        few: allParts.filter(({ part }) => part === 1).map(({ id }) => ({ id })),
      };
    },
  };
};

/** True for what the map fails on and for what the first sink cannot store. */
function isBad({ amount }: Event): boolean {
  return amount > 0n && (amount % 13n === 0n || amount % 11n === 0n);
}
