import { deepEqual, equal, throws } from "assert";
import {
  Batch,
  type Row,
  type Schema,
  schema as s,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { applyChanges, renameColumn } from "../../../lib/transforms/mod.ts";
import { Random } from "../../support/random.ts";
import { batchOf, cut, randomFaults, sortedTexts } from "../random_batches.ts";
import { OperatorRunner } from "../run_operator.ts";

const Change = s.struct({
  id: s.integer(),
  region: s.string(),
  title: s.string().nullable(),
  body: s.binary().nullable(),
  tags: s.array(s.string()).nullable(),
  __op: s.string(),
  __source_ts: s.timestamp().nullable(),
  __position: s.string().nullable(),
  __deleted: s.boolean(),
  __unavailable: s.array(s.string()),
});
type ChangeRow = Row<typeof Change>;

const KEY = ["id", "region"] as const;
const TOASTED = ["title", "body", "tags"] as const;

/** What a table is at some point. */
type Table = Map<string, Pick<ChangeRow, typeof KEY[number] | typeof TOASTED[number]>>;

const keyOf = ({ id, region }: { id: number; region: string }) => `${id} ${region}`;

/** Changes of a table, one after the other, as Debezium tells them of a table with TOAST columns. */
function randomChanges(random: Random, count: number): ChangeRow[] {
  const table: Table = new Map();
  return Array.from({ length: count }, (_, i) => {
    const key = { id: random.integer(1, 3), region: random.pick(["eu", "us"]) };
    const before = table.get(keyOf(key));
    const told = {
      __source_ts: null,
      __position: String(i).padStart(5, "0"),
      __unavailable: [] as string[],
    };
    if (before !== undefined && random.next() < 0.2) {
      table.delete(keyOf(key));
      const gone = { title: null, body: null, tags: null };
      return { ...key, ...gone, ...told, __op: "d", __deleted: true, __unavailable: [...TOASTED] };
    }
    const values = {
      title: random.pick([null, "a", `t${i}`]),
      body: random.pick([null, Uint8Array.of(i)]),
      tags: random.pick([null, [], [`x${i}`]]),
    };
    const untouched = before === undefined ? [] : TOASTED.filter(() => random.next() < 0.4);
    const kept = Object.fromEntries(untouched.map((name) => [name, before![name]]));
    table.set(keyOf(key), { ...key, ...values, ...kept });
    const lacks = Object.fromEntries(untouched.map((name) => [name, null]));
    return {
      ...key,
      ...values,
      ...lacks,
      ...told,
      __op: before === undefined ? "c" : "u",
      __deleted: false,
      // A value of null is sent as it is.
      __unavailable: untouched.filter((name) => before![name] !== null),
    };
  });
}

/** A sink that keeps a table by key, and leaves columns alone whose values did not come. */
function write(
  table: Table,
  rows: readonly (Omit<ChangeRow, "__op" | "__source_ts" | "__position" | "__deleted">)[],
  deletes: readonly { id: number; region: string }[],
): void {
  const keys = [...rows, ...deletes].map(keyOf);
  equal(new Set(keys).size, keys.length, "a key that comes twice");
  for (const row of deletes) table.delete(keyOf(row));
  for (const { __unavailable, ...row } of rows) {
    const before = table.get(keyOf(row));
    const kept = Object.fromEntries(
      TOASTED.filter((name) => __unavailable.includes(name)).map((name) => [name, before![name]]),
    );
    table.set(keyOf(row), { ...row, ...kept });
  }
}

Deno.test("a sink has the table after each batch, in any cut of the changes", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const changes = randomChanges(random, 120);
    const orderBy = seed % 2 === 0 ? { orderBy: "__position" as const } : {};
    using runner = await OperatorRunner.open(
      applyChanges({ schema: Change }, { key: KEY, ...orderBy }),
      { inputs: [Change], mode: "update", fault: randomFaults(random) },
    );
    const table: Table = new Map();
    const sink: Table = new Map();
    for (const batch of cut(random, changes, 25)) {
      for (const change of batch) replay(table, change);
      const { rows, deletes } = await runner.batch(batchOf(Change, batch));
      write(sink, rows as unknown as ChangeRow[], deletes as unknown as ChangeRow[]);
      deepEqual(
        sortedTexts([...sink.values()].map(plain)),
        sortedTexts([...table.values()].map(plain)),
        `seed ${seed}`,
      );
    }
    equal(runner.state.numRowsTotal, 0);
  }
});

/** The values of a row, without those that only say where it stands. */
function plain({ id, region, title, body, tags }: ReturnType<Table["get"]> & object) {
  return { id, region, title, body, tags };
}

function replay(table: Table, change: ChangeRow): void {
  const before = table.get(keyOf(change));
  if (change.__deleted) {
    table.delete(keyOf(change));
    return;
  }
  const { id, region, title, body, tags } = change;
  const kept = Object.fromEntries(
    TOASTED.filter((name) => change.__unavailable.includes(name))
      .map((name) => [name, before![name]]),
  );
  table.set(keyOf(change), { id, region, title, body, tags, ...kept });
}

const row = (id: number, more: Partial<ChangeRow> = {}): ChangeRow => ({
  id,
  region: "eu",
  title: null,
  body: null,
  tags: null,
  __op: "u",
  __source_ts: null,
  __position: null,
  __deleted: false,
  __unavailable: [],
  ...more,
});

async function applied(
  changes: readonly ChangeRow[],
  options: Parameters<typeof applyChanges<ChangeRow>>[1] | object = {},
) {
  using runner = await OperatorRunner.open(
    applyChanges({ schema: Change }, { key: KEY, ...options }),
    { inputs: [Change], mode: "update" },
  );
  const { rows, deletes } = await runner.batch(batchOf(Change, changes));
  return { rows, deletes } as unknown as { rows: ChangeRow[]; deletes: ChangeRow[] };
}

Deno.test("values that did not come are those of the change before, if it has them", async () => {
  const { rows } = await applied([
    row(1, { title: "a", tags: ["x"] }),
    row(1, { __unavailable: ["title", "tags"], body: Uint8Array.of(1) }),
    row(1, { title: null, __unavailable: ["body", "tags"] }),
    row(2, { __unavailable: ["title", "tags"] }),
    row(2, { title: "late", __unavailable: ["tags"] }),
    row(2, { __unavailable: ["title", "tags"] }),
  ]);
  deepEqual(
    rows.map(({ title, body, tags, __unavailable }) => [title, body, tags, __unavailable]),
    [
      [null, Uint8Array.of(1), ["x"], []],
      ["late", null, null, ["tags"]],
    ],
  );
});

Deno.test("values are never taken from before a delete", async () => {
  const { rows, deletes } = await applied([
    row(1, { title: "old" }),
    row(1, { __deleted: true, __unavailable: ["title"] }),
    row(1, { __unavailable: ["title"] }),
    row(2, { title: "last" }),
    row(2, { __deleted: true, __unavailable: ["title", "body"] }),
  ]);
  deepEqual(rows.map(({ title, __unavailable }) => [title, __unavailable]), [[null, ["title"]]]);
  // What a delete lacks is known too: a sink may mark the row instead of taking it out.
  deepEqual(deletes.map(({ title, __unavailable }) => [title, __unavailable]), [["last", []]]);
});

Deno.test("with an order the greatest position is the newest, and of equal ones the last to come", async () => {
  const changes = [
    row(1, { title: "new", __position: "3" }),
    row(1, { title: "again, from before", __position: "1" }),
    row(2, { title: "snapshot", __position: null }),
    row(2, { title: "first", __position: "1" }),
    row(2, { title: "second", __position: "1" }),
    row(2, { title: "snapshot", __position: null }),
    row(3, { title: "gone", __position: "1", __deleted: true }),
    row(3, { title: "back", __position: "2" }),
    row(3, { title: "gone", __position: "1", __deleted: true }),
  ];
  const { rows, deletes } = await applied(changes, { orderBy: "__position" });
  deepEqual(rows.map(({ title, __position }) => [title, __position]), [
    ["new", "3"],
    ["second", "1"],
    ["back", "2"],
  ]);
  deepEqual(deletes, []);
  const byArrival = await applied(changes);
  deepEqual(byArrival.rows.map(({ title }) => title), ["again, from before", "snapshot"]);
  deepEqual(byArrival.deletes.map(({ title }) => title), ["gone"]);
});

Deno.test("with an order, values that did not come are those of the change before in that order", async () => {
  const { rows } = await applied([
    row(1, { title: "2", __position: "2" }),
    row(1, { __position: "4", __unavailable: ["title"] }),
    row(1, { title: "3", __position: "3" }),
    row(1, { title: "1", __position: "1" }),
  ], { orderBy: "__position" });
  deepEqual(rows.map(({ title, __position }) => [title, __position]), [["3", "4"]]);
});

Deno.test("columns that tell of the change go, unless they are wanted", () => {
  const names = (options: object) =>
    applyChanges({ schema: Change }, { key: KEY, ...options }).schema.fields
      .map(({ name }) => name).join(" ");
  equal(names({}), "id region title body tags __unavailable");
  equal(names({ orderBy: "__position" }), "id region title body tags __position __unavailable");
  equal(
    names({ changeColumns: "keep" }),
    "id region title body tags __op __source_ts __position __deleted __unavailable",
  );
  deepEqual(applyChanges({ schema: Change }, { key: KEY }).keyColumns, ["id", "region"]);
});

Deno.test("a key without a value stops the query", async () => {
  const Loose = s.struct({ id: s.integer().nullable(), __deleted: s.boolean() });
  using runner = await OperatorRunner.open(
    applyChanges({ schema: Loose }, { key: ["id"] }),
    { inputs: [Loose], mode: "update" },
  );
  const batch = new Batch(Loose);
  batch.append({ id: 1, __deleted: false });
  batch.append({ id: null, __deleted: true });
  const error = await runner.batch(batch as unknown as Batch).catch((error) => error);
  equal(error.code, "NULL_KEY");
  equal(
    error.message.split(". ")[0],
    'Cannot apply changes at column "id" of the key: found null, wanted a value in every change',
  );
});

Deno.test("applyChanges refuses what it cannot do", () => {
  const refused = (schema: Schema, options: object, code: string, message: string) =>
    throws(
      () => applyChanges({ schema }, options as { key: [] }),
      (error: SluiceError) => {
        equal(error.code, code, error.message);
        return error.message.includes(message);
      },
    );
  refused(Change, { key: [] }, "BAD_OPTION", 'option "key": found no column');
  refused(Change, { key: ["nr"] }, "UNKNOWN_COLUMN", 'column "nr"');
  refused(Change, { key: KEY, orderBy: "nr" }, "UNKNOWN_COLUMN", 'column "nr"');
  refused(Change, { key: KEY, order: 1 }, "UNKNOWN_OPTION", '"order"');
  refused(
    Change,
    { key: KEY, changeColumns: true },
    "BAD_OPTION",
    "found true, wanted drop or keep",
  );
  const Plain = s.struct({ id: s.integer(), __deleted: s.string() });
  refused(Plain, { key: ["id"] }, "BAD_PIPELINE", 'wanted a boolean column "__deleted"');
  for (const mode of ["append", "complete"] as const) {
    throws(
      () => applyChanges({ schema: Change }, { key: KEY }).checkMode(mode),
      (error: SluiceError) =>
        error.code === "BAD_PIPELINE" && error.message.includes('wanted "update"'),
    );
  }
});

Deno.test("a column that gets another name has it in the list of those without a value too", () => {
  const batch = batchOf(Change, [
    row(1, { __unavailable: ["title", "tags"] }),
    row(2),
    row(3, { __unavailable: ["tags"] }),
  ]);
  const renamed = renameColumn(Change, "title", "heading").apply(
    batch as unknown as Batch<ChangeRow>,
  );
  deepEqual([...renamed.batch.rows()].map(({ __unavailable }) => __unavailable), [
    ["heading", "tags"],
    [],
    ["tags"],
  ]);
  deepEqual([...batch.column("__unavailable").get(0) as string[]], ["title", "tags"]);
});
