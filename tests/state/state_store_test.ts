import { deepEqual, equal, ok, rejects, throws } from "assert";
import { DatabaseSync } from "node:sqlite";
import { onFailpoint } from "../../lib/core/mod.ts";
import { StateStore } from "../../lib/state/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

const KEY = Uint8Array.of(1);
const OTHER_KEY = Uint8Array.of(2);
const VALUE = Uint8Array.of(42);

Deno.test("what is committed is there when the file is opened again, with its batch and its notes", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/checkpoint/state/state.db`;
  {
    using store = await StateStore.open({ path });
    deepEqual([store.batchId, store.notes], [-1, {}]);
    const table = store.operator("0", "dedupe on id").table("seen");
    store.begin(0);
    table.put(KEY, VALUE, 7n);
    await store.commit({ watermarks: { a: 5 } });
    store.begin(1);
    table.put(OTHER_KEY, VALUE);
  }
  using store = await StateStore.open({ path });
  deepEqual([store.batchId, store.notes], [0, { watermarks: { a: 5 } }]);
  const operator = store.operator("0", "dedupe on id");
  deepEqual([...operator.table("seen").entries()], [{ key: KEY, value: VALUE, timeMicros: 7n }]);
  equal(operator.numRowsTotal, 1);
  ok(store.sizeBytes > 4096 && store.sizeBytes < 100_000, String(store.sizeBytes));
  store.close();
  store.close();
});

Deno.test("only the batch behind the newest can be begun, and one at a time", async () => {
  using store = await inMemory();
  throws(() => store.begin(1), { code: "STATE_BEHIND" });
  await rejects(store.commit({}), { code: "STATE_NOT_BEGUN" });
  store.begin(0);
  throws(() => store.begin(0), { code: "STATE_NOT_COMMITTED" });
  await rejects(store.transaction(() => {}), { code: "STATE_NOT_COMMITTED" });
  await store.commit({});
  await rejects(store.commit({}), { code: "STATE_NOT_BEGUN" });
  throws(() => store.begin(0), { code: "STATE_AHEAD", message: /found the state of batch 0/ });
  throws(() => store.begin(2), { code: "STATE_BEHIND" });
  store.rollback();
  store.begin(1);
  store.rollback();
  store.rollback();
  store.begin(1);
  await store.commit({});
  equal(store.batchId, 1);
});

Deno.test("outside of a batch nothing is written, but read", async () => {
  using store = await inMemory();
  const table = store.operator("0", "any").table("t");
  throws(() => table.put(KEY, VALUE), { code: "STATE_NOT_BEGUN" });
  throws(() => table.putIfAbsent(KEY, VALUE), { code: "STATE_NOT_BEGUN" });
  throws(() => table.remove(KEY), { code: "STATE_NOT_BEGUN" });
  throws(() => table.removeUpTo(0n), { code: "STATE_NOT_BEGUN" });
  equal(table.get(KEY), undefined);
  equal(table.numRows, 0);
  deepEqual([...table.entries()], []);
});

Deno.test("rows are counted in all, and those written and removed since the batch began", async () => {
  using store = await inMemory();
  const operator = store.operator("0", "any");
  const [left, right] = [operator.table("left"), operator.table("right")];
  const counts = () => [operator.numRowsTotal, operator.numRowsUpdated, operator.numRowsRemoved];
  store.begin(0);
  left.put(KEY, VALUE, 1n);
  left.put(KEY, VALUE, 2n);
  right.put(KEY, VALUE, 3n);
  equal(right.putIfAbsent(KEY, VALUE), false);
  equal(right.putIfAbsent(OTHER_KEY, VALUE, 3n), true);
  deepEqual(counts(), [3, 4, 0]);
  await store.commit({});
  deepEqual(counts(), [3, 4, 0], "they are to be read behind the commit");

  store.begin(1);
  deepEqual(counts(), [3, 0, 0]);
  equal(right.removeUpTo(3n), 2);
  equal(left.remove(OTHER_KEY), false);
  deepEqual(counts(), [1, 0, 2]);
  store.rollback();
  deepEqual(counts(), [3, 0, 0]);
  deepEqual([left.numRows, right.numRows], [1, 2]);
});

Deno.test("state of another description is refused, with both and what to do", async () => {
  const database = new DatabaseSync(":memory:");
  const open = () => StateStore.open({ database: () => database });
  const first = await open();
  first.operator("0", "dedupe on id: long");
  first.operator("1", "dedupe on name: string");
  throws(() => first.operator("1", "dedupe on name: binary"), { code: "STATE_MISMATCH" });
  first.begin(0);
  await first.commit({});

  const second = await open();
  throws(() => second.operator("0", "dedupe on id: integer"), {
    code: "STATE_MISMATCH",
    message: 'Cannot go on with the state of operator "0" at a database of the caller: found ' +
      "dedupe on id: long, wanted dedupe on id: integer. The query was changed since its last run: " +
      "change it back, or start it anew with another checkpointLocation",
  });
  throws(() => second.operator("2", "new"), {
    code: "STATE_MISMATCH",
    message: /found no state of this operator, wanted new/,
  });
  second.operator("0", "dedupe on id: long");
  throws(() => second.begin(1), {
    code: "STATE_MISMATCH",
    message: /found dedupe on name: string, wanted no such operator/,
  });
  second.operator("1", "dedupe on name: string");
  second.begin(1);
  database.close();
});

Deno.test("a description that no batch was committed with does not bind the next run", async () => {
  const database = new DatabaseSync(":memory:");
  const first = await StateStore.open({ database: () => database });
  first.operator("0", "dedupe on id: long").table("seen");
  first.begin(0);
  first.rollback();
  const second = await StateStore.open({ database: () => database });
  equal(second.operator("0", "dedupe on id: integer").table("seen").numRows, 0);
  database.close();
});

Deno.test("a table that is made in a batch is there, and empty, when the batch is rolled back", async () => {
  using store = await inMemory();
  const operator = store.operator("0", "any");
  store.begin(0);
  const table = operator.table("made within");
  table.put(KEY, VALUE);
  store.rollback();
  deepEqual([...table.entries()], []);
  equal(operator.table("made within"), table);
  store.begin(0);
  table.put(OTHER_KEY, VALUE);
  const other = operator.table("another");
  other.put(KEY, VALUE);
  await store.commit({});
  deepEqual([...table.entries()].map(({ key }) => key), [OTHER_KEY]);
  deepEqual([other.numRows, operator.numRowsTotal], [1, 2]);
});

Deno.test("tables of other operators and of names that differ in case are others", async () => {
  using store = await inMemory();
  const tables = [
    store.operator("1", "any").table("t"),
    store.operator("1", "any").table("T"),
    store.operator("11", "any").table("t"),
    store.operator('"; DROP TABLE batch', "any").table("'"),
  ];
  store.begin(0);
  for (const [i, table] of tables.entries()) table.put(KEY, Uint8Array.of(i));
  await store.commit({});
  deepEqual(tables.map((table) => table.get(KEY)), [0, 1, 2, 3].map((i) => Uint8Array.of(i)));
});

Deno.test("a transaction outside of the batches is kept as a whole or not at all", async () => {
  const database = new DatabaseSync(":memory:");
  const first = await StateStore.open({ database: () => database });
  const table = first.operator("0", "a copy").table("copy");
  const count = await first.transaction(async () => {
    table.put(KEY, VALUE);
    await Promise.resolve();
    throws(() => first.begin(0), { code: "STATE_NOT_COMMITTED" });
    await rejects(first.commit({}), { code: "STATE_NOT_BEGUN" });
    return table.numRows;
  });
  equal(count, 1);
  await rejects(
    first.transaction(() => {
      table.remove(KEY);
      throw new Error("the table went away");
    }),
    /the table went away/,
  );
  deepEqual([table.numRows, table.get(KEY)], [1, VALUE]);
  first.begin(0);
  first.rollback();

  const second = await StateStore.open({ database: () => database });
  const again = second.operator("0", "a copy").table("copy");
  deepEqual([second.batchId, again.numRows, again.get(KEY)], [-1, 1, VALUE]);
  throws(() => second.operator("0", "another copy"), { code: "STATE_MISMATCH" });
  second.begin(0);
  second.rollback();
  equal(again.numRows, 1);
  database.close();
});

Deno.test("a failure before the commit leaves the batch open, one behind it leaves it committed", async () => {
  using store = await inMemory();
  const table = store.operator("0", "any").table("t");
  const failing = async (failpoint: string) => {
    onFailpoint((name) => {
      if (name === failpoint) throw new Error(failpoint);
    });
    try {
      store.begin(store.batchId + 1);
      table.put(KEY, VALUE);
      await rejects(store.commit({ of: failpoint }), new RegExp(failpoint));
      store.rollback();
    } finally {
      onFailpoint(undefined);
    }
  };
  await failing("state:committing");
  deepEqual([store.batchId, table.numRows, store.notes], [-1, 0, {}]);
  await failing("state:committed");
  deepEqual([store.batchId, table.numRows, store.notes], [0, 1, { of: "state:committed" }]);
});

Deno.test("a commit that fails takes the batch back", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await StateStore.open({ database: () => database });
  const table = store.operator("0", "any").table("t");
  store.begin(0);
  table.put(KEY, VALUE);
  onFailpoint((name) => {
    // As SQLite does by itself when the disk fails.
    if (name === "state:committing") database.exec("ROLLBACK");
  });
  try {
    await rejects(store.commit({ a: 1 }), { code: "STATE_FAILED" });
  } finally {
    onFailpoint(undefined);
  }
  deepEqual([store.batchId, store.notes, table.numRows], [-1, {}, 0]);
  store.begin(0);
  table.put(KEY, VALUE);
  await store.commit({ a: 2 });
  deepEqual([store.batchId, store.notes, table.numRows], [0, { a: 2 }, 1]);
  database.close();
});

async function inMemory(): Promise<StateStore> {
  const database = new DatabaseSync(":memory:");
  return await StateStore.open({ database: () => database });
}
