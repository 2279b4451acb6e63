import { deepEqual, equal, match, ok, rejects } from "assert";
import {
  debezium,
  type Pipeline,
  pipeline,
  recordHeaders,
  type Schema,
  schema as s,
  withRecord,
} from "sluice";
import { Batch, type StaticTable, type TypeSpec } from "../../lib/core/mod.ts";
import { MemorySink } from "../support/memory_sink.ts";
import { MemorySource } from "../support/memory_source.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { crashAt, hasCode, run } from "./toy_query.ts";

const Order = s.struct({ id: s.long(), user_id: s.integer(), name: s.string().nullable() });

/** A column as a schema of Kafka Connect has it. */
interface ConnectColumn {
  readonly field: string;
  readonly type: string;
  readonly name?: string;
  readonly parameters?: Record<string, string>;
}

const ID = { field: "id", type: "int64" };
const USER = { field: "user_id", type: "int32" };
const NAME = { field: "name", type: "string" };
const NOTE = { field: "note", type: "string" };
const PRICE = {
  field: "price",
  type: "bytes",
  name: "org.apache.kafka.connect.data.Decimal",
  parameters: { scale: "2", "connect.decimal.precision": "10" },
};
const COLUMNS: readonly ConnectColumn[] = [ID, USER, NAME];

function change(
  op: "c" | "u" | "d",
  row: Record<string, unknown>,
  columns: readonly ConnectColumn[],
): string {
  const fields = columns.map((column) => ({ ...column, optional: true }));
  const envelope = [
    { field: "before", type: "struct", fields },
    { field: "after", type: "struct", fields },
    { field: "op", type: "string" },
  ];
  const [before, after] = op === "d" ? [row, null] : [null, row];
  return JSON.stringify({
    schema: { type: "struct", name: "orders.Envelope", fields: envelope },
    payload: { before, after, op },
  });
}

interface World {
  readonly topic: MemorySource;
  readonly copy: MemorySink;
  readonly projected: MemorySink;
  readonly checkpoint: string;
  readonly query: Pipeline<unknown>;
}

/** The query, as it is written for a table. */
function written(
  topic: MemorySource,
  copy: MemorySink,
  projected: MemorySink,
  order: Schema = Order as Schema,
): Pipeline<unknown> {
  const changes = pipeline("orders")
    .from(topic)
    .decode(debezium(order as typeof Order, { key: ["id"], newColumns: "add" }))
    .applyChanges({ key: ["id"] })
    .where("id > 0")
    .drop("__unavailable")
    .to(copy)
    .drop("name")
    .to(projected);
  return changes as unknown as Pipeline<unknown>;
}

async function withWorld(test: (world: World) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  const topic = new MemorySource(1);
  topic.limits = { maxOffsetsPerTrigger: 2 };
  const [copy, projected] = [new MemorySink("copy"), new MemorySink("projected")];
  await test({
    topic,
    copy,
    projected,
    checkpoint: `${folder.path}/checkpoint`,
    query: written(topic, copy, projected),
  });
}

const columnsOf = ({ context }: MemorySink) =>
  context!.schema.fields.map(({ name, type }) => `${name} ${JSON.stringify(type)}`);

Deno.test("a new column comes to every sink behind its operators, in the middle of a run and in the next one", async () => {
  await withWorld(async ({ topic, copy, projected, checkpoint, query }) => {
    const records = topic.partitions[0]!;
    records.push(
      change("c", { id: 1, user_id: 7, name: "a" }, COLUMNS),
      change("c", { id: 2, user_id: 8, name: "b" }, COLUMNS),
      change("c", { id: 3, user_id: 9, name: "c" }, COLUMNS),
      change("u", { id: 1, user_id: 7, name: "a", note: "n1" }, [...COLUMNS, NOTE]),
      change("u", { id: 2, user_id: 8, name: "b", note: null }, [...COLUMNS, NOTE]),
      // Late, of before the change: a table would keep its note; rows are as they were told.
      change("c", { id: 4, user_id: 1, name: "d" }, COLUMNS),
    );
    const notices: string[] = [];
    const listener = { onNotice: (message: string) => notices.push(message) };
    await run(query, checkpoint, { outputMode: "update", listener });
    deepEqual(notices, ['new column "note" string']);
    deepEqual(columnsOf(copy), [
      'id "long"',
      'user_id "integer"',
      'name "string"',
      'note "string"',
    ]);
    deepEqual(columnsOf(projected), ['id "long"', 'user_id "integer"', 'note "string"']);
    const rows = copy.rows.map(({ id, note }) => [id, note ?? null]);
    deepEqual(rows.sort(), [[1n, "n1"], [2n, null], [3n, null], [4n, null]]);

    records.push(
      change("u", { id: 3, user_id: 9, name: "c", note: "n3", price: "Aew=" }, [
        ...COLUMNS,
        NOTE,
        PRICE,
      ]),
      change("d", { id: 4, user_id: 1, name: "d", note: null, price: null }, [
        ...COLUMNS,
        NOTE,
        PRICE,
      ]),
    );
    await run(query, checkpoint, { outputMode: "update", listener });
    equal(notices.at(-1), 'new column "price" decimal(10,2)');
    const prices = projected.rows.map((
      { id, note, price },
    ) => [id, note ?? null, `${price ?? ""}`]);
    deepEqual(prices.sort(), [[1n, "n1", ""], [2n, null, ""], [3n, "n3", "4.92"]]);
    equal(copy.openWriters, 0);
    equal(projected.openWriters, 0);
  });
});

for (const step of ["planned", "staged:0", "committed:0", "committed:1"]) {
  for (const hit of [1, 2, 3]) {
    Deno.test(`a run that ends at ${step} ${hit} is gone on with, with the columns that it found`, async () => {
      await withWorld(async ({ topic, copy, checkpoint, query }) => {
        const records = topic.partitions[0]!;
        for (let id = 1; id <= 8; id++) {
          const row = { id, user_id: id, name: "x", ...(id > 3 ? { note: `n${id}` } : {}) };
          records.push(change("c", row, id > 3 ? [...COLUMNS, NOTE] : COLUMNS));
        }
        const once = () => run(query, checkpoint, { outputMode: "update" });
        ok(await crashAt(step, hit, once));
        await once();
        deepEqual(
          copy.rows.map(({ id, note }) => `${id} ${note ?? ""}`).sort(),
          ["1 ", "2 ", "3 ", "4 n4", "5 n5", "6 n6", "7 n7", "8 n8"],
        );
      });
    });
  }
}

const INCOMPATIBLE = [
  {
    what: "text where there was a number",
    columns: [ID, { ...USER, type: "string" }, NAME],
    row: { id: 2, user_id: "x", name: "b" },
    says:
      /column "user_id".*found string or null, where it was int32 or null before.*wanted values for integer/,
    mended: s.string(),
    values: [7, "x"],
  },
  {
    what: "longer numbers",
    columns: [ID, { ...USER, type: "int64" }, NAME],
    row: { id: 2, user_id: 2 ** 40, name: "b" },
    says: /column "user_id".*found int64 or null, where it was int32 or null before/,
    mended: s.long(),
    values: [7, 2n ** 40n],
  },
  {
    what: "no column that has to be there",
    columns: [ID, NAME],
    row: { id: 2, name: "b" },
    says: /column "user_id".*found no such column any more.*which is not nullable/,
    mended: s.integer().nullable(),
    values: [7, null],
  },
];

for (const { what, columns, row, says, mended, values } of INCOMPATIBLE) {
  Deno.test(`${what} stops the query, and nothing of it is written`, async () => {
    await withWorld(async ({ topic, copy, projected, checkpoint, query }) => {
      topic.limits = { maxOffsetsPerTrigger: 1 };
      topic.partitions[0]!.push(
        change("c", { id: 1, user_id: 7, name: "a" }, COLUMNS),
        change("c", row, columns),
      );
      for (let attempt = 0; attempt < 2; attempt++) {
        await rejects(
          run(query, checkpoint, { outputMode: "update" }),
          hasCode("SCHEMA_CHANGED", says),
        );
        deepEqual(copy.rows.map(({ id }) => id), [1n]);
        deepEqual(copy.deadLetters, []);
      }
      // With a type that takes both it goes on.
      const wider = s.struct({ id: s.long(), user_id: mended, name: s.string().nullable() });
      await run(written(topic, copy, projected, wider as Schema), checkpoint, {
        outputMode: "update",
      });
      deepEqual(copy.rows.map(({ user_id }) => user_id), values);
    });
  });
}

Deno.test("a nullable column that is gone is null from then on, and shorter numbers fit", async () => {
  await withWorld(async ({ topic, copy, checkpoint, query }) => {
    topic.partitions[0]!.push(
      change("c", { id: 1, user_id: 7, name: "a" }, COLUMNS),
      change("u", { id: 1, user_id: 8 }, [ID, { ...USER, type: "int16" }]),
    );
    await run(query, checkpoint, { outputMode: "update" });
    deepEqual(copy.rows, [{ id: 1n, user_id: 8, name: null }]);
  });
});

/** Changes of a column that was of one type and is of another, and the type that it has in the query. */
const NO_FIT: readonly [from: ConnectColumn, to: ConnectColumn, wanted: TypeSpec<unknown>][] = [
  [decimalColumn(10, 2), decimalColumn(10, 4), s.decimal(10, 2)],
  [decimalColumn(10, 2), decimalColumn(14, 2), s.decimal(10, 2)],
  [column("int32"), decimalColumn(10, 2), s.integer()],
  [column("int64"), decimalColumn(20, 0), s.long()],
  [column("int32"), column("int64"), s.double()],
  [column("int16"), column("int32"), s.float()],
  [column("float"), column("double"), s.float()],
  [column("boolean"), column("int32"), s.boolean()],
  [decimalColumn(10, 2), column("string"), s.decimal(10, 2)],
  [column("int32", "io.debezium.time.Date"), column("string"), s.date()],
  [
    column("int64", "io.debezium.time.Timestamp"),
    column("int64", "io.debezium.time.MicroTimestamp"),
    s.long(),
  ],
];
const FIT: typeof NO_FIT = [
  [decimalColumn(10, 2), decimalColumn(12, 3), s.decimal(20, 5)],
  [column("int16"), column("int32"), s.long()],
  [column("int32"), column("int16"), s.integer()],
  [column("int32"), column("float"), s.double()],
  [column("int64"), column("boolean"), s.string()],
  [decimalColumn(10, 2), column("string"), s.string()],
  [
    column("int64", "io.debezium.time.Timestamp"),
    column("int64", "io.debezium.time.MicroTimestamp"),
    s.timestamp(),
  ],
];

Deno.test("another type of a column is taken where all its values fit, and else stops the query before any is written", async () => {
  for (const [fits, changes] of [[false, NO_FIT], [true, FIT]] as const) {
    for (const [from, to, wanted] of changes) {
      await using folder = await tempFolder();
      const topic = new MemorySource(1);
      topic.limits = { maxOffsetsPerTrigger: 1 };
      topic.partitions[0]!.push(
        change("c", { id: 1, value: null }, [ID, from]),
        change("c", { id: 2, value: null }, [ID, to]),
      );
      const sink = new MemorySink("copy");
      const table = s.struct({ id: s.long(), value: wanted.nullable() });
      const query = pipeline("values")
        .from(topic)
        .decode(debezium(table, { key: ["id"], newColumns: "add" }))
        .to(sink);
      const what = `${JSON.stringify(from)} to ${JSON.stringify(to)}`;
      if (fits) await run(query, folder.path);
      else await rejects(run(query, folder.path), hasCode("SCHEMA_CHANGED"), what);
      deepEqual(sink.rows.length, fits ? 2 : 1, what);
    }
  }
});

Deno.test("a column that came by itself can be named in the query later, with a type and a name of its own", async () => {
  await using folder = await tempFolder();
  const topic = new MemorySource(1);
  const price = column("int32", undefined, "unit price");
  topic.partitions[0]!.push(change("c", { id: 1, "unit price": 5 }, [ID, price]));
  const sink = new MemorySink("copy");
  const queryOf = (table: Schema) =>
    pipeline("values")
      .from(topic)
      .decode(debezium(table as Schema<{ id: bigint }>, { key: ["id"], newColumns: "add" }))
      .to(sink);
  await run(queryOf(s.struct({ id: s.long() }) as Schema), folder.path);
  topic.partitions[0]!.push(
    change("c", { id: 2, "unit price": 2 ** 40 }, [ID, { ...price, type: "int64" }]),
  );
  await rejects(
    run(queryOf(s.struct({ id: s.long() }) as Schema), folder.path),
    hasCode("SCHEMA_CHANGED"),
  );
  const named = s.struct({ id: s.long(), unit_price: s.long().nullable().from("unit price") });
  await run(queryOf(named as Schema), folder.path);
  deepEqual(sink.rows.map((row) => row["unit price"] ?? row.unit_price), [5, 2n ** 40n]);
});

Deno.test("records that are no changes of the table teach nothing", async () => {
  await using folder = await tempFolder();
  const topic = new MemorySource(1);
  const others = [
    { fields: [{ field: "ts_ms", type: "int64" }], payload: { ts_ms: 1 } },
    { fields: [ID, { field: "user_email", type: "string" }], payload: { id: 9, user_email: "x" } },
  ];
  for (const { fields, payload } of others) {
    topic.partitions[0]!.push(JSON.stringify({ schema: { type: "struct", fields }, payload }));
  }
  topic.partitions[0]!.push(
    change("c", { id: 1, constructor: "a", __foo: "b" }, [
      ID,
      column("string", undefined, "constructor"),
      column("string", undefined, "__foo"),
    ]),
  );
  const sink = new MemorySink("copy");
  const query = pipeline("values")
    .from(topic)
    .decode(debezium(s.struct({ id: s.long() }), { key: ["id"], newColumns: "add" }))
    .select("id")
    .to(sink);
  await run(query, folder.path);
  equal(sink.deadLetters.length, 2);
  equal(sink.rows.length, 1);
  const noted = JSON.parse(await Deno.readTextFile(`${folder.path}/sluice/columns.0.json`));
  deepEqual(noted.added.map(({ name }: { name: string }) => name), ["constructor", "__foo"]);
});

Deno.test("a run ends where it was to end when it began, and reads tables once, whatever it learns", async () => {
  await using folder = await tempFolder();
  const topic = new MemorySource(1);
  topic.limits = { maxOffsetsPerTrigger: 1 };
  const records = topic.partitions[0]!;
  for (let id = 1; id <= 3; id++) {
    records.push(
      change("c", { id, name: "a", note: "n" }, id === 2 ? [ID, NAME, NOTE] : [ID, NAME]),
    );
  }
  let loads = 0;
  const People = s.struct({ id: s.long(), city: s.string() });
  const table: StaticTable<{ id: bigint; city: string }> = {
    name: "people",
    schema: People,
    async *load() {
      loads++;
      const batch = new Batch(People);
      batch.append({ id: 1n, city: "Bern" });
      yield await Promise.resolve(batch);
    },
  };
  const sink = new MemorySink("copy");
  const query = await pipeline("values")
    .from(topic)
    .decode(debezium(s.struct({ id: s.long() }), { key: ["id"], newColumns: "add" }))
    .to(sink)
    .select("id")
    .joinStatic(table, { on: ["id"], type: "leftOuter" })
    .to(new MemorySink("joined"))
    .start({
      checkpointLocation: folder.path,
      trigger: { availableNow: true },
      listener: {
        // The source goes on, faster than it is read.
        onProgress() {
          for (let more = 0; more < 5; more++) records.push(records[0]!);
        },
      },
    });
  await query.awaitTermination();
  equal(sink.rows.length, 3);
  equal(loads, 1);
});

Deno.test("a column whose name is taken stops the query before anything is noted", async () => {
  await using folder = await tempFolder();
  const topic = new MemorySource(1);
  const sink = new MemorySink("copy");
  const written = pipeline("orders")
    .from(topic)
    .decode(withRecord(debezium(Order, { key: ["id"], newColumns: "add" }), {
      note: recordHeaders().from("headers"),
    }))
    .to(sink);
  topic.partitions[0]!.push(change("c", { id: 1, user_id: 7, name: "a" }, COLUMNS));
  await run(written, folder.path);
  equal(sink.rows.length, 1);
  topic.partitions[0]!.push(
    change("c", { id: 2, user_id: 7, name: "a", note: "n" }, [...COLUMNS, NOTE]),
  );
  await rejects(run(written, folder.path), hasCode("BAD_SCHEMA", /note/));
  const noted = await Deno.readTextFile(`${folder.path}/sluice/columns.0.json`);
  match(noted, /"added":\[\]/);
});

Deno.test("an operator that remembers rows refuses new columns, unless they are left out before it", async () => {
  for (const isSelected of [false, true]) {
    await using folder = await tempFolder();
    const topic = new MemorySource(1);
    topic.partitions[0]!.push(
      change("c", { id: 1, user_id: 7, name: "a" }, COLUMNS),
      change("c", { id: 2, user_id: 8, name: "b", note: "n" }, [...COLUMNS, NOTE]),
    );
    const sink = new MemorySink("latest");
    const changes = pipeline("orders")
      .from(topic)
      .decode(debezium(Order, { key: ["id"], newColumns: "add" }));
    const rows = isSelected ? changes.select("id", "name", "__deleted") : changes;
    const written = rows.latestByKey({ key: ["id"], orderBy: "name", deleteWhen: "__deleted" }).to(
      sink,
    );
    const once = () => run(written as Pipeline<unknown>, folder.path, { outputMode: "update" });
    if (isSelected) await once();
    else await rejects(once(), hasCode("BAD_PIPELINE", /latestByKey.*select/));
    equal(sink.rows.length, isSelected ? 2 : 0);
  }
});

Deno.test("what the checkpoint has of columns is refused if it is damaged", async () => {
  await withWorld(async ({ topic, checkpoint, query }) => {
    topic.partitions[0]!.push(change("c", { id: 1, user_id: 7, name: "a" }, COLUMNS));
    await run(query, checkpoint, { outputMode: "update" });
    await Deno.writeTextFile(`${checkpoint}/sluice/columns.0.json`, '{"added":');
    await rejects(
      run(query, checkpoint, { outputMode: "update" }),
      hasCode("BAD_CHECKPOINT", /columns/),
    );
  });
});

function column(type: string, name?: string, field = "value"): ConnectColumn {
  return { field, type, ...(name === undefined ? {} : { name }) };
}

function decimalColumn(precision: number, scale: number): ConnectColumn {
  const parameters = { scale: String(scale), "connect.decimal.precision": String(precision) };
  return { ...column("bytes", "org.apache.kafka.connect.data.Decimal"), parameters };
}
