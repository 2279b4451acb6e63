import { deepEqual } from "assert";
import { memorySink, memorySource, pipeline, rateSource, schema as s } from "../../lib/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

const availableNow = { availableNow: true } as const;

Deno.test("memorySource() and memorySink() carry a running total in update mode", async () => {
  await using folder = await tempFolder();
  const sales = memorySource(s.struct({ symbol: s.string(), quantity: s.long() }));
  const totals = memorySink<{ symbol: string; total: bigint }>();
  const query = await pipeline("totals")
    .from(sales)
    .groupBy("symbol")
    .count()
    .to(totals)
    .start({ checkpointLocation: `${folder.path}/checkpoint`, outputMode: "update" });
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  sales.add({ symbol: "A", quantity: 1n }, { symbol: "B", quantity: 1n });
  await until(() => totals.rows.length === 2);
  sales.add({ symbol: "A", quantity: 5n });
  await until(() => totals.rows.some((row) => Object.values(row).includes(2n)));
  await query.stop();
  deepEqual(totals.rows.map((row) => Object.values(row)), [["A", 2n], ["B", 1n]]);
});

Deno.test("rateSource() feeds a query that stops and starts again", async () => {
  await using folder = await tempFolder();
  const clock = { ms: 1_700_000_000_000, nowMs: () => clock.ms, sleep: () => Promise.resolve() };
  const sink = memorySink<{ value: bigint }>();
  const run = async () => {
    const query = await pipeline("rate")
      .from(rateSource({ rowsPerSecond: 10, clock }))
      .select("value")
      .to(sink)
      .start({ checkpointLocation: `${folder.path}/checkpoint`, trigger: availableNow });
    await query.awaitTermination();
  };
  await run();
  clock.ms += 1_000;
  await run();
  clock.ms += 500;
  await run();
  deepEqual(sink.rows.map(({ value }) => Number(value)), Array.from({ length: 15 }, (_, i) => i));
});
