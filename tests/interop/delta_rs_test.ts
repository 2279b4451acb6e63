import { deepEqual, equal } from "assert";
import { Batch, Decimal, Schema, schema as s } from "../../lib/core/mod.ts";
import { commitName } from "../../lib/delta/log/log_files.ts";
import { delta, DeltaTable } from "../../lib/delta/mod.ts";
import { digestRows } from "../support/canonical_rows.ts";
import { commitBatch, sinkContext } from "../support/micro_batches.ts";
import { runPython } from "../support/python.ts";
import { EveryType, everyTypeBatch } from "../support/sample_rows.ts";

/** What `read_delta.py` prints. */
interface ReadByDeltaRs {
  readonly version: number;
  readonly numFiles: number;
  readonly rows: number;
  readonly digest: string;
  readonly columns: string[];
  readonly partitionColumns: string[];
  readonly answers: string[][][];
}

/** The table that `append_delta.py` writes. */
const PythonTrade = s.struct({
  symbol: s.string().nullable(),
  id: s.long().nullable(),
  price: s.decimal(18, 8).nullable(),
  at: s.timestamp().nullable(),
});

function pythonTrades(first: number, rows: number): Batch {
  const batch = new Batch(PythonTrade);
  for (let id = first; id < first + rows; id++) {
    batch.append({
      symbol: ["BTCUSDT", "ETHUSDT"][id % 2]!,
      id: BigInt(id),
      price: new Decimal(BigInt(id), 8),
      at: 1_704_067_200_000_000n + BigInt(id),
    });
  }
  return batch as Batch;
}

async function withTable(test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await test(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function readByDeltaRs(path: string, ...queries: string[]): Promise<ReadByDeltaRs> {
  return await runPython("read_delta.py", path, ...queries) as ReadByDeltaRs;
}

async function digestOf(path: string): Promise<{ rows: number; digest: string }> {
  const table = await DeltaTable.open(path);
  return digestRows(table.schema, await Array.fromAsync(table.rows()));
}

Deno.test("both sides make the same digest", async () => {
  const row = s.struct({
    id: s.long(),
    name: s.string().nullable(),
    score: s.double().nullable(),
    d: s.decimal(10, 2).nullable(),
    t: s.timestamp().nullable(),
    b: s.binary().nullable(),
    m: s.map(s.string(), s.long().nullable()),
    s: s.struct({ x: s.boolean() }).nullable(),
  });
  const nulls = { name: null, d: null, t: null, b: null, s: null };
  const rows = [
    {
      id: 1n,
      name: 'é"\n',
      score: 0.1,
      d: Decimal.parse("1.50"),
      t: 1704067200000000n,
      b: new Uint8Array([0, 255]),
      m: new Map([["a", 1n], ["b", null]]),
      s: { x: true },
    },
    { ...nulls, id: 2n, score: NaN, m: new Map() },
  ];
  const numbers = [1, 0.1, 1e21, 1.5e-7, 123456789.125, 1e-6, 0.000012345, 1e20, -2.5e300, 5e-324];

  deepEqual(await runPython("check_canonical_rows.py"), {
    digest: digestRows(row, rows).digest,
    numbers: numbers.map(String),
  });
});

Deno.test("delta-rs reads every type that we write, row for row", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(EveryType));
    await commitBatch(writer, 0, everyTypeBatch(0, 500));
    await commitBatch(writer, 1, everyTypeBatch(500, 500));

    const read = await readByDeltaRs(path);

    const batch = everyTypeBatch(0, 1000) as Batch;
    deepEqual(
      { rows: read.rows, digest: read.digest },
      digestRows(batch.schema, batch.rows()),
    );
    equal(read.version, 1);
  }));

Deno.test("delta-rs reads our checkpoints, also where the commits before them are gone", () =>
  withTable(async (path) => {
    const writer = await delta({ path, partitionBy: ["flag"] }).open(sinkContext(EveryType));
    for (let i = 0; i < 27; i++) await commitBatch(writer, i, everyTypeBatch(i * 20, 20));
    const expected = await digestOf(path);
    for (let version = 0; version < 20; version++) {
      await Deno.remove(`${path}/_delta_log/${commitName(version)}`);
    }

    const read = await readByDeltaRs(path);

    equal(read.version, 26);
    deepEqual({ rows: read.rows, digest: read.digest }, expected);
    equal(read.rows, 540);
  }));

const odd = [
  "a/b",
  "50% off",
  "x=y",
  "sp ace",
  "ü€😀",
  'q"uote',
  "new\nline",
  "%2F",
  "a:b",
  "+&#?",
];

Deno.test("delta-rs finds odd partition values again", () =>
  withTable(async (path) => {
    const schema = s.struct({ name: s.string().nullable(), id: s.long() });
    const batch = new Batch(schema);
    odd.forEach((name, i) => batch.append({ name, id: BigInt(i) }));
    batch.append({ name: null, id: 99n });
    const writer = await delta({ path, partitionBy: ["name"] }).open(sinkContext(schema));
    await commitBatch(writer, 0, batch);

    const read = await readByDeltaRs(path, "select id from t where name = '50% off'");

    deepEqual(
      { rows: read.rows, digest: read.digest },
      digestRows(schema, batch.rows()),
    );
    deepEqual(read.answers, [[["1"]]]);
  }));

const partitionings: [partitionBy: string[], firstId: number, rows: number][] = [
  [["tiny", "medium"], 0, 12],
  [["large"], 0, 12],
  // Without the negative ones, which delta-rs itself reads as `-1.-5`.
  [["price", "exact"], 1, 3],
  [["day"], 0, 12],
  [["at"], 0, 12],
  [["wall"], 0, 12],
  [["single", "double"], 0, 12],
];

for (const [partitionBy, firstId, rows] of partitionings) {
  Deno.test(`delta-rs reads tables partitioned by ${partitionBy.join(" and ")}`, () =>
    withTable(async (path) => {
      const writer = await delta({ path, partitionBy }).open(sinkContext(EveryType));
      const batch = everyTypeBatch(firstId, rows);
      await commitBatch(writer, 0, batch);

      const read = await readByDeltaRs(path);

      // delta-rs has the partition columns last.
      const { fields } = EveryType;
      const ordered = read.columns.map((name) => fields.find((field) => field.name === name)!);
      deepEqual(
        { rows: read.rows, digest: read.digest },
        digestRows(new Schema(ordered), batch.rows()),
      );
    }));
}

Deno.test("delta-rs leaves out no row by our statistics", () =>
  withTable(async (path) => {
    const writer = await delta({ path }).open(sinkContext(EveryType));
    for (let i = 0; i < 4; i++) await commitBatch(writer, i, everyTypeBatch(i * 40, 40));
    const conditions: [string, (row: Record<string, unknown>) => boolean][] = [
      ["id = 79", (row) => row.id === 79n],
      ["large >= 9007199254741100", (row) => (row.large as bigint) >= 9007199254741100n],
      ["text > 'row 150'", (row) => row.text !== null && (row.text as string) > "row 150"],
      [
        "text >= 'row 46 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' and text < 'row 47'",
        (row) => row.id === 46n,
      ],
      ["price = 0.00000130", (row) => row.id === 130n],
      ["price < 0", (row) => row.price !== null && (row.price as Decimal).unscaled < 0n],
      ["medium between 100 and 102", (row) => row.id === 102n],
      ["day > '9000-01-01'", (row) => (row.day as number) > 2_600_000],
      [
        "at > arrow_cast('2024-01-01T00:00:00.123604Z', 'Timestamp(Microsecond, Some(\"UTC\"))')",
        (row) => row.at !== null && (row.at as bigint) > 1_704_067_200_123_604n,
      ],
      ["double = 22.571428571428573", (row) => row.id === 158n],
      ["text is null", (row) => row.text === null],
    ];

    const { answers } = await readByDeltaRs(
      path,
      ...conditions.map(([condition]) => `select count(*) from t where ${condition}`),
    );

    const rows = [...(everyTypeBatch(0, 160) as Batch).rows()];
    deepEqual(
      conditions.map(([condition], i) => [condition, answers[i]![0]![0]]),
      conditions.map(([condition, holds]) => [condition, String(rows.filter(holds).length)]),
    );
  }));

Deno.test("we read what delta-rs wrote, and append by turns", () =>
  withTable(async (path) => {
    await runPython("append_delta.py", path, "0", "10", "symbol");
    const writer = await delta({ path }).open(sinkContext(PythonTrade));
    for (let turn = 0; turn < 6; turn++) {
      await commitBatch(writer, turn, pythonTrades(10 + turn * 20, 10));
      await runPython("append_delta.py", path, String(20 + turn * 20), "10", "symbol");
    }

    const table = await DeltaTable.open(path);

    equal(table.version, 12);
    equal(table.txn("query-1")?.version, 5);
    equal(table.txn("python")?.version, 120);
    const expected = pythonTrades(0, 130);
    deepEqual(await digestOf(path), digestRows(expected.schema, expected.rows()));
    const read = await readByDeltaRs(path);
    deepEqual([read.version, read.rows], [12, 130]);
  }));

Deno.test("we read a checkpoint that delta-rs made of both sides' commits", () =>
  withTable(async (path) => {
    const writer = await delta({ path, partitionBy: ["symbol"] }).open(sinkContext(PythonTrade));
    await commitBatch(writer, 0, pythonTrades(0, 10));
    await runPython("append_delta.py", path, "10", "10", "symbol");
    await runPython("checkpoint_delta.py", path);
    await Deno.remove(`${path}/_delta_log/${commitName(0)}`);
    await Deno.remove(`${path}/_delta_log/${commitName(1)}`);

    const table = await DeltaTable.open(path);
    const expected = pythonTrades(0, 20);
    deepEqual(await digestOf(path), digestRows(expected.schema, expected.rows()));
    equal(table.txn("query-1")?.version, 0);
    equal(table.txn("python")?.version, 10);
    const restarted = await delta({ path }).open(sinkContext(PythonTrade));
    equal(await restarted.lastBatchId(), 0);
    await commitBatch(restarted, 1, pythonTrades(20, 10));
    equal((await readByDeltaRs(path)).rows, 30);
  }));
