import { deepEqual, ok, rejects } from "assert";
import { type Batch, Decimal, Schema, schema as s } from "../../../lib/core/mod.ts";
import { scan, type ScanOptions } from "../../../lib/delta/scan/scan.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { type HandmadeTable, handmadeTable, inlineVector } from "../../support/handmade_table.ts";

/** `PAR1`, at both ends of a file. */
const MAGIC_BYTES = 4;

const Trade = s.struct({ id: s.long(), symbol: s.string(), price: s.decimal(20, 10).nullable() });
const trade = (id: number, symbol = "BTCUSDT") => ({
  id: BigInt(id),
  symbol,
  price: Decimal.parse(`${id}.5`),
});
const idStats = (min: number, max: number) =>
  `{"numRecords":10,"minValues":{"id":${min}},"maxValues":{"id":${max}},"nullCount":{"id":0}}`;

Deno.test("scan() reads all rows, and those for which a condition is true", async () => {
  await using table = await handmadeTable(Trade);
  await table.commit([
    { add: await table.dataFile([trade(1), trade(2, "ETHUSDT")]) },
    { add: await table.dataFile([trade(3)]) },
  ]);

  deepEqual(await idsIn(table), [1, 2, 3]);
  deepEqual(await idsIn(table, { where: "symbol = 'BTCUSDT' AND price > 1.5" }), [3]);
  deepEqual(await idsIn(table, { where: "price IS NULL" }), []);
});

Deno.test("scan() decodes the columns asked for, in the table's order", async () => {
  await using table = await handmadeTable(Trade);
  await table.commit([{ add: await table.dataFile([trade(1), trade(2)]) }]);

  const [batch] = await batchesOf(table, { columns: ["price", "id"], where: "symbol LIKE 'B%'" });
  deepEqual(batch?.schema.fields.map(({ name }) => name), ["id", "price"]);
  await rejects(batchesOf(table, { columns: ["id", "prize"] }), {
    code: "UNKNOWN_COLUMN",
    message:
      'Cannot read column "prize" of a Delta table: found no such column, wanted one of id, symbol, price',
  });
});

Deno.test("scan() opens no file that its statistics rule out", async () => {
  await using table = await handmadeTable(Trade);
  const gone = { ...await table.dataFile([]), path: "gone.parquet", stats: idStats(100, 199) };
  await table.commit([
    { add: await table.dataFile([trade(1), trade(7)], { stats: idStats(1, 7) }) },
    { add: gone },
  ]);

  deepEqual(await idsIn(table, { where: "id < 100 AND id <> 1" }), [7]);
  await rejects(idsIn(table, { where: "id < 101" }), { code: "FILE_NOT_FOUND" });
});

Deno.test("scan() opens no file of another partition", async () => {
  const stored = new Schema(Trade.fields.filter(({ name }) => name !== "symbol"));
  await using table = await handmadeTable(Trade, { partitionColumns: ["symbol"] });
  const here = { schema: stored, partitionValues: { symbol: "BTCUSDT" } };
  await table.commit([
    { add: await table.dataFile([trade(1)], here) },
    { add: { ...await table.dataFile([], here), path: "x", partitionValues: { symbol: "ETH" } } },
  ]);

  deepEqual(await idsIn(table, { where: "symbol = 'BTCUSDT'" }), [1]);
  const [batch] = await batchesOf(table, { columns: ["symbol"], where: "symbol LIKE 'BTC%'" });
  deepEqual([...batch!.rows()], [{ symbol: "BTCUSDT" }]);
});

Deno.test("scan() reads no row group that the footer rules out, deleted rows or not", async () => {
  await using table = await handmadeTable(Trade);
  const rows = Array.from({ length: 40 }, (_, i) => trade(i));
  const add = await table.dataFile(rows, { maxRowGroupRows: 10, compression: "uncompressed" });
  const deletionVector = inlineVector([25]);
  await table.commit([{ add: { ...add, deletionVector } }]);
  await breakFirstRowGroup(`${table.path}/${add.path}`);

  deepEqual(await idsIn(table, { where: "id BETWEEN 24 AND 27" }), [24, 26, 27]);
  await rejects(idsIn(table, { where: "id BETWEEN 5 AND 25" }), { code: "PARQUET_DECODE" });
});

Deno.test("scan() stops at its limit", async () => {
  await using table = await handmadeTable(Trade);
  await table.commit([
    { add: await table.dataFile([trade(1), trade(2), trade(3)]) },
    { add: await table.dataFile([trade(4)]) },
    { add: { ...await table.dataFile([]), path: "gone.parquet" } },
  ]);

  deepEqual(await idsIn(table, { limit: 2 }), [1, 2]);
  deepEqual(await idsIn(table, { limit: 4 }), [1, 2, 3, 4]);
  deepEqual(await idsIn(table, { limit: 1, where: "id > 1" }), [2]);
  deepEqual(await idsIn(table, { limit: 0 }), []);
});

Deno.test("scan() refuses options that it does not have", async () => {
  await using table = await handmadeTable(Trade);
  await table.commit([]);
  const open = await TableState.open(table.path);
  const source = { layout: open.layout(), files: open.snapshot.files() };

  const misspelt = { wehre: "id = 1" } as ScanOptions;
  await rejects(Array.fromAsync(scan(source, misspelt)), { code: "UNKNOWN_OPTION" });
  for (const limit of [-1, 1.5, NaN]) {
    await rejects(Array.fromAsync(scan(source, { limit })), { code: "BAD_OPTION" });
  }
  await rejects(Array.fromAsync(scan(source, { where: "id =" })), { code: "BAD_EXPRESSION" });
});

Deno.test("scan() refuses types that were widened in a way it does not know", async () => {
  const widened = (fromType: string, toType: string) =>
    JSON.stringify({
      type: "struct",
      fields: [{
        name: "id",
        type: toType,
        nullable: true,
        metadata: { "delta.typeChanges": [{ fromType, toType }] },
      }],
    });
  const Id = s.struct({ id: s.integer().nullable() });
  for (
    const [from, to, isKnown] of [["integer", "long", true], ["integer", "string", false]] as const
  ) {
    await using table = await handmadeTable(Id, { schemaString: widened(from, to) });
    await table.commit([{ add: await table.dataFile([{ id: 7 }]) }]);
    if (isKnown) deepEqual(await idsIn(table), [7]);
    else await rejects(idsIn(table), /column "id": found type change .*"toType":"string"/);
  }
});

async function batchesOf(table: HandmadeTable, options: ScanOptions): Promise<Batch[]> {
  const open = await TableState.open(table.path);
  const source = { layout: open.layout(), files: open.snapshot.files() };
  return await Array.fromAsync(scan(source, options));
}

async function idsIn(table: HandmadeTable, options: ScanOptions = {}): Promise<number[]> {
  const batches = await batchesOf(table, options);
  ok(batches.every(({ numRows }) => numRows > 0));
  return batches.flatMap((batch) => [...batch.rows()].map(({ id }) => Number(id)));
}

/** Overwrites the beginning of a file, where the values of its first row group are. */
async function breakFirstRowGroup(path: string): Promise<void> {
  const file = await Deno.readFile(path);
  await Deno.writeFile(path, file.fill(0xff, MAGIC_BYTES, MAGIC_BYTES + 60));
}
