import { deepEqual, equal, rejects, throws } from "assert";
import { Batch, type OutputMode, schema as s } from "../../lib/core/mod.ts";
import { memorySink } from "../../lib/local/mod.ts";
import { microBatch, sinkContext } from "../support/micro_batches.ts";

const Total = s.struct({ symbol: s.string().nullable(), side: s.long(), total: s.double() });
type TotalRow = typeof Total["rowType"];
const total = (symbol: string | null, side: number, value: number): TotalRow => ({
  symbol,
  side: BigInt(side),
  total: value,
});

Deno.test("memorySink() has all rows in append mode, each batch once however often it is tried", async () => {
  const sink = memorySink<TotalRow>();
  equal(sink.name, "memory");
  const writer = await sink.open(contextOf("append"));
  equal(await writer.lastBatchId(), undefined);
  const first = microBatch(0, batchOf(total("a", 1, 1)));
  const staged = await writer.stage(first);
  deepEqual(sink.rows, []);
  deepEqual(await staged.commit(), { status: "committed", numOutputRows: 1 });
  // Tried again by the same run, whose answer was lost, and by the next run.
  deepEqual(await (await writer.stage(first)).commit(), { status: "committed", numOutputRows: 1 });
  const next = await sink.open(contextOf("append"));
  equal(await next.lastBatchId(), 0);
  deepEqual(await (await next.stage(first)).commit(), { status: "alreadyCommitted" });
  await (await next.stage(microBatch(1, batchOf(total("a", 1, 1), total("b", 1, 2))))).commit();
  deepEqual(sink.rows, [total("a", 1, 1), total("a", 1, 1), total("b", 1, 2)]);
  // Another query begins with its own batch 0.
  const other = await sink.open({ ...contextOf("append"), queryId: "query-2" });
  await (await other.stage(first)).commit();
  equal(sink.rows.length, 4);
});

Deno.test("memorySink() keeps one row a key in update mode, and takes away those that went", async () => {
  const sink = memorySink<TotalRow>({ queryName: "totals" });
  equal(sink.name, "memory(totals)");
  const writer = await sink.open({ ...contextOf("update"), keyColumns: ["symbol", "side"] });
  const rows = [total("a", 1, 1), total(null, 1, 2), total("a,1", 1, 3), total("a", 2, NaN)];
  await (await writer.stage(microBatch(0, batchOf(...rows)))).commit();
  deepEqual(sink.rows, rows);
  await (await writer.stage(
    microBatch(1, batchOf(total("a", 1, 10), total("new", 1, 0)), {
      deletes: batchOf(total(null, 1, 2), total("never there", 1, 0)),
    }),
  )).commit();
  deepEqual(sink.rows, [
    total("a", 1, 10),
    total("a,1", 1, 3),
    total("a", 2, NaN),
    total("new", 1, 0),
  ]);
  const keyless = await memorySink().open(contextOf("update"));
  const deleting = microBatch(0, batchOf(), { deletes: batchOf(total("a", 1, 1)) });
  await rejects((await keyless.stage(deleting)).commit(), { code: "BAD_PIPELINE" });
});

Deno.test("memorySink() has the newest batch only in complete mode", async () => {
  const sink = memorySink<TotalRow>();
  const writer = await sink.open({ ...contextOf("complete"), keyColumns: ["symbol"] });
  await (await writer.stage(microBatch(0, batchOf(total("a", 1, 1), total("b", 1, 1))))).commit();
  const aborted = await writer.stage(microBatch(1, batchOf()));
  await aborted.abort();
  equal(sink.rows.length, 2);
  await (await writer.stage(microBatch(1, batchOf(total("c", 1, 1))))).commit();
  deepEqual(sink.rows, [total("c", 1, 1)]);
});

Deno.test("memorySink() keeps dead letters with their batch", async () => {
  const sink = memorySink();
  const writer = await sink.open(contextOf("append"));
  const letter = {
    topic: "t",
    partition: 0,
    offset: 7n,
    timestampMs: -1,
    key: null,
    value: null,
    headers: [],
    error: "not JSON",
  };
  const batch = microBatch(0, batchOf(), { deadLetters: [letter] });
  const [one, again] = [await writer.stage(batch), await writer.stage(batch)];
  await one.commit();
  await again.commit();
  deepEqual(sink.deadLetters, [letter]);
  throws(() => memorySink({ name: "x" } as unknown as { queryName: string }), {
    code: "UNKNOWN_OPTION",
  });
});

function contextOf(outputMode: OutputMode) {
  return { ...sinkContext(Total as unknown as Parameters<typeof sinkContext>[0]), outputMode };
}

function batchOf(...rows: TotalRow[]): Batch {
  const batch = new Batch(Total);
  for (const row of rows) batch.append(row);
  return batch as unknown as Batch;
}
