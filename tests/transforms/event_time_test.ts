import { deepEqual, equal, throws } from "assert";
import { Batch, schema as s } from "../../lib/core/mod.ts";
import {
  chainOperators,
  eventTimeOf,
  mergeEventTimes,
  renameColumn,
  selectColumns,
  whereRows,
  withColumn,
} from "../../lib/transforms/mod.ts";
import { Random } from "../support/random.ts";

const Event = s.struct({ id: s.long(), at: s.timestamp().nullable() });

function events(...micros: (bigint | null)[]): Batch<{ id: bigint; at: bigint | null }> {
  const batch = new Batch(Event);
  micros.forEach((at, i) => batch.append({ id: BigInt(i), at }));
  return batch;
}

Deno.test("withWatermark notes the event times in whole milliseconds, rounded down, and lets all rows pass", () => {
  const operator = eventTimeOf(Event, "at", "1 hour 30 minutes");
  equal(operator.delayMs, 5_400_000);
  const batch = events(1_999n, null, -1n, -1_998n);
  const result = operator.apply(batch);
  equal(result.batch, batch);
  deepEqual([...result.origins], [0, 1, 2, 3]);
  deepEqual(result.eventTimes, { count: 3, minMs: -2, maxMs: 1, avgMs: 0 });
  equal(operator.apply(events(null, null)).eventTimes, undefined);
  equal(operator.apply(events()).eventTimes, undefined);
});

Deno.test("event times of parts, together, are those of the whole", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const times = Array.from(
      { length: random.integer(0, 20) },
      () => random.next() < 0.2 ? null : BigInt(random.integer(-5_000_000, 5_000_000)),
    );
    const cut = random.integer(0, times.length);
    const statsOf = (part: (bigint | null)[]) =>
      eventTimeOf(Event, "at", "0 seconds").apply(events(...part)).eventTimes;
    const merged = mergeEventTimes(statsOf(times.slice(0, cut)), statsOf(times.slice(cut)));
    const known = times.filter((at) => at !== null).map(Number);
    if (known.length === 0) {
      equal(merged, undefined);
      continue;
    }
    deepEqual([merged?.count, merged?.minMs, merged?.maxMs], [
      known.length,
      Math.floor(Math.min(...known) / 1000),
      Math.floor(Math.max(...known) / 1000),
    ]);
    const mean = known.reduce((sum, at) => sum + at, 0) / known.length / 1000;
    equal(Math.abs(merged!.avgMs - mean) < 1e-6, true, `seed ${seed}`);
  }
});

Deno.test("a chain carries the event times of the rows that came by", () => {
  const behind = chainOperators(whereRows(Event, "id > 0"), eventTimeOf(Event, "at", "0 seconds"));
  equal(behind.apply(events(9_000_000n, 1_000n)).eventTimes?.maxMs, 1);
  const before = chainOperators(eventTimeOf(Event, "at", "0 seconds"), whereRows(Event, "id > 0"));
  equal(before.apply(events(9_000_000n, 1_000n)).eventTimes?.maxMs, 9_000);
});

Deno.test("operators say where the values of a column go", () => {
  const chain = chainOperators(
    chainOperators(whereRows(Event, "id > 0"), renameColumn(Event, "at", "time")),
    selectColumns(renameColumn(Event, "at", "time").schema, ["time"]),
  );
  equal(chain.passes?.("at"), "time");
  equal(chain.passes?.("id"), undefined);
  const changed = withColumn(Event, "at", s.timestamp().nullable(), "at");
  deepEqual([changed.passes?.("id"), changed.passes?.("at")], ["id", undefined]);
});

Deno.test("a renamed column keeps its place and its values", () => {
  const renamed = renameColumn(Event, "id", "number");
  deepEqual([...renamed.apply(events(5n)).batch.rows()], [{ number: 0n, at: 5n }]);
  throws(() => renameColumn(Event, "id", "at"), { code: "BAD_SCHEMA" });
  throws(() => renameColumn(Event, "no" as "id", "a"), { code: "UNKNOWN_COLUMN" });
});

Deno.test("a watermark is of a timestamp, and its delay a length of time", () => {
  throws(() => eventTimeOf(Event, "id", "1 minute"), { code: "BAD_SCHEMA" });
  throws(() => eventTimeOf(Event, "no" as "at", "1 minute"), { code: "UNKNOWN_COLUMN" });
  throws(() => eventTimeOf(Event, "at", "soon"), { code: "BAD_OPTION" });
  throws(() => eventTimeOf(Event, "at", "-1 minute"), { code: "BAD_OPTION" });
});
