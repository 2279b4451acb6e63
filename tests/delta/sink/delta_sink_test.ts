import { deepEqual, equal, ok, rejects, throws } from "assert";
import {
  Batch,
  onFailpoint,
  type Schema,
  schema as s,
  SluiceError,
  type SluiceError as Failure,
} from "../../../lib/core/mod.ts";
import { formatActions } from "../../../lib/delta/protocol/actions.ts";
import { commitName } from "../../../lib/delta/log/log_files.ts";
import { delta, DeltaTable, localLogStore } from "../../../lib/delta/mod.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";
import { commitBatch, microBatch, sinkContext } from "../../support/micro_batches.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";

const Trade = s.struct({ symbol: s.string().nullable(), id: s.long() });

function trades(
  ...rows: [symbol: string | null, id: number][]
): Batch<{ symbol: string | null; id: bigint }> {
  const batch = new Batch(Trade);
  for (const [symbol, id] of rows) batch.append({ symbol, id: BigInt(id) });
  return batch;
}

async function withTable(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/lake/trades`);
  } finally {
    onFailpoint(undefined);
    await Deno.remove(folder, { recursive: true });
  }
}

async function ids(path: string): Promise<number[]> {
  const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
  return rows.map((row) => Number(row.id)).sort((a, b) => a - b);
}

async function dataFiles(path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory && name !== "_delta_log") {
      for (const file of await dataFiles(`${path}/${name}`)) files.push(`${name}/${file}`);
    } else if (name.endsWith(".parquet")) files.push(name);
  }
  return files.sort();
}

function mismatch(...parts: string[]): (error: Failure) => boolean {
  return (error) => {
    equal(error.code, "SCHEMA_MISMATCH");
    for (const part of parts) ok(error.message.includes(part), `"${part}" in ${error.message}`);
    return true;
  };
}

Deno.test("delta() makes the table with the first batch and adds a commit for each one after", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));
    equal(await writer.lastBatchId(), -1);
    equal(await DeltaTable.exists(path), false);

    const first = await commitBatch(writer, 0, trades(["A", 1], ["B", 2]));
    const second = await commitBatch(writer, 1, trades(["A", 3]));

    deepEqual(first, { status: "committed", numOutputRows: 2, tableVersion: 0 });
    deepEqual(second, { status: "committed", numOutputRows: 1, tableVersion: 1 });
    equal(await writer.lastBatchId(), 1);
    deepEqual(await ids(path), [1, 2, 3]);
    const table = await DeltaTable.open(path);
    deepEqual(table.protocol, { minReaderVersion: 1, minWriterVersion: 2 });
    deepEqual(table.txn("query-1")?.version, 1);
    const [newest, oldest] = await table.history();
    equal(newest?.operation, "STREAMING UPDATE");
    deepEqual(newest?.operationParameters, {
      outputMode: "Append",
      queryId: "query-1",
      epochId: "1",
    });
    equal(newest?.readVersion, 0);
    equal(newest?.isBlindAppend, true);
    equal(newest?.operationMetrics?.numOutputRows, "1");
    ok(newest?.engineInfo?.startsWith("Sluice/"));
    equal(oldest?.version, 0);
    await writer.close();
  }));

Deno.test("delta() keeps every type to the last digit", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(EveryType));
    await commitBatch(writer, 0, everyTypeBatch(0, 200));

    const table = await DeltaTable.open(path);

    deepEqual(await Array.fromAsync(table.rows()), [...everyTypeBatch(0, 200).rows()]);
    deepEqual(table.schema.fields, EveryType.fields);
    deepEqual(table.protocol.readerFeatures, ["timestampNtz"]);
  }));

Deno.test("delta() skips a batch that the table has from an earlier run", () =>
  withTable(async (path) => {
    const first = await delta({ path }).open(sinkContext(Trade));
    await commitBatch(first, 0, trades(["A", 1]));
    const second = await delta({ path }).open(sinkContext(Trade));
    equal(await second.lastBatchId(), 0);

    const outcome = await commitBatch(second, 0, trades(["A", 1]));

    deepEqual(outcome, { status: "alreadyCommitted" });
    deepEqual(await ids(path), [1]);
    equal((await DeltaTable.open(path)).version, 0);
  }));

Deno.test("delta() keeps queries apart that write to one table", () =>
  withTable(async (path) => {
    const a = await delta({ path }).open(sinkContext(Trade, "a"));
    const b = await delta({ path }).open(sinkContext(Trade, "b"));

    await commitBatch(a, 0, trades(["A", 1]));
    await commitBatch(b, 0, trades(["B", 2]));
    await commitBatch(a, 1, trades(["A", 3]));

    deepEqual(await ids(path), [1, 2, 3]);
    equal(await b.lastBatchId(), 0);
  }));

Deno.test("delta() lets one of two runs that create the table at once, and both go on", () =>
  withTable(async (path) => {
    const writers = await Promise.all(
      ["a", "b", "c"].map((id) => delta({ path }).open(sinkContext(Trade, id))),
    );
    const staged = await Promise.all(
      writers.map((writer, i) => writer.stage(microBatch(0, trades(["A", i])))),
    );

    const outcomes = await Promise.all(staged.map((batch) => batch.commit()));

    deepEqual(outcomes.map(({ status }) => status), ["committed", "committed", "committed"]);
    deepEqual(await ids(path), [0, 1, 2]);
    equal((await DeltaTable.open(path)).version, 2);
  }));

Deno.test("delta() lets one of two runs of the same query have a batch, and removes the other's files", () =>
  withTable(async (path) => {
    const writers = await Promise.all([1, 2].map(() => delta({ path }).open(sinkContext(Trade))));
    const staged = await Promise.all(
      writers.map((writer) => writer.stage(microBatch(0, trades(["A", 1])))),
    );

    const outcomes = [await staged[0]!.commit(), await staged[1]!.commit()];

    deepEqual(outcomes.map(({ status }) => status), ["committed", "alreadyCommitted"]);
    deepEqual(await ids(path), [1]);
    equal((await dataFiles(path)).length, 1);
  }));

Deno.test("delta() notes a batch without rows", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));

    await commitBatch(writer, 0, trades());
    await commitBatch(writer, 1, trades(["A", 1]));
    await commitBatch(writer, 2, trades());

    equal(await writer.lastBatchId(), 2);
    equal((await DeltaTable.open(path)).files().length, 1);
  }));

Deno.test("delta() refuses a batch that leaves one out", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));
    await commitBatch(writer, 0, trades(["A", 1]));

    await rejects(writer.stage(microBatch(2, trades(["A", 3]))), { code: "PROGRESS_GAP" });
  }));

for (const commits of [1, 2, 4]) {
  Deno.test(`delta() refuses to go on in a table that was made anew under it, ${commits} long`, () =>
    withTable(async (path) => {
      const writer = await delta({ path }).open(sinkContext(Trade));
      await commitBatch(writer, 0, trades(["A", 1]));
      await commitBatch(writer, 1, trades(["A", 2]));
      await Deno.remove(path, { recursive: true });
      const other = await delta({ path }).open(sinkContext(Trade, "other"));
      for (let i = 0; i < commits; i++) await commitBatch(other, i, trades(["B", i]));

      await rejects(writer.stage(microBatch(2, trades(["A", 3]))), { code: "PROGRESS_GAP" });
    }));
}

for (const point of ["delta:staged", "delta:committing", "delta:committed"]) {
  for (const restart of [false, true]) {
    const how = restart ? "a restart" : "another try of the same run";
    Deno.test(`delta() has a batch exactly once after a crash at ${point} and ${how}`, () =>
      withTable(async (path) => {
        let writer = await delta({ path, partitionBy: ["symbol"] }).open(sinkContext(Trade));
        await commitBatch(writer, 0, trades(["A", 1], ["B", 2]));
        onFailpoint((name) => {
          if (name === point) throw new Error("crash");
        });
        await rejects(commitBatch(writer, 1, trades(["A", 3], ["B", 4])), /crash/);
        onFailpoint(undefined);

        if (restart) writer = await delta({ path }).open(sinkContext(Trade));
        const outcome = await commitBatch(writer, 1, trades(["A", 3], ["B", 4]));

        const landed = point === "delta:committed";
        equal(outcome.status, landed && restart ? "alreadyCommitted" : "committed");
        if (outcome.status === "committed") equal(outcome.tableVersion, 1);
        deepEqual(await ids(path), [1, 2, 3, 4]);
        equal((await DeltaTable.open(path)).version, 1);
      }));
  }
}

Deno.test("delta() takes back the files of a batch that is given up", () =>
  withTable(async (path) => {
    const writer = await delta({ path, partitionBy: ["symbol"] }).open(sinkContext(Trade));
    const staged = await writer.stage(microBatch(0, trades(["A", 1], ["B", 2])));
    equal((await dataFiles(path)).length, 2);

    await staged.abort();

    deepEqual(await dataFiles(path), []);
    equal(await DeltaTable.exists(path), false);
    await commitBatch(writer, 0, trades(["A", 1]));
    deepEqual(await ids(path), [1]);
  }));

Deno.test("delta() keeps files apart by partition value and keeps the value out of them", () =>
  withTable(async (path) => {
    const writer = await delta({ path, partitionBy: ["symbol"] }).open(sinkContext(Trade));

    await commitBatch(writer, 0, trades(["A", 1], ["B/C d%", 2], [null, 3], ["A", 4]));

    const table = await DeltaTable.open(path);
    deepEqual(table.metadata.partitionColumns, ["symbol"]);
    deepEqual(
      table.files().map(({ path, partitionValues, stats }) => [
        path.split("/")[0],
        partitionValues.symbol,
        JSON.parse(stats!).numRecords,
      ]),
      [
        ["symbol=A", "A", 2],
        ["symbol=B%252FC%20d%2525", "B/C d%", 1],
        ["symbol=__HIVE_DEFAULT_PARTITION__", null, 1],
      ],
    );
    deepEqual((await dataFiles(path)).map((file) => file.split("/")[0]), [
      "symbol=A",
      "symbol=B%2FC d%25",
      "symbol=__HIVE_DEFAULT_PARTITION__",
    ]);
    const rows = await Array.fromAsync(table.rows());
    deepEqual(rows, [
      { symbol: "A", id: 1n },
      { symbol: "A", id: 4n },
      { symbol: "B/C d%", id: 2n },
      { symbol: null, id: 3n },
    ]);
  }));

Deno.test("delta() partitions by any type that is not nested", () =>
  withTable(async (path) => {
    const partitionBy = EveryType.fields
      .filter(({ type }) => typeof type === "string" || type.type === "decimal")
      .map(({ name }) => name);
    for (const columns of [["text", "bytes"], partitionBy.slice(3), ["price"], ["double"]]) {
      const writer = await delta({ path, partitionBy: columns }).open(sinkContext(EveryType));
      const batch = everyTypeBatch(0, 12);
      const rejected = writer.reject!(batch as Batch, 0).map(({ index }) => index);
      const kept = batch.take(
        Int32Array.from(Array(12).keys()).filter((row) => !rejected.includes(row)),
      );
      equal(kept.numRows, columns.includes("bytes") ? 6 : 12);

      await commitBatch(writer, 0, kept);

      const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
      rows.sort((a, b) => Number(a.id) - Number(b.id));
      deepEqual(rows, [...kept.rows()]);
      await Deno.remove(path, { recursive: true });
    }
  }));

Deno.test("delta() rejects rows whose partition value would be read back as another", () =>
  withTable(async (path) => {
    const schema = s.struct({ symbol: s.string().nullable(), key: s.binary(), id: s.long() });
    const writer = await delta({ path, partitionBy: ["symbol", "key"] }).open(sinkContext(schema));
    const batch = new Batch(schema);
    batch.append({ symbol: "", key: new Uint8Array([65]), id: 1n });
    batch.append({ symbol: "A", key: new Uint8Array([0xc3, 0xa9]), id: 2n });
    batch.append({ symbol: "A", key: new Uint8Array([0xff]), id: 3n });
    batch.append({ symbol: null, key: new Uint8Array([66]), id: 4n });

    const rejected = writer.reject!(batch as Batch, 0);

    deepEqual(rejected.map(({ index }) => index), [0, 2]);
    deepEqual(writer.reject!(batch as Batch, 1).map(({ index }) => index), [2]);
    ok(rejected[0]?.error.startsWith('partition column "symbol" is empty'));
    ok(rejected[1]?.error.startsWith('partition column "key" is not UTF-8'));
  }));

Deno.test("delta() writes a checkpoint every tenth version, and the table is whole with it", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));
    for (let i = 0; i < 25; i++) await commitBatch(writer, i, trades(["A", i]));

    const names = await localLogStore(path).list();

    deepEqual(names.filter((name) => name.includes("checkpoint")), [
      "00000000000000000010.checkpoint.parquet",
      "00000000000000000020.checkpoint.parquet",
      "_last_checkpoint",
    ]);
    for (let version = 0; version <= 20; version++) {
      await Deno.remove(`${path}/_delta_log/${commitName(version)}`);
    }
    deepEqual(await ids(path), Array.from({ length: 25 }, (_, i) => i));
    const restarted = await delta({ path }).open(sinkContext(Trade));
    equal(await restarted.lastBatchId(), 24);
    equal((await commitBatch(restarted, 24, trades(["A", 24]))).status, "alreadyCommitted");
    await commitBatch(restarted, 25, trades(["A", 25]));
    equal((await ids(path)).length, 26);
  }));

Deno.test("delta() commits though a checkpoint fails, says so, and tries again at the next commit", () =>
  withTable(async (path) => {
    const warnings: string[] = [];
    const onNotice = (message: string) => warnings.push(message);
    const writer = await delta({ path }).open({ ...sinkContext(Trade), onNotice });
    for (let i = 0; i < 10; i++) await commitBatch(writer, i, trades(["A", i]));
    const inTheWay = `${path}/_delta_log/00000000000000000010.checkpoint.parquet`;
    await Deno.mkdir(inTheWay);

    const outcome = await commitBatch(writer, 10, trades(["A", 10]));

    equal(outcome.status, "committed");
    equal(warnings.length, 1);
    ok(warnings[0]!.includes("no checkpoint") && warnings[0]!.includes("version 10"));
    await Deno.remove(inTheWay);
    await commitBatch(writer, 11, trades(["A", 11]));
    ok((await localLogStore(path).list()).includes("00000000000000000011.checkpoint.parquet"));
    equal(warnings.length, 1);
  }));

Deno.test("delta() goes by the table's properties", () =>
  withTable(async (path) => {
    const schema = s.struct({ a: s.long(), b: s.long(), c: s.long() });
    await makeTable(path, schema, {
      configuration: {
        "delta.checkpointInterval": "2",
        "delta.dataSkippingNumIndexedCols": "2",
        "delta.appendOnly": "true",
        "delta.enableChangeDataFeed": "true",
      },
    });
    const writer = await delta({ path }).open(sinkContext(schema));
    for (let i = 0; i < 2; i++) {
      const batch = new Batch(schema);
      batch.append({ a: 1n, b: 2n, c: 3n });
      await commitBatch(writer, i, batch);
    }

    ok((await localLogStore(path).list()).includes("00000000000000000002.checkpoint.parquet"));
    const [file] = (await DeltaTable.open(path)).files();
    deepEqual(Object.keys(JSON.parse(file!.stats!).maxValues), ["a", "b"]);
  }));

Deno.test("delta() writes to a table that is there, by name and with nulls for what it lacks", () =>
  withTable(async (path) => {
    const theirs = s.struct({
      note: s.string().nullable(),
      id: s.long().nullable(),
      symbol: s.string().nullable(),
    });
    await makeTable(path, theirs, { partitionColumns: ["symbol"] });

    const writer = await delta({ path }).open(sinkContext(Trade));
    await commitBatch(writer, 0, trades(["A", 1]));

    const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
    deepEqual(rows, [{ note: null, id: 1n, symbol: "A" }]);
  }));

Deno.test("delta() refuses rows that do not fit the table, naming the column", () =>
  withTable(async (path) => {
    const theirs = s.struct({
      id: s.long(),
      Price: s.decimal(18, 8),
      at: s.timestamp().nullable(),
      place: s.struct({ city: s.string() }).nullable(),
      tags: s.array(s.string()).nullable(),
    });
    await makeTable(path, theirs);
    const open = (schema: unknown, partitionBy?: string[]) =>
      delta({ path, ...(partitionBy === undefined ? {} : { partitionBy }) })
        .open(sinkContext(schema as Schema));
    const fitting = { id: s.long(), Price: s.decimal(18, 8) };

    await rejects(
      open(s.struct({ ...fitting, id: s.integer() })),
      mismatch('column "id"', "found long", "wanted integer"),
    );
    await rejects(
      open(s.struct({ ...fitting, Price: s.decimal(18, 2) })),
      mismatch('column "Price"', "found decimal(18,8)", "wanted decimal(18,2)"),
    );
    await rejects(
      open(s.struct({ id: s.long(), price: s.decimal(18, 8) })),
      mismatch('column "price"', 'found column "Price"'),
    );
    await rejects(
      open(s.struct({ ...fitting, extra: s.long() })),
      mismatch('column "extra"', "found no such column"),
    );
    await rejects(
      open(s.struct({ ...fitting, id: s.long().nullable() })),
      mismatch('column "id"', "found not null", "wanted nullable"),
    );
    await rejects(open(s.struct({ id: s.long() })), mismatch('column "Price"', "not null"));
    await rejects(
      open(s.struct({ ...fitting, place: s.struct({ city: s.long() }) })),
      mismatch('column "place.city"', "found string"),
    );
    await rejects(
      open(s.struct({ ...fitting, tags: s.array(s.string().nullable()) })),
      mismatch('column "tags.element"', "found not null"),
    );
    await rejects(
      open(s.struct(fitting), ["id"]),
      mismatch("partition columns", "found none", "wanted id"),
    );
    await open(s.struct(fitting), []);
  }));

Deno.test("delta() refuses at the next batch what another has made of the table", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));
    await commitBatch(writer, 0, trades(["A", 1]));
    const { metadata } = await DeltaTable.open(path);
    const staged = await writer.stage(microBatch(1, trades(["A", 2])));
    const changed = s.struct({ symbol: s.string().nullable(), id: s.integer() });
    const schemaString = formatSchema(changed);
    await localLogStore(path)
      .putIfAbsent(commitName(1), formatActions([{ metaData: { ...metadata, schemaString } }]));

    await rejects(staged.commit(), mismatch('column "id"', "found integer"));

    equal((await dataFiles(path)).length, 1);
    await rejects(writer.stage(microBatch(1, trades(["A", 2]))), mismatch('column "id"'));
  }));

Deno.test("delta() stages again when the table was made with other partitions meanwhile", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));
    const staged = await writer.stage(microBatch(0, trades(["A", 1])));
    await makeTable(path, Trade, { partitionColumns: ["symbol"] });

    await rejects(staged.commit(), { code: "TABLE_CHANGED", retryable: true });
    await commitBatch(writer, 0, trades(["A", 1]));

    const [file] = (await DeltaTable.open(path)).files();
    deepEqual(file?.partitionValues, { symbol: "A" });
  }));

Deno.test("delta() stages again when a constraint was added meanwhile", () =>
  withTable(async (path) => {
    await makeTable(path, Trade, {});
    const writer = await delta({ path }).open(sinkContext(Trade));
    const staged = await writer.stage(microBatch(0, trades(["A", 0])));
    const { metadata } = await DeltaTable.open(path);
    const configuration = { "delta.constraints.positive": "id > 0" };
    await localLogStore(path)
      .putIfAbsent(commitName(1), formatActions([{ metaData: { ...metadata, configuration } }]));

    await rejects(staged.commit(), { code: "TABLE_CHANGED", retryable: true });
    await rejects(writer.stage(microBatch(0, trades(["A", 0]))), { code: "CONSTRAINT_VIOLATED" });
    deepEqual(await dataFiles(path), []);
  }));

Deno.test("delta() refuses tables that ask of writers what is not done, by name", () =>
  withTable(async (path) => {
    const withMetadata = (metadata: Record<string, unknown>) =>
      JSON.stringify({
        type: "struct",
        fields: [
          { name: "symbol", type: "string", nullable: true, metadata: {} },
          { name: "id", type: "long", nullable: false, metadata },
        ],
      });
    const features = (name: string) => ({
      minReaderVersion: 1,
      minWriterVersion: 7,
      writerFeatures: ["appendOnly", name],
    });
    const tables: [string, MadeTable][] = [
      ["checkConstraints", { configuration: { "delta.constraints.odd": "is_odd(id)" } }],
      ["invariants", { schemaString: withMetadata({ "delta.invariants": "{}" }) }],
      ["generatedColumns", {
        schemaString: withMetadata({ "delta.generationExpression": "x(1)" }),
      }],
      ["identityColumns", { schemaString: withMetadata({ "delta.identity.start": 1 }) }],
      ["allowColumnDefaults", { schemaString: withMetadata({ CURRENT_DEFAULT: "uuid()" }) }],
      ["icebergCompatV2", { configuration: { "delta.enableIcebergCompatV2": "true" } }],
      ["collations", { protocol: features("collations") }],
      ["writer version 8", { protocol: { minReaderVersion: 1, minWriterVersion: 8 } }],
    ];
    for (const [name, made] of tables) {
      await makeTable(path, Trade, made);
      await rejects(
        delta({ path }).open(sinkContext(Trade)),
        (error: Failure) => error.code === "UNSUPPORTED_FEATURE" && error.message.includes(name),
      );
      await Deno.remove(path, { recursive: true });
    }
    await makeTable(path, Trade, { protocol: features("changeDataFeed") });
    await delta({ path }).open(sinkContext(Trade));
  }));

Deno.test("delta() rejects rows that break a constraint of the table", () =>
  withTable(async (path) => {
    await makeTable(path, Trade, {
      partitionColumns: ["symbol"],
      configuration: { "delta.constraints.positive": "id > 0" },
    });
    const writer = await delta({ path }).open(sinkContext(Trade));

    const rejections = writer.reject?.(trades(["A", 1], ["A", 0], ["", 2], ["A", -1]), 1);

    deepEqual(rejections?.map(({ index }) => index), [1, 2, 3]);
    ok(rejections?.[0]?.error.includes('constraint "positive"'));
    await rejects(writer.stage(microBatch(0, trades(["A", 0]))), { code: "CONSTRAINT_VIOLATED" });
    deepEqual(await dataFiles(path), []);
  }));

Deno.test("delta() refuses options and schemas of which no table can be made", () =>
  withTable(async (path) => {
    throws(() => delta({ path, partitonBy: ["a"] } as never), { code: "UNKNOWN_OPTION" });
    throws(() => delta({ path: "" }), { code: "BAD_PATH" });
    throws(() => delta({ path: "s3://bucket/table" }), { code: "BAD_PATH" });
    const open = (schema: unknown, partitionBy: string[] = []) =>
      delta({ path, partitionBy }).open(sinkContext(schema as Schema));
    await rejects(open(s.struct({ "a b": s.long() })), { code: "BAD_SCHEMA" });
    await rejects(open(s.struct({ a: s.struct({ "b;": s.long() }) })), { code: "BAD_SCHEMA" });
    for (const partitionBy of [["x"], ["a", "a"], ["a", "b"], ["b"]]) {
      const schema = s.struct({ a: s.long(), b: s.array(s.long()) });
      await rejects(open(schema, partitionBy), { code: "BAD_PARTITION_COLUMNS" });
    }
  }));

Deno.test("delta() says where it cannot write, and that trying again may not help", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(Trade));
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, "a file where the table should be");

    await rejects(
      writer.stage(microBatch(0, trades(["A", 1]))),
      (error: unknown) =>
        error instanceof SluiceError && error.code === "DELTA_STORAGE" &&
        error.message.includes(path),
    );
  }));

Deno.test("delta() writes text that is longer than a folder's name may be", () =>
  withTable(async (path) => {
    const long = "€".repeat(200);
    const writer = await delta({ path, partitionBy: ["symbol"] }).open(sinkContext(Trade));
    await commitBatch(writer, 0, trades([long, 1]));

    const rows = await Array.fromAsync((await DeltaTable.open(path)).rows());
    deepEqual(rows, [{ symbol: long, id: 1n }]);
  }));

interface MadeTable {
  readonly protocol?: object;
  readonly configuration?: Record<string, string>;
  readonly schemaString?: string;
  readonly partitionColumns?: string[];
}

async function makeTable(path: string, schema: Schema, made: MadeTable = {}): Promise<void> {
  const metaData = {
    id: crypto.randomUUID(),
    format: { provider: "parquet", options: {} },
    schemaString: made.schemaString ?? formatSchema(schema),
    partitionColumns: made.partitionColumns ?? [],
    configuration: made.configuration ?? {},
  };
  const protocol = { minReaderVersion: 1, minWriterVersion: 2, ...made.protocol };
  await localLogStore(path)
    .putIfAbsent(commitName(0), formatActions([{ protocol }, { metaData }]));
}
