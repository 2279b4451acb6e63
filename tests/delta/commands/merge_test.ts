import { deepEqual, equal, rejects, throws } from "assert";
import { Batch, Decimal, schema as s } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { addColumns } from "../../../lib/delta/commands/define/alter_columns.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../../lib/delta/commands/change/delete_rows.ts";
import { merge } from "../../../lib/delta/commands/merge/merge.ts";
import type { RowSource } from "../../../lib/delta/commands/write/row_source.ts";
import { localLogStore } from "../../../lib/delta/log/local_log_store.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { interrupted } from "../../support/log_store_faults.ts";
import { overtaken } from "../../support/overtaken.ts";
import { tempFolder } from "../../support/temp_folder.ts";

const Account = s.struct({
  id: s.long(),
  owner: s.string().nullable(),
  balance: s.double().nullable(),
});
const ON = { on: "target.id = source.id" };

const account = (id: number, owner: string | null, balance: number | null) => ({
  id: BigInt(id),
  owner,
  balance,
});

/** A table with ids 1 to 4, in two files. */
async function accounts(
  path: string,
  properties: Record<string, string> = {},
): Promise<TableState> {
  const table = await createTable(path, { schema: Account, properties });
  await appendRows(table, [account(1, "ann", 10), account(2, "bob", 20)]);
  await appendRows(table, [account(3, "cem", 30), account(4, null, 40)]);
  return table;
}

async function owners(path: string): Promise<string[]> {
  return (await rowsOf(path, "id")).map(({ id, owner, balance }) => `${id} ${owner} ${balance}`);
}

Deno.test("merge() applies the changes of a source: updates, deletes, inserts", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const changes = [
    { op: "u", ...account(1, "anna", 11) },
    { op: "d", ...account(2, null, null) },
    { op: "u", ...account(5, "eve", 50) },
    { op: "d", ...account(6, null, null) },
  ];

  const result = await merge(table, changes, {
    on: "t.id = s.id",
    targetAlias: "t",
    sourceAlias: "s",
  })
    .whenMatchedDelete({ condition: "s.op = 'd'" })
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll({ condition: "s.op <> 'd'" })
    .execute();

  deepEqual(await owners(folder.path), ["1 anna 11", "3 cem 30", "4 null 40", "5 eve 50"]);
  const { numSourceRows, numTargetRowsInserted, numTargetRowsUpdated, numTargetRowsDeleted } =
    result;
  deepEqual([numSourceRows, numTargetRowsInserted, numTargetRowsUpdated, numTargetRowsDeleted], [
    4,
    1,
    1,
    1,
  ]);
  const [info] = await actionsOf(folder.path, 3);
  equal(info?.commitInfo?.operation, "MERGE");
  deepEqual(info?.commitInfo?.operationParameters, {
    predicate: '["t.id = s.id"]',
    matchedPredicates: `[{"predicate":"s.op = 'd'","actionType":"delete"},{"actionType":"update"}]`,
    notMatchedPredicates: `[{"predicate":"s.op <> 'd'","actionType":"insert"}]`,
    notMatchedBySourcePredicates: "[]",
  });
  equal(info?.commitInfo?.operationMetrics?.["numTargetRowsDeleted"], "1");
});

Deno.test("merge() of rows that match none adds a file and leaves the others", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);

  const result = await merge(table, [account(3, "x", 0), account(9, "new", 9)], ON)
    .whenNotMatchedInsert({ values: { id: "source.id", "target.owner": "upper(owner)" } })
    .execute();

  equal(result.numTargetFilesAdded, 1);
  equal(result.numTargetFilesRemoved, 0);
  deepEqual((await owners(folder.path)).at(-1), "9 NEW null");
});

Deno.test("merge() opens no file whose statistics rule out every key of the source", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const upToTwo = Array.from(table.snapshot.files())
    .find(({ stats }) => JSON.parse(stats ?? "").maxValues.id === 2);
  await Deno.remove(`${folder.path}/${upToTwo?.path}`);

  const result = await merge(table, [account(0, "z", 0), account(4, "dora", 44)], ON)
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute();

  equal(result.numTargetRowsUpdated, 1);
  equal(result.numTargetRowsInserted, 1);
});

Deno.test("merge() refuses several rows of the source for one of the table, and names its key", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const twice = [account(3, "x", 1), account(3, "y", 2)];
  const before = await filesBelow(folder.path);

  await rejects(merge(table, twice, ON).whenMatchedUpdateAll().execute(), {
    code: "MERGE_CARDINALITY",
    message: /target\.id = 3/,
  });
  const conditional = merge(table, twice, ON).whenMatchedDelete({ condition: "owner IS NULL" });
  // The column is in both, so that it has to say whose.
  await rejects(conditional.execute(), { code: "BAD_EXPRESSION" });
  deepEqual(await filesBelow(folder.path), before);

  const result = await merge(table, twice, ON).whenMatchedDelete().execute();
  equal(result.numTargetRowsDeleted, 1);
  const inserted = await merge(table, twice, ON).whenNotMatchedInsertAll().execute();
  equal(inserted.numTargetRowsInserted, 2);
});

Deno.test("merge() changes rows that the source does not have", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);

  const result = await merge(table, [account(1, null, null)], ON)
    .whenNotMatchedBySourceUpdate({ set: { owner: "'gone'" }, condition: "target.balance < 40" })
    .whenNotMatchedBySourceDelete()
    .execute();

  deepEqual(await owners(folder.path), ["1 ann 10", "2 gone 20", "3 gone 30"]);
  equal(result.numTargetRowsNotMatchedBySourceUpdated, 2);
  equal(result.numTargetRowsNotMatchedBySourceDeleted, 1);
});

Deno.test("merge() commits nothing if nothing is to change", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);

  const result = await merge(table, [account(9, null, null)], ON).whenMatchedUpdateAll().execute();
  const empty = await merge(table, [], ON).whenMatchedDelete().whenNotMatchedInsertAll().execute();

  equal(result.version, undefined);
  equal(empty.version, undefined);
  equal(table.snapshot.version, 2);
});

Deno.test("merge() of no rows deletes what the source does not have, whatever its clauses name", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);

  const result = await merge(table, [], ON)
    .whenMatchedDelete({ condition: "source.op = 'd'" })
    .whenMatchedUpdateAll()
    .whenNotMatchedBySourceDelete({ condition: "target.id > 1" })
    .execute();

  equal(result.numTargetRowsDeleted, 3);
  deepEqual(await owners(folder.path), ["1 ann 10"]);
});

Deno.test("merge() with a txn is done once", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const run = (version: number) =>
    merge(table, [account(1, "ann", 1)], { ...ON, txn: { appId: "cdc", version } })
      .whenMatchedUpdate({ set: { balance: "target.balance + source.balance" } })
      .execute();

  equal((await run(7)).skipped, false);
  equal((await run(7)).skipped, true);
  equal((await run(6)).skipped, true);
  equal((await run(8)).version, 4);

  equal((await owners(folder.path))[0], "1 ann 12");
  equal((await TableState.open(folder.path)).snapshot.txn("cdc")?.version, 8);
});

Deno.test("merge() adds the source's columns to the table if mergeSchema is set", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const source = new Batch(s.struct({ id: s.long(), since: s.date().nullable() }));
  source.append({ id: 1n, since: 19_000 });
  source.append({ id: 7n, since: null });

  const strict = merge(table, source as Batch, ON).whenMatchedUpdateAll();
  await rejects(strict.execute(), { code: "UNKNOWN_COLUMN", message: /owner/ });
  await merge(table, source as Batch, { ...ON, mergeSchema: true })
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute();

  const rows = await rowsOf(folder.path, "id");
  deepEqual(rows[0], { id: 1n, owner: "ann", balance: 10, since: 19_000 });
  deepEqual(rows[1], { id: 2n, owner: "bob", balance: 20, since: null });
  deepEqual(rows[4], { id: 7n, owner: null, balance: null, since: null });
});

Deno.test("merge() joins keys of every type, also where the two sides differ in it", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({
    i: s.integer(),
    d: s.decimal(10, 2),
    day: s.date(),
    name: s.string(),
    n: s.integer().nullable(),
  });
  const table = await createTable(folder.path, { schema });
  const price = Decimal.parse("1.50");
  await appendRows(table, [
    { i: 1, d: price, day: 5, name: "é", n: null },
    { i: 2, d: price, day: 6, name: "b", n: null },
  ]);
  const source = new Batch(
    s.struct({ i: s.long(), d: s.decimal(12, 4), day: s.date(), name: s.string(), n: s.integer() }),
  );
  source.append({ i: 1n, d: Decimal.parse("1.5000"), day: 5, name: "é", n: 1 });
  source.append({ i: 2n ** 40n, d: Decimal.parse("1.5001"), day: 6, name: "b", n: 1 });

  for (const key of ["i", "day", "name", "d"]) {
    const result = await merge(table, source as Batch, {
      on: `target.${key} = source.${key} AND source.i = 1`,
    }).whenMatchedUpdate({ set: { n: "coalesce(target.n, 0) + source.n" } })
      .execute();
    // The scale does not matter to what is equal: both rows have the price.
    equal(result.numTargetRowsUpdated, key === "d" ? 2 : 1, key);
  }

  deepEqual((await rowsOf(folder.path, "i")).map(({ n }) => n), [4, 1]);
});

Deno.test("merge() is planned anew if another writer changes a file that it read", async () => {
  await using folder = await tempFolder();
  await accounts(folder.path);
  const table = await overtaken(folder.path, async (other) => {
    await merge(other, [account(2, "bob", 1)], ON)
      .whenMatchedUpdate({ set: { balance: "target.balance + source.balance" } })
      .execute();
  });

  await merge(table, [account(2, "bob", 100), account(8, "new", 8)], ON)
    .whenMatchedUpdate({ set: { balance: "target.balance + source.balance" } })
    .whenNotMatchedInsertAll()
    .execute();

  deepEqual((await owners(folder.path)).slice(1), [
    "2 bob 121",
    "3 cem 30",
    "4 null 40",
    "8 new 8",
  ]);
});

Deno.test("merge() inserts a row that another writer deletes meanwhile with its whole file", async () => {
  await using folder = await tempFolder();
  await accounts(folder.path);
  const table = await overtaken(folder.path, async (other) => {
    await deleteRows(other, { where: "id >= 3" });
  });

  const result = await merge(table, [account(3, "new", 3), account(9, "new", 9)], ON)
    .whenNotMatchedInsertAll()
    .execute();

  equal(result.numTargetRowsInserted, 2);
  deepEqual((await owners(folder.path)).slice(2), ["3 new 3", "9 new 9"]);
});

Deno.test("merge() reads a source that can be read only once, whatever comes first", async () => {
  await using folder = await tempFolder();
  await accounts(folder.path);
  let others = 2;
  const store = interrupted(localLogStore(folder.path), {
    async before() {
      if (others-- <= 0) return;
      await appendRows(await TableState.open(folder.path), [account(100 + others, "other", 0)]);
    },
  });
  const table = await TableState.open(folder.path, { store });
  async function* once() {
    yield await Promise.resolve(account(100, "mine", 1));
    yield account(101, "mine", 2);
  }

  const result = await merge(table, once(), ON)
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute();

  equal(result.numTargetRowsUpdated, 2);
  deepEqual((await owners(folder.path)).slice(-2), ["100 mine 1", "101 mine 2"]);
});

Deno.test("merge() reads objects as the newest columns have them", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  await addColumns(await TableState.open(folder.path), [
    { name: "since", type: s.date().nullable() },
  ]);

  await merge(table, [{ ...account(1, "ann", 11), since: 19_723 }], ON)
    .whenMatchedUpdateAll().execute();

  equal((await rowsOf(folder.path, "id"))[0]?.since, 19_723);
});

Deno.test("merge() leaves nothing behind if a constraint refuses a row", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path, { "delta.constraints.solvent": "balance >= 0" });
  const before = await filesBelow(folder.path);

  await rejects(
    merge(table, [account(1, "ann", 1), account(9, "new", -1)], ON)
      .whenMatchedUpdateAll()
      .whenNotMatchedInsertAll()
      .execute(),
    { code: "CONSTRAINT_VIOLATED", message: /solvent/ },
  );

  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("merge() into a table that only grows may insert", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path, { "delta.appendOnly": "true" });
  const source = [account(1, "ann", 1), account(9, "new", 9)];

  const result = await merge(table, source, ON).whenNotMatchedInsertAll().execute();

  equal(result.numTargetRowsInserted, 1);
  await rejects(merge(table, source, ON).whenMatchedUpdateAll().execute(), { code: "APPEND_ONLY" });
});

Deno.test("merge() names the row and column of a source that it cannot read", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const run = (source: RowSource) => merge(table, source, ON).whenMatchedUpdateAll().execute();

  await rejects(run([account(1, null, 1), { ...account(2, null, 1), id: "two" }]), {
    code: "BAD_VALUE",
    message: /row 1, column "id"/,
  });
  await rejects(run([{ id: 1n, tags: ["a"] }]), { code: "BAD_VALUE", message: /"tags"/ });
  const [one, other] = [
    new Batch(Account) as Batch,
    new Batch(s.struct({ id: s.long() })) as Batch,
  ];
  await rejects(run([one, other]), { code: "SCHEMA_MISMATCH" });
});

Deno.test("merge() names what is wrong with it", async () => {
  await using folder = await tempFolder();
  const table = await accounts(folder.path);
  const source = [account(1, "ann", 1)];

  await rejects(merge(table, source, ON).execute(), { code: "BAD_MERGE" });
  await rejects(
    merge(table, source, ON).whenMatchedDelete().whenMatchedUpdateAll().execute(),
    { code: "BAD_MERGE" },
  );
  await rejects(
    merge(table, source, ON).whenNotMatchedInsert({ values: {} }).execute(),
    { code: "BAD_MERGE" },
  );
  const nested = await createTable(`${folder.path}/nested`, {
    schema: s.struct({ id: s.long(), place: s.struct({ city: s.string() }).nullable() }),
  });
  await rejects(
    merge(nested, source, ON)
      .whenNotMatchedInsert({ values: { id: "source.id", "place.city": "'Bonn'" } }).execute(),
    { code: "BAD_MERGE", message: /place\.city/ },
  );
  await rejects(merge(table, source, { on: "id = 1" }).whenMatchedDelete().execute(), {
    code: "BAD_EXPRESSION",
  });
  await rejects(
    merge(table, source, ON).whenMatchedUpdate({ set: { nope: "1" } }).execute(),
    { code: "UNKNOWN_COLUMN" },
  );
  await rejects(
    merge(table, source, ON).whenNotMatchedInsert({ values: { id: "target.id" } }).execute(),
    { code: "BAD_EXPRESSION" },
  );
  const named = { on: "true", targetAlias: "x", sourceAlias: "X" };
  await rejects(merge(table, source, named).whenMatchedDelete().execute(), { code: "BAD_OPTION" });
  const strange = { ...ON, matchAll: true };
  await rejects(merge(table, source, strange).whenMatchedDelete().execute(), {
    code: "UNKNOWN_OPTION",
  });
  const misspelt = { condition: "true", where: "true" };
  throws(() => merge(table, source, ON).whenMatchedDelete(misspelt), { code: "UNKNOWN_OPTION" });
});
