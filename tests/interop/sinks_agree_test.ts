import { deepEqual, equal } from "assert";
import { delta, json, kafka, pipeline, postgres, Schema, schema as s } from "sluice";
import { createProducer, createTopicIfAbsent } from "../../lib/kafka/mod.ts";
import { multisink } from "../../pipelines/multisink.ts";
import { Trade } from "../../pipelines/trade.ts";
import { postgresDigest } from "../support/postgres_digest.ts";
import { runPython } from "../support/python.ts";
import { Random } from "../support/random.ts";
import { testStack } from "../support/stack.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { produceLedger, removeLedger, withSql } from "../support/trade_ledger.ts";

const Exact = s.struct({
  id: s.long(),
  wide: s.decimal(38, 9).nullable(),
  price: s.decimal(18, 8),
  whole: s.decimal(38, 0),
  at: s.timestamp("us"),
  seen: s.timestamp().nullable(),
  day: s.date().nullable(),
  name: s.string().nullable(),
  flag: s.boolean(),
});

/** What rounding, doubles or milliseconds would spoil. */
const EDGES = [
  '{"id":9007199254740993,"wide":12345678901234567890.123456789,"price":"1234567890.12345678",' +
  '"whole":"99999999999999999999999999999999999999","at":1767323045123457,' +
  '"seen":"2026-01-02T03:04:05.678901Z","day":"2026-01-02","name":"a/b c%d=é\\"\\\\ü","flag":true}',
  '{"id":-9223372036854775808,"wide":"-99999999999999999999999999999.999999999","price":-0.00000001,' +
  '"whole":-99999999999999999999999999999999999999,"at":-62135596800000000,' +
  '"seen":"9999-12-31T23:59:59.999999+00:00","day":"0001-01-01","name":"","flag":false}',
  '{"id":9223372036854775807,"wide":null,"price":"9999999999.99999999","whole":0,' +
  '"at":253402300799999999,"seen":null,"day":null,"name":null,"flag":true}',
  '{"id":0,"price":0,"whole":"-1","at":-1,"name":"plain","flag":false}',
];

Deno.test("numbers are exact to the last digit in Postgres and in Delta, as delta-rs reads it", async () => {
  await using world = await prepare();
  const { brokers, databaseUrl, name, folder } = world;
  await createTopicIfAbsent({ brokers }, { topic: name, numPartitions: 3 });
  const producer = createProducer({ brokers });
  const values = [...EDGES, ...randomRecords(2_000)];
  await producer.send(name, values.map((value, i) => ({ key: String(i), value })));
  await producer.close();

  const query = await pipeline("exact")
    .from(kafka({ brokers, topic: name, maxOffsetsPerTrigger: 500 }))
    .decode(json(Exact))
    .to(
      postgres({ table: name, url: databaseUrl }),
      delta({ path: `${folder}/lake`, partitionBy: ["flag"] }),
    )
    .start({ checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
  await query.awaitTermination();

  await agree(databaseUrl, name, Exact, `${folder}/lake`, values.length);
  const edges = await withSql(
    databaseUrl,
    (sql) =>
      sql`select id::text, wide::text, price::text, whole::text,
               to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as at, name
        from ${sql(name)} where id in (9007199254740993, 9223372036854775807) order by id`,
  );
  deepEqual(edges.map((row) => ({ ...row })), [{
    id: "9007199254740993",
    wide: "12345678901234567890.123456789",
    price: "1234567890.12345678",
    whole: "99999999999999999999999999999999999999",
    at: "2026-01-02 03:04:05.123457",
    name: 'a/b c%d=é"\\ü',
  }, {
    id: "9223372036854775807",
    wide: null,
    price: "9999999999.99999999",
    whole: "0",
    at: "9999-12-31 23:59:59.999999",
    name: null,
  }]);
});

Deno.test("multisink's two tables agree row for row, as SQL and delta-rs read them", async () => {
  await using world = await prepare();
  const { brokers, databaseUrl, name, folder } = world;
  const { tradeIds } = await produceLedger(brokers, name, 5_000, 50);
  // More batches than commits between two checkpoints of the table.
  const query = await multisink({
    source: kafka({ brokers, topic: name, maxOffsetsPerTrigger: 400 }),
    databaseUrl,
    table: name,
    lakePath: `${folder}/lake`,
  }, { checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
  await query.awaitTermination();
  const trade = Trade;
  await agree(databaseUrl, name, trade, `${folder}/lake`, tradeIds.length);
  await Deno.stat(`${folder}/lake/_delta_log/00000000000000000010.checkpoint.parquet`);
});

async function agree(
  databaseUrl: string,
  table: string,
  schema: Schema,
  lake: string,
  rows: number,
): Promise<void> {
  const found = await runPython("read_delta.py", lake) as {
    rows: number;
    digest: string;
    columns: string[];
  };
  // delta-rs moves the partition columns to the end.
  const inDelta = new Map(schema.fields.map((field) => [field.name, field]));
  const fields = found.columns.map((column) => inDelta.get(column)!);
  const reordered = new Schema(fields);
  const inPostgres = await postgresDigest(databaseUrl, table, reordered);
  equal(inPostgres.rows, rows);
  deepEqual({ rows: found.rows, digest: found.digest }, inPostgres);
}

function randomRecords(count: number): string[] {
  const random = new Random(38);
  const digits = (most: number) =>
    Array.from({ length: random.integer(1, most) }, () => random.integer(0, 9)).join("")
      .replace(/^0+(?=\d)/, "");
  const sign = () => random.pick(["", "-"]);
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      id: i + 1,
      wide: `${sign()}${digits(29)}.${digits(9)}`,
      price: `${sign()}${digits(10)}.${digits(8)}`,
      whole: `${sign()}${digits(38)}`,
      at: random.integer(-9_000_000_000_000_000, 9_000_000_000_000_000),
      name: random.pick(["x", "ünïcödé 🙂", "tab\there", null]),
      flag: random.next() < 0.5,
    }));
}

interface World extends AsyncDisposable {
  readonly brokers: readonly string[];
  readonly databaseUrl: string;
  readonly name: string;
  readonly folder: string;
}

async function prepare(): Promise<World> {
  const { kafkaBrokers: brokers, databaseUrl } = await testStack();
  const folder = await tempFolder();
  const name = `agree_${crypto.randomUUID().slice(0, 8)}`;
  return {
    brokers,
    databaseUrl,
    name,
    folder: folder.path,
    async [Symbol.asyncDispose]() {
      await removeLedger(brokers, databaseUrl, [name], name);
      await folder[Symbol.asyncDispose]();
    },
  };
}
