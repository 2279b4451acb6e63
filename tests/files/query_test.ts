import { deepEqual, equal, rejects } from "assert";
import { DeltaTable } from "../../lib/delta/mod.ts";
import { csv, delta, files, json, memorySink, pipeline, schema as s } from "../../lib/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

const Trade = s.struct({ id: s.long(), symbol: s.string(), price: s.decimal(18, 2).nullable() });
const availableNow = { availableNow: true } as const;

Deno.test("a query brings CSV files into a Delta table, once, over all its runs, in small batches", async () => {
  await using folder = await tempFolder();
  const run = async () => {
    const letters = memorySink({ queryName: "letters" });
    const query = await pipeline("csv to delta")
      .from(files({
        path: `${folder.path}/in`,
        format: "csv",
        header: true,
        maxOffsetsPerTrigger: 3,
      }))
      .decode(csv(Trade))
      .to(delta({ path: `${folder.path}/trades` }), letters)
      .start({ checkpointLocation: `${folder.path}/checkpoint`, trigger: availableNow });
    await query.awaitTermination();
    return letters.deadLetters;
  };
  await folder.write("in/1.csv", "id,symbol,price\n1,A,1.5\n2,B,\n3,C,x\n4,D,2\n");
  await folder.write("in/2.csv", 'price,id,symbol\n0.25,5,"E\nE"\n');
  const [letter, ...others] = await run();
  equal(others.length, 0);
  deepEqual([letter!.offset, letter!.error], [
    2n,
    'field "price": found "x", wanted decimal(18,2)',
  ]);
  equal(new TextDecoder().decode(letter!.value!), "3,C,x");
  deepEqual(letter!.headers.map(({ key }) => key), ["file", "csv.dialect", "csv.header"]);
  deepEqual(await run(), []);
  await folder.write("in/3.csv", "id,symbol,price\n6,F,9.99\n");
  deepEqual(await run(), []);
  const table = await DeltaTable.open(`${folder.path}/trades`);
  const rows = await Array.fromAsync(table.rows(), Object.values);
  deepEqual(rows.map((values) => values.join(" ")).sort(), [
    "1 A 1.50",
    "2 B ",
    "4 D 2.00",
    "5 E\nE 0.25",
    "6 F 9.99",
  ]);
});

Deno.test("a query stops where a file changed, and goes on when it is as it was", async () => {
  await using folder = await tempFolder();
  const sink = memorySink<{ id: bigint }>();
  const run = async () => {
    const query = await pipeline("changed")
      .from(files({ path: `${folder.path}/in`, format: "ndjson" }))
      .decode(json(s.struct({ id: s.long() })))
      .to(sink)
      .start({ checkpointLocation: `${folder.path}/checkpoint`, trigger: availableNow });
    await query.awaitTermination();
  };
  await folder.write("in/a", '{"id":1}\n');
  await run();
  await Deno.writeTextFile(`${folder.path}/in/a`, '{"id":2}\n', { append: true });
  await rejects(run(), { code: "FILE_CHANGED" });
  await folder.write("in/a", '{"id":1}\n');
  await folder.write("in/b", '{"id":2}\n');
  await run();
  deepEqual(sink.rows, [{ id: 1n }, { id: 2n }]);
});
