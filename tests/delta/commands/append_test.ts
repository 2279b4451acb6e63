import { deepEqual, equal, ok, rejects } from "assert";
import { Batch, Decimal, schema as s } from "../../../lib/core/mod.ts";
import { addColumns } from "../../../lib/delta/commands/define/alter_columns.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { actionsOf, alterFields, filesBelow, rowsOf } from "../../support/delta_log.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { runPython } from "../../support/python.ts";

const Item = s.struct({ id: s.long(), name: s.string().nullable() });

function items(...ids: number[]): Batch {
  const batch = new Batch(Item);
  for (const id of ids) batch.append({ id: BigInt(id), name: `n${id}` });
  return batch;
}

Deno.test("appendRows() takes a batch, many, objects, and streams of them", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  const object = (id: bigint) => ({ id, name: null });

  await appendRows(table, items(0));
  await appendRows(table, [items(1), items(2, 3)]);
  await appendRows(table, [object(4n), object(5n)]);
  await appendRows(
    table,
    (function* () {
      yield object(6n);
    })(),
  );
  await appendRows(
    table,
    (async function* () {
      yield items(7);
      await Promise.resolve();
      yield items(8);
    })(),
  );
  const result = await appendRows(
    table,
    (async function* () {
      await Promise.resolve();
      yield object(9n);
    })(),
  );

  equal(result.version, 6);
  equal(result.numOutputRows, 1);
  deepEqual((await rowsOf(folder.path, "id")).map(({ id }) => id), [
    0n,
    1n,
    2n,
    3n,
    4n,
    5n,
    6n,
    7n,
    8n,
    9n,
  ]);
});

Deno.test("appendRows() commits as Spark would, and delta-rs reads the rows of every type", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: EveryType });

  const result = await appendRows(table, everyTypeBatch(0, 40), { userMetadata: "first load" });

  const [{ commitInfo }, ...actions] = await actionsOf(folder.path, 1) as [
    Record<string, Record<string, unknown>>,
  ];
  equal(commitInfo?.operation, "WRITE");
  deepEqual(commitInfo?.operationParameters, { mode: "Append", partitionBy: "[]" });
  equal(commitInfo?.isBlindAppend, true);
  equal(commitInfo?.userMetadata, "first load");
  equal(actions.length, result.numFiles);
  const read = await runPython("read_delta.py", folder.path, "select count(text) from t") as {
    rows: number;
    answers: string[][][];
  };
  equal(read.rows, 40);
  deepEqual(read.answers, [[["30"]]]);
});

Deno.test("appendRows() matches columns in any case and converts what loses nothing", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({
    id: s.long(),
    price: s.decimal(20, 4).nullable(),
    at: s.struct({ x: s.double().nullable(), y: s.double().nullable() }).nullable(),
    counts: s.array(s.long()).nullable(),
  });
  const table = await createTable(folder.path, { schema });
  const rows = new Batch(s.struct({
    AT: s.struct({ Y: s.float() }),
    ID: s.integer(),
    Counts: s.array(s.short()),
    price: s.decimal(10, 2),
  }));
  rows.append({ AT: { Y: 0.5 }, ID: 7, Counts: [1, -2], price: Decimal.parse("1.25") });

  await appendRows(table, rows);

  deepEqual(await rowsOf(folder.path, "id"), [{
    id: 7n,
    price: Decimal.parse("1.2500"),
    at: { x: null, y: 0.5 },
    counts: [1n, -2n],
  }]);
});

Deno.test("appendRows() says which row and column do not fit, and leaves no file", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  const good = { id: 1n, name: "a" };
  const batch = (schema: Parameters<typeof s.struct>[0], row: Record<string, unknown>) => {
    const rows = new Batch(s.struct(schema));
    rows.append(row);
    return rows;
  };

  await rejects(appendRows(table, [good, { id: 1, name: "a" }]), {
    code: "BAD_VALUE",
    message: /row 1, column "id"/,
  });
  await rejects(appendRows(table, [good, { id: 1n, nam: "a" }]), {
    code: "SCHEMA_MISMATCH",
    message: /row 1, column "nam"/,
  });
  await rejects(appendRows(table, [good, { name: "a" }]), { code: "BAD_VALUE" });
  await rejects(appendRows(table, batch({ id: s.long(), x: s.long() }, { id: 1n, x: 1n })), {
    code: "SCHEMA_MISMATCH",
    message: /column "x"/,
  });
  await rejects(appendRows(table, batch({ id: s.boolean() }, { id: true })), {
    code: "SCHEMA_MISMATCH",
    message: /column "id": found boolean, wanted long/,
  });
  await rejects(appendRows(table, batch({ name: s.string() }, { name: "no id" })), {
    code: "CONSTRAINT_VIOLATED",
  });
  await rejects(
    appendRows(
      table,
      (function* () {
        yield items(1);
        throw new TypeError("the source broke");
      })(),
    ),
    TypeError,
  );

  deepEqual(await filesBelow(folder.path), []);
  equal((await table.refresh()).version, 0);
});

Deno.test("appendRows() with a txn writes once, whoever repeats it", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  const txn = { appId: "nightly", version: 4 };

  const first = await appendRows(table, items(1), { txn });
  const again = await appendRows(await TableState.open(folder.path), items(1), { txn });
  const older = await appendRows(table, items(1), { txn: { appId: "nightly", version: 3 } });
  const empty = await appendRows(table, [], { txn: { appId: "nightly", version: 5 } });
  const nothing = await appendRows(table, []);

  deepEqual([first.version, first.skipped], [1, false]);
  deepEqual([again.version, again.skipped], [undefined, true]);
  deepEqual([older.version, older.skipped], [undefined, true]);
  deepEqual([empty.version, empty.skipped], [2, false]);
  deepEqual([nothing.version, nothing.skipped], [undefined, false]);
  equal((await rowsOf(folder.path, "id")).length, 1);
  equal((await filesBelow(folder.path)).length, 1);
  const [, action] = await actionsOf(folder.path, 2);
  equal(action?.txn?.version, 5);
});

Deno.test("appendRows(), of many with one txn at once, writes once", async () => {
  await using folder = await tempFolder();
  await createTable(folder.path, { schema: Item });
  const txn = { appId: "nightly", version: 0 };

  const results = await Promise.all(
    Array.from(
      { length: 6 },
      async () => await appendRows(await TableState.open(folder.path), items(1), { txn }),
    ),
  );

  equal(results.filter(({ skipped }) => !skipped).length, 1);
  equal((await rowsOf(folder.path, "id")).length, 1);
  equal((await filesBelow(folder.path)).length, 1);
});

Deno.test("appendRows() with mergeSchema adds columns, nested ones too, and widens types", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({
    id: s.integer(),
    at: s.struct({ x: s.integer() }).nullable(),
  });
  const table = await createTable(folder.path, {
    schema,
    properties: { "delta.enableTypeWidening": "true" },
  });
  await appendRows(table, [{ id: 1, at: { x: 1 } }]);
  const rows = new Batch(s.struct({
    ID: s.long(),
    at: s.struct({ y: s.string(), x: s.short() }),
    when: s.timestampNtz(),
  }));
  rows.append({ ID: 2n ** 40n, at: { y: "new", x: 2 }, when: 5n });

  await rejects(appendRows(table, rows), { code: "SCHEMA_MISMATCH", message: /mergeSchema/i });
  await appendRows(table, rows, { mergeSchema: true });

  const actions = await actionsOf(folder.path, 2);
  const fields =
    JSON.parse(actions.find(({ metaData }) => metaData)!.metaData!.schemaString).fields;
  deepEqual(fields.map((field: { name: string }) => field.name), ["id", "at", "when"]);
  deepEqual(fields[0], {
    name: "id",
    type: "long",
    nullable: false,
    metadata: { "delta.typeChanges": [{ fromType: "integer", toType: "long" }] },
  });
  deepEqual(fields[1].type.fields[1], { name: "y", type: "string", nullable: true, metadata: {} });
  ok(actions.find(({ protocol }) => protocol)!.protocol!.readerFeatures!.includes("timestampNtz"));
  deepEqual(await rowsOf(folder.path, "id"), [
    { id: 1n, at: { x: 1, y: null }, when: null },
    { id: 2n ** 40n, at: { x: 2, y: "new" }, when: 5n },
  ]);
});

Deno.test("appendRows() with mergeSchema never turns integers into other numbers unasked", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, {
    schema: s.struct({ id: s.integer() }),
    properties: { "delta.enableTypeWidening": "true" },
  });
  const rows = new Batch(s.struct({ id: s.double() }));
  rows.append({ id: 1 });

  await rejects(appendRows(table, rows, { mergeSchema: true }), {
    code: "SCHEMA_MISMATCH",
    message: /column "id"/,
  });
});

Deno.test("appendRows() gives objects the defaults and generated values that they lack", async () => {
  await using folder = await tempFolder();
  const schema = s.struct({
    id: s.long(),
    kind: s.string().nullable(),
    twice: s.long().nullable(),
  });
  const table = await createTable(folder.path, { schema });
  await alterFields(table, {
    kind: { CURRENT_DEFAULT: "'none'" },
    twice: { "delta.generationExpression": "id * 2" },
  });

  await appendRows(table, [
    { id: 1n },
    { id: 2n, kind: null },
    { id: 3n, kind: "given", TWICE: 6n },
    { id: 4n, kind: undefined },
  ]);

  deepEqual(await rowsOf(folder.path, "id"), [
    { id: 1n, kind: "none", twice: 2n },
    { id: 2n, kind: null, twice: 4n },
    { id: 3n, kind: "given", twice: 6n },
    { id: 4n, kind: "none", twice: 8n },
  ]);
  await rejects(appendRows(table, [{ id: 5n, twice: 5n }]), { code: "CONSTRAINT_VIOLATED" });
});

Deno.test("appendRows() names the column of a value that does not fit", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: s.struct({ id: s.integer() }) });
  const rows = new Batch(s.struct({ id: s.long() }));
  rows.append({ id: 2n ** 40n });

  await rejects(appendRows(table, rows), { code: "BAD_VALUE", message: /column "id", row 0/ });
});

Deno.test("appendRows() writes the rows anew when another commit has changed the columns", async () => {
  await using folder = await tempFolder();
  const table = await createTable(folder.path, { schema: Item });
  let columnsAdded = 0;
  /** Rows during which another process adds a column, the first time that they are read. */
  const rowsDuring = (name: string) => {
    let isRead = false;
    return async function* () {
      yield items(1);
      if (isRead) return;
      isRead = true;
      columnsAdded++;
      const other = await TableState.open(folder.path);
      await addColumns(other, [{ name, type: s.string().nullable() }]);
    };
  };

  await rejects(appendRows(table, rowsDuring("once")()), {
    code: "SOURCE_CONSUMED",
    retryable: true,
  });
  deepEqual(await filesBelow(folder.path), []);

  const result = await appendRows(table, { [Symbol.asyncIterator]: rowsDuring("twice") });
  equal(columnsAdded, 2);
  equal(result.version, 3);
  equal((await filesBelow(folder.path)).length, 1);
  deepEqual(await rowsOf(folder.path, "id"), [
    { id: 1n, name: "n1", once: null, twice: null },
  ]);
});
