import { json } from "../../../lib/formats/json/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { Event, makeFeed } from "../events.ts";
import type { ScenarioKind } from "./scenario.ts";

const DELAY_MS = 8_000;

/**
 * Rows that come more than once: by id and time, or by id within the watermark. They differ in their
 * amounts: the first stays, in the order of partitions and offsets within each batch.
 */
export const dedup: ScenarioKind = (random) => {
  const within = random.next() < 0.5;
  const partitions = random.integer(1, 3);
  const feed = makeFeed(random, {
    records: random.integer(20, 80),
    partitions,
    keys: 4,
    repeats: 0.3,
  });
  return {
    name: within ? "duplicates within the watermark" : "duplicates",
    topics: [{ name: "events", partitions, feed, watermarkDelayMs: DELAY_MS }],
    outputMode: "append",
    sinks: [
      { name: "first", outputMode: "append", takesDeadLetters: true },
      { name: "late", outputMode: "append", takesDeadLetters: false },
      { name: "too", outputMode: "append", takesDeadLetters: true },
    ],
    build: ([source], [first, late, too]) => {
      const rows = pipeline("dedup")
        .from(source!)
        .decode(json(Event))
        .withWatermark("ts", `${DELAY_MS} ms`);
      const once = within
        ? rows.dropDuplicatesWithinWatermark("id")
        : rows.dropDuplicates("id", "ts");
      return once.lateTo(late!).to(first!).where("key <> 'k1'").to(too!);
    },
    expected(batches) {
      const first: Event[] = [];
      const late: Event[] = [];
      // Within the watermark: until when each id is remembered.
      const seenUntil = new Map<bigint, bigint>();
      for (const { events, lateMicros, watermarkMicros } of batches) {
        for (const row of events[0]!) {
          if (row.ts <= lateMicros) late.push(row);
          else if (!seenUntil.has(row.id)) {
            first.push(row);
            seenUntil.set(row.id, row.ts + (within ? BigInt(DELAY_MS) * 1000n : 0n));
          }
        }
        for (const [id, until] of seenUntil) if (until <= watermarkMicros) seenUntil.delete(id);
      }
      return { first, late, too: first.filter(({ key }) => key !== "k1") };
    },
  };
};
