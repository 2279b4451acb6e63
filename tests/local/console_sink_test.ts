import { deepEqual, equal, throws } from "assert";
import { Batch, schema as s } from "../../lib/core/mod.ts";
import { consoleSink } from "../../lib/local/mod.ts";
import { microBatch, sinkContext } from "../support/micro_batches.ts";

const Item = s.struct({ id: s.long(), name: s.string() });
const context = sinkContext(Item as unknown as Parameters<typeof sinkContext>[0]);

Deno.test("consoleSink() prints a batch when it is committed, under its number", async () => {
  const printed: string[] = [];
  const sink = consoleSink({ numRows: 1, print: (text) => printed.push(text) });
  const writer = await sink.open(context);
  equal(await writer.lastBatchId(), undefined);
  const staged = await writer.stage(microBatch(7, batchOf("a name that is far too long", "b")));
  deepEqual(printed, []);
  deepEqual(await staged.commit(), { status: "committed", numOutputRows: 2 });
  deepEqual(printed.join("\n").split("\n"), [
    "-------------------------------------------",
    "Batch: 7",
    "-------------------------------------------",
    "+---+--------------------+",
    "| id|                name|",
    "+---+--------------------+",
    "|  0|a name that is fa...|",
    "+---+--------------------+",
    "only showing top 1 row",
  ]);
});

Deno.test("consoleSink() prints whole cells, rows that went and dead letters", async () => {
  const printed: string[] = [];
  const sink = consoleSink({ truncate: false, print: (text) => printed.push(text) });
  const writer = await sink.open({ ...context, outputMode: "update", keyColumns: ["id"] });
  const letter = {
    topic: "items",
    partition: 2,
    offset: 7n,
    timestampMs: -1,
    key: null,
    value: null,
    headers: [],
    error: "not JSON",
  };
  const more = { deletes: batchOf("gone"), deadLetters: [letter] };
  await (await writer.stage(microBatch(0, batchOf("a name that is far too long"), more))).commit();
  deepEqual(printed.join("\n").split("\n").slice(3), [
    "+---+---------------------------+",
    "|id |name                       |",
    "+---+---------------------------+",
    "|0  |a name that is far too long|",
    "+---+---------------------------+",
    "",
    "No longer in the result:",
    "+---+----+",
    "|id |name|",
    "+---+----+",
    "|0  |gone|",
    "+---+----+",
    "",
    "Dead letters: 1",
    "items-2@7: not JSON",
    "",
  ]);
});

Deno.test("consoleSink() refuses options that make no sense", () => {
  throws(() => consoleSink({ numRows: -1 }), { code: "BAD_OPTION" });
  throws(() => consoleSink({ truncate: 1.5 }), { code: "BAD_OPTION" });
  const misspelt = { numRows: 1, truncated: true };
  throws(() => consoleSink(misspelt), { code: "UNKNOWN_OPTION" });
});

function batchOf(...names: string[]): Batch {
  const batch = new Batch(Item);
  names.forEach((name, i) => batch.append({ id: BigInt(i), name }));
  return batch as unknown as Batch;
}
