import { ok } from "assert";
import { SluiceError } from "../../lib/core/mod.ts";
import { tableHistory } from "../../lib/delta/log/table_history.ts";
import { writeCheckpoint } from "../../lib/delta/log/write_checkpoint.ts";
import { readChanges } from "../../lib/delta/scan/change_feed.ts";
import { scan } from "../../lib/delta/scan/scan.ts";
import { tableDetail } from "../../lib/delta/scan/table_detail.ts";
import { TableState } from "../../lib/delta/table_state.ts";
import { filesBelow } from "../support/delta_log.ts";
import { type HandmadeTable, handmadeTable, inlineVector } from "../support/handmade_table.ts";
import { Random } from "../support/random.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";

const SEED = 20241121;
const ROUNDS = 200;

Deno.test(`a table with a broken file is read, or refused with an error that says why (seed ${SEED})`, async () => {
  await using table = await manifoldTable();
  await readEverything(table.path);
  const random = new Random(SEED);
  const logged = await Array.fromAsync(Deno.readDir(`${table.path}/_delta_log`));
  const files = [
    ...logged.map(({ name }) => `_delta_log/${name}`),
    ...await filesBelow(table.path),
  ].sort();
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const path = `${table.path}/${random.pick(files)}`;
    const whole = await Deno.readFile(path);
    const broken = mutated(whole, random);
    await Deno.writeFile(path, broken);
    try {
      await readEverything(table.path);
    } catch (error) {
      const place = `round ${round}, ${path}`;
      ok(error instanceof SluiceError, `${place}: ${error instanceof Error && error.stack}`);
      ok(error.details.found !== undefined, `${place}: ${error.message}`);
      refused++;
    } finally {
      await Deno.writeFile(path, whole);
    }
  }
  ok(refused > ROUNDS / 10 && refused < ROUNDS, `${refused} of ${ROUNDS} refused`);
});

/** A table that has most of what a table can have, in as few bytes as that takes. */
async function manifoldTable(): Promise<HandmadeTable> {
  const table = await handmadeTable(EveryType, {
    configuration: { "delta.enableChangeDataFeed": "true" },
  });
  const rows = (first: number) => [...everyTypeBatch(first, 8).rows()];
  const stats = '{"numRecords":8,"minValues":{"id":0},"maxValues":{"id":7},"nullCount":{"id":0}}';
  const file = await table.dataFile(rows(0), { stats, path: "a.parquet" });
  const deletionVector = inlineVector([1, 5]);
  await table.commit([{ commitInfo: { operation: "WRITE" } }, { add: file }]);
  await table.commit([
    { add: { ...file, deletionVector } },
    { remove: { path: file.path, dataChange: true, deletionTimestamp: Date.now() } },
    { txn: { appId: "query", version: 1 } },
  ]);
  const { snapshot, store } = await TableState.open(table.path);
  await writeCheckpoint(store, snapshot, Date.now());
  await Deno.remove(`${table.path}/_delta_log/${"0".repeat(20)}.json`);
  await table.commit([
    { add: await table.dataFile(rows(8), { path: "b.parquet", maxRowGroupRows: 3 }) },
  ]);
  return table;
}

async function readEverything(path: string): Promise<void> {
  const table = await TableState.open(path);
  const source = { layout: table.layout(), files: [...table.snapshot.files()] };
  await Array.fromAsync(scan(source), (batch) => [...batch.rows()]);
  await Array.fromAsync(scan(source, { where: "id > 3 AND address.street <> 'x'" }));
  await Array.fromAsync(readChanges(table, { from: 1 }));
  await tableHistory(table);
  await tableDetail(table);
}

/** Some bytes with a few of them changed, cut off, or doubled. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.integer(0, 255));
  const at = random.integer(0, bytes.length - 1);
  switch (random.integer(0, 4)) {
    case 0:
      return bytes.slice(0, at);
    case 1: {
      const end = Math.min(bytes.length, at + random.integer(1, 40));
      return Uint8Array.from([...bytes.slice(0, end), ...bytes.slice(at)]);
    }
    default: {
      const copy = bytes.slice();
      for (let i = random.integer(1, 4); i > 0; i--) {
        copy[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
      }
      return copy;
    }
  }
}
