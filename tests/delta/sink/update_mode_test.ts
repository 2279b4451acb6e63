import { deepEqual, equal, match, notEqual, ok, rejects } from "assert";
import {
  Batch,
  type CommitOutcome,
  onFailpoint,
  type Row,
  schema as s,
  type SinkContext,
  type SinkWriter,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { delta, type DeltaOptions, DeltaTable } from "../../../lib/delta/mod.ts";
import { filesBelow } from "../../support/delta_log.ts";
import { microBatch, sinkContext } from "../../support/micro_batches.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Price = s.struct({
  symbol: s.string().nullable(),
  price: s.decimal(18, 8).nullable(),
  at: s.long().nullable(),
});
type PriceRow = Row<typeof Price>;

const price = (symbol: string | null, at: number | null): PriceRow => ({
  symbol,
  price: null,
  at: at === null ? null : BigInt(at),
});

Deno.test("delta() in update mode puts rows in the place of those with their key, in one commit", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1), price(null, 1), price("C", 1)]);

    const outcome = await commit(writer, 1, [price(null, 2), price("D", 2)], [
      price("A", 1),
      price("never there", 1),
    ]);

    deepEqual(outcome, { status: "committed", numOutputRows: 4, tableVersion: 1 });
    deepEqual(await symbols(path), ["C 1", "D 2", "null 2"]);
    const table = await DeltaTable.open(path);
    equal(table.txn("query-1")?.version, 1);
    const [newest] = await table.history();
    equal(newest?.operation, "STREAMING UPDATE");
    deepEqual(newest?.operationParameters, {
      outputMode: "Update",
      queryId: "query-1",
      epochId: "1",
    });
    equal(newest?.isBlindAppend, false);
    equal(newest?.operationMetrics?.numTargetRowsUpdated, "1");
    equal(newest?.operationMetrics?.numTargetRowsInserted, "1");
    equal(newest?.operationMetrics?.numTargetRowsDeleted, "1");
  }));

Deno.test("delta() takes the key of the query's result where no option names one", () =>
  withTable(async (path) => {
    const writer = await open({ path }, { keyColumns: ["symbol"] });
    await commit(writer, 0, [price("A", 1)]);
    await commit(writer, 1, [price("A", 2)]);
    deepEqual(await symbols(path), ["A 2"]);
  }));

Deno.test("delta() in update mode leaves files alone that no key can be in", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1), price("B", 1)]);
    await commit(writer, 1, [price("M", 1), price("N", 1)]);
    const [first] = (await DeltaTable.open(path)).files();
    await commit(writer, 2, [price("M", 2)]);
    ok((await DeltaTable.open(path)).files().some((file) => file.path === first?.path));
    deepEqual(await symbols(path), ["A 1", "B 1", "M 2", "N 1"]);
  }));

Deno.test("delta() marks rows as deleted by vectors where the table has them", () =>
  withTable(async (path) => {
    await DeltaTable.create(path, {
      schema: Price,
      properties: { "delta.enableDeletionVectors": "true" },
    });
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1), price("B", 1), price("C", 1)]);
    const [file] = (await DeltaTable.open(path)).files();
    await commit(writer, 1, [price("B", 2)], [price("C", 1)]);
    const kept = (await DeltaTable.open(path)).files().find(({ path }) => path === file?.path);
    equal(kept?.deletionVector?.cardinality, 2);
    deepEqual(await symbols(path), ["A 1", "B 2"]);
  }));

Deno.test("delta() tells the change data feed what became of each row", () =>
  withTable(async (path) => {
    await DeltaTable.create(path, {
      schema: Price,
      properties: { "delta.enableChangeDataFeed": "true" },
    });
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1), price("B", 1)]);
    await commit(writer, 1, [price("A", 2), price("C", 2)], [price("B", 1)]);
    const table = await DeltaTable.open(path);
    const changes = [];
    for await (const batch of table.changes({ from: 2 })) changes.push(...batch.rows());
    deepEqual(changes.map((row) => `${row._change_type} ${row.symbol} ${row.at}`).sort(), [
      "delete B 1",
      "insert C 2",
      "update_postimage A 2",
      "update_preimage A 1",
    ]);
  }));

Deno.test("delta() leaves columns that the rows do not have as they are", () =>
  withTable(async (path) => {
    const Wider = s.struct({
      seen: s.integer().nullable(),
      symbol: s.string().nullable(),
      price: s.decimal(18, 8).nullable(),
      at: s.long().nullable(),
    });
    const table = await DeltaTable.create(path, { schema: Wider, partitionBy: ["at"] });
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1), price("B", 1)]);
    await table.update({ set: { seen: "8" }, where: "symbol = 'A'" });
    await commit(writer, 1, [price("A", 2), price("B", 2)]);
    const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
    deepEqual(rows.map(({ symbol, at, seen }) => `${symbol} ${at} ${seen}`).sort(), [
      "A 2 8",
      "B 2 null",
    ]);
  }));

Deno.test("delta() compares structs in the key by their fields, and null equals null", () =>
  withTable(async (path) => {
    const Count = s.struct({
      window: s.struct({ start: s.timestamp(), end: s.timestamp() }),
      place: s.struct({ city: s.string().nullable() }).nullable(),
      value: s.double().nullable(),
      count: s.long(),
    });
    const writer = await delta({ path }).open({
      ...sinkContext(Count),
      outputMode: "update",
      keyColumns: ["window", "place", "value"],
    });
    const window = { start: 0n, end: 60_000_000n };
    const keys = [
      { place: { city: "Ulm" }, value: 0 },
      { place: { city: "Ulm" }, value: NaN },
      { place: { city: "Ulm" }, value: null },
      { place: { city: null }, value: 1 },
      { place: null, value: 1 },
    ];
    const rows = (count: bigint) => keys.map((key) => ({ window, ...key, count }));
    const again = rows(2n).slice(1);
    const write = async (batchId: number, batch: Row<typeof Count>[], gone: Row<typeof Count>[]) =>
      await (await writer.stage(microBatch(batchId, rowsOf(Count, batch), {
        deletes: rowsOf(Count, gone),
      }))).commit();
    await write(0, rows(1n), []);
    await write(1, again, [{ ...rows(0n)[0]!, value: -0 }]);
    await write(2, [], [again.at(-1)!]);
    const found = await Array.fromAsync((await DeltaTable.open(path)).rows());
    deepEqual(new Set(found), new Set(again.slice(0, -1)));
  }));

for (const isDelete of [false, true]) {
  const what = isDelete ? "both among the rows and among the deletes" : "twice among the rows";
  Deno.test(`delta() refuses a key that is ${what}`, () =>
    withTable(async (path) => {
      const writer = await open({ path, key: ["symbol"] });
      await commit(writer, 0, [price("A", 0)]);
      const before = await filesBelow(path);
      const rows = [price("A", 1), price(null, 1)];
      const twin = [price(null, 2)];
      const writing = isDelete
        ? commit(writer, 1, rows, twin)
        : commit(writer, 1, [...rows, ...twin]);
      await rejects(writing, (error: SluiceError) => {
        equal(error.code, "DUPLICATE_KEY");
        equal(error.retryable, false);
        match(error.message, /by key at symbol = null: found two rows/);
        return true;
      });
      deepEqual(await filesBelow(path), before);
      await commit(writer, 1, rows);
      deepEqual(await symbols(path), ["A 1", "null 1"]);
    }));
}

Deno.test("delta() with orderBy lets no older change undo a newer one", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"], orderBy: "at" });
    await commit(writer, 0, ["A", "B", "C", "D"].map((symbol) => price(symbol, 5)));
    await commit(writer, 1, [price("A", 4), price("B", null)], [price("C", 4), price("D", null)]);
    deepEqual(await symbols(path), ["A 5", "B 5", "C 5", "D 5"]);
    equal((await DeltaTable.open(path)).txn("query-1")?.version, 1);
    await commit(writer, 2, [price("A", 5), price("B", 6)], [price("C", 5)]);
    deepEqual(await symbols(path), ["A 5", "B 6", "D 5"]);
  }));

Deno.test("delta() with onDelete mark keeps rows whose keys are gone, and what they know", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"], orderBy: "at", onDelete: "mark" });
    const marks = async () =>
      (await Array.fromAsync((await DeltaTable.open(path)).rows()))
        .map(({ symbol, at, deleted }) => `${symbol} ${at} ${deleted}`).sort();
    await commit(writer, 0, [price("A", 1), price("B", 1)]);
    await commit(writer, 1, [], [price("A", 2), price("new", 2)]);
    deepEqual(await marks(), ["A 2 true", "B 1 false", "new 2 true"]);
    await commit(writer, 2, [price("A", 1), price("new", 1)]);
    deepEqual(await marks(), ["A 2 true", "B 1 false", "new 2 true"]);
    await commit(writer, 3, [price("A", 3)]);
    deepEqual(await marks(), ["A 3 false", "B 1 false", "new 2 true"]);
    deepEqual(writer.reject?.(rowsOf(Price, [price("A", 1)]), 0), []);
    await rejects(
      open({ path, key: ["symbol"], onDelete: "mark", deletedColumn: "gone" }),
      /column "gone": found no such column/,
    );
  }));

Deno.test("delta() notes a batch without changes in update mode", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, []);
    await commit(writer, 1, [price("A", 1)], []);
    await commit(writer, 2, [], []);
    equal(await writer.lastBatchId(), 2);
    equal((await DeltaTable.open(path)).files().length, 1);
  }));

const others: Record<string, { act: (table: DeltaTable) => Promise<unknown>; rows: string[] }> = {
  "appends a row of the same key": {
    act: (table) => table.append([price("D", 9)]),
    rows: ["A 1", "B 2", "D 2"],
  },
  "deletes a row that is to be changed": {
    act: (table) => table.delete({ where: "symbol = 'A' or symbol = 'B'" }),
    rows: ["B 2", "D 2"],
  },
  "rearranges the files": { act: (table) => table.optimize(), rows: ["A 1", "B 2", "D 2"] },
  "adds a column": {
    act: (table) => table.addColumns([{ name: "note", type: s.string().nullable() }]),
    rows: ["A 1", "B 2", "D 2"],
  },
};
for (const [what, { act, rows }] of Object.entries(others)) {
  Deno.test(`delta() writes a batch anew when another ${what} just before the commit`, () =>
    withTable(async (path) => {
      const writer = await open({ path, key: ["symbol"] });
      await commit(writer, 0, [price("A", 1), price("C", 1)]);
      await commit(writer, 1, [price("B", 1)]);
      const staged = await writer.stage(
        changes(2, [price("B", 2), price("D", 2)], [price("C", 1)]),
      );
      await act(await DeltaTable.open(path));

      const outcome = await staged.commit();

      deepEqual(outcome, { status: "committed", numOutputRows: 3, tableVersion: 3 });
      deepEqual(await symbols(path), rows);
      await everyFileIsNamed(path);
    }));
}

Deno.test("delta() writes a batch anew when another makes the table just before the commit", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    const staged = await writer.stage(changes(0, [price("A", 1)], [price("B", 1)]));
    const table = await DeltaTable.create(path, { schema: Price, partitionBy: ["at"] });
    await table.append([price("A", 0), price("B", 0), price("C", 0)]);

    await staged.commit();

    deepEqual(await symbols(path), ["A 1", "C 0"]);
    await everyFileIsNamed(path);
  }));

Deno.test("delta() judges a batch by what it looked at, though the writer has looked again since", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1)]);
    const staged = await writer.stage(changes(1, [price("A", 2), price("B", 2)]));
    await (await DeltaTable.open(path)).append([price("B", 1)]);
    await writer.lastBatchId();

    await staged.commit();

    deepEqual(await symbols(path), ["A 2", "B 2"]);
  }));

Deno.test("delta() refuses what another has made of the table while a batch was staged", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1)]);
    const staged = await writer.stage(changes(1, [price("A", 2)]));
    await (await DeltaTable.open(path)).setProperties({ "delta.appendOnly": "true" });
    await rejects(staged.commit(), { code: "APPEND_ONLY" });
    await everyFileIsNamed(path);
    await rejects(open({ path, key: ["symbol"] }), { code: "APPEND_ONLY" });
  }));

Deno.test("delta() in update mode refuses to go on in a table that was made anew under it", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1)]);
    await commit(writer, 1, [price("A", 2)]);
    const staged = await writer.stage(changes(2, [price("A", 3)]));
    await Deno.remove(path, { recursive: true });
    const table = await DeltaTable.create(path, { schema: Price });
    for (let i = 0; i < 4; i++) await table.append([price("B", i)]);
    await rejects(staged.commit(), { code: "PROGRESS_GAP" });
  }));

for (const point of ["delta:staged", "delta:committing", "delta:committed"]) {
  for (const restart of [false, true]) {
    const how = restart ? "a restart" : "another try of the same run";
    Deno.test(`delta() has an update once after a crash at ${point} and ${how}`, () =>
      withTable(async (path) => {
        let writer = await open({ path, key: ["symbol"] });
        await commit(writer, 0, [price("A", 1), price("B", 1)]);
        const batch = changes(1, [price("A", 2)], [price("B", 1)]);
        onFailpoint((name) => {
          if (name === point) throw new Error("crash");
        });
        await rejects(async () => await (await writer.stage(batch)).commit(), /crash/);
        onFailpoint(undefined);

        if (restart) writer = await open({ path, key: ["symbol"] });
        const outcome = await (await writer.stage(batch)).commit();

        const landed = point === "delta:committed";
        equal(outcome.status, landed && restart ? "alreadyCommitted" : "committed");
        deepEqual(await symbols(path), ["A 2"]);
        equal((await DeltaTable.open(path)).version, 1);
        // A replay of the batch before, by whichever run, does not bring the old row back.
        const replayed = await (await writer.stage(changes(0, [price("A", 1)]))).commit();
        equal(replayed.status, "alreadyCommitted");
        deepEqual(await symbols(path), ["A 2"]);
      }));
  }
}

Deno.test("delta() lets one of two runs of a query have an update, and removes the other's files", () =>
  withTable(async (path) => {
    await commit(await open({ path, key: ["symbol"] }), 0, [price("A", 1)]);
    const runs = [await open({ path, key: ["symbol"] }), await open({ path, key: ["symbol"] })];
    const staged = [];
    for (const run of runs) staged.push(await run.stage(changes(1, [price("A", 2)])));

    const outcomes: CommitOutcome[] = [];
    for (const batch of staged) outcomes.push(await batch.commit());

    deepEqual(outcomes.map(({ status }) => status), ["committed", "alreadyCommitted"]);
    deepEqual(await symbols(path), ["A 2"]);
    equal((await DeltaTable.open(path)).version, 1);
    await everyFileIsNamed(path);
  }));

Deno.test("delta() takes back the files of an update that is given up", () =>
  withTable(async (path) => {
    const writer = await open({ path, key: ["symbol"] });
    await commit(writer, 0, [price("A", 1)]);
    const before = await filesBelow(path);
    await (await writer.stage(changes(1, [price("A", 2), price("B", 2)]))).abort();
    deepEqual(await filesBelow(path), before);
  }));

Deno.test("delta() refuses a key that it cannot look rows up by", () =>
  withTable(async (path) => {
    const Nested = s.struct({
      tags: s.array(s.string()),
      place: s.struct({ codes: s.array(s.long()) }),
      id: s.long(),
    });
    for (const key of ["tags", "place"]) {
      await rejects(
        delta({ path, key: [key] }).open({ ...sinkContext(Nested), outputMode: "update" }),
        (error: SluiceError) => {
          equal(error.code, "BAD_OPTION");
          match(error.message, new RegExp(`option "key": found "${key}" .*without arrays`));
          return true;
        },
      );
    }
    await rejects(delta({ path, key: ["id"] }).open(sinkContext(Nested)), { code: "BAD_OPTION" });
  }));

Deno.test("a folder has one target id, however it is spelt, before and after the table is there", () =>
  withTable(async (path) => {
    const idOf = async (spelling: string) => (await open({ path: spelling, key: ["at"] })).targetId;
    const parent = path.slice(0, path.lastIndexOf("/"));
    const before = await idOf(path);
    await commit(await open({ path, key: ["symbol"] }), 0, [price("A", 1)]);
    await Deno.symlink(parent, `${parent}-link`);
    try {
      const spellings = [path, `${path}//`, `${parent}/x/../table`, `file://${path}`];
      for (const spelling of [...spellings, `${parent}-link/table`]) {
        equal(await idOf(spelling), before, spelling);
      }
      notEqual(await idOf(`${parent}/other`), before);
    } finally {
      await Deno.remove(`${parent}-link`);
    }
  }));

function open(options: DeltaOptions, more: Partial<SinkContext> = {}): Promise<SinkWriter> {
  return delta(options).open({ ...sinkContext(Price), outputMode: "update", ...more });
}

function rowsOf<R>(schema: ReturnType<typeof s.struct>, rows: readonly R[]): Batch {
  const batch = new Batch(schema) as Batch;
  for (const row of rows) batch.append(row as Record<string, unknown>);
  return batch;
}

function changes(batchId: number, rows: readonly PriceRow[], deletes?: readonly PriceRow[]) {
  const more = deletes === undefined ? {} : { deletes: rowsOf(Price, deletes) };
  return microBatch(batchId, rowsOf(Price, rows), more);
}

async function commit(
  writer: SinkWriter,
  batchId: number,
  rows: readonly PriceRow[],
  deletes?: readonly PriceRow[],
): Promise<CommitOutcome> {
  return await (await writer.stage(changes(batchId, rows, deletes))).commit();
}

async function symbols(path: string): Promise<string[]> {
  const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
  return rows.map(({ symbol, at }) => `${symbol} ${at}`).sort();
}

/** Nothing is left of files that were written for a commit that never came. */
async function everyFileIsNamed(path: string): Promise<void> {
  const named = new Set<string>();
  const { version } = await DeltaTable.open(path);
  for (let i = 0; i <= version; i++) {
    for (const file of (await DeltaTable.open(path, i)).files()) named.add(file.path);
  }
  const files = (await filesBelow(path)).filter((name) => name.endsWith(".parquet"));
  deepEqual(files.filter((name) => !named.has(encodeURI(name))), []);
}

async function withTable(test: (path: string) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  try {
    await test(`${folder.path}/table`);
  } finally {
    onFailpoint(undefined);
  }
}
