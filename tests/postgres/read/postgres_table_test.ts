import { deepEqual, equal, match, rejects, throws } from "assert";
import {
  Decimal,
  type Row,
  type Schema,
  schema as s,
  type SluiceError,
  type StaticTable,
} from "../../../lib/core/mod.ts";
import { postgres, postgresTable, type PostgresTableOptions } from "../../../lib/postgres/mod.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";
import { contextOf, rowsBatch, until, withDatabase } from "../test_database.ts";

const never = new AbortController().signal;

Deno.test("postgresTable() reads what the sink wrote, of every type to the last digit", () =>
  withDatabase(async (db) => {
    const Nested = s.struct({
      id: s.long(),
      list: s.array(s.long().nullable()),
      doubles: s.array(s.double()),
      map: s.map(s.string(), s.decimal(38, 9)),
      byNumber: s.map(s.long(), s.boolean().nullable()),
      byStruct: s.map(s.struct({ a: s.string() }), s.date()),
      place: s.struct({
        a: s.string().nullable(),
        b: s.array(s.struct({ c: s.date(), d: s.timestamp() })),
        e: s.timestampNtz(),
        f: s.binary(),
        g: s.decimal(38, 0).nullable(),
      }).nullable(),
    });
    const nested: Row<typeof Nested>[] = [{
      id: 1n,
      list: [9007199254740993n, null, -1n],
      doubles: [0.5, NaN, -Infinity, 5e-324, 1.7976931348623157e308],
      map: new Map([['"q"', Decimal.parse("12345678901234567890.123456789")]]),
      byNumber: new Map([[9007199254740993n, true], [-1n, null]]),
      byStruct: new Map([[{ a: "k" }, -1]]),
      place: {
        a: null,
        b: [{ c: 0, d: 1700000000123456n }],
        e: -1n,
        f: Uint8Array.of(255, 0),
        g: new Decimal(10n ** 38n - 1n, 0),
      },
    }, {
      id: 2n,
      list: [],
      doubles: [],
      map: new Map(),
      byNumber: new Map(),
      byStruct: new Map(),
      place: null,
    }];
    const every = everyTypeBatch(0, 300);
    for (
      const [table, batch] of [
        ["plain", every],
        ["nested", rowsBatch(0, Nested, nested).batch],
      ] as const
    ) {
      const writer = await postgres({ table, url: db.url }).open(contextOf(db, batch.schema));
      await (await writer.stage({ ...rowsBatch(0, batch.schema, []), batch })).commit();
      await writer.close();
    }
    const plain = await readAll(postgresTable({ table: "plain", url: db.url, schema: EveryType }));
    deepEqual(byId(plain), [...every.rows()]);
    const found = await readAll(postgresTable({ table: "nested", url: db.url, schema: Nested }));
    deepEqual(byId(found), nested.map((row) => ({ ...row, map: decimals(row.map, 9) })));
  }));

Deno.test("postgresTable() reads types that others use, and any as text", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe(`create type mood as enum ('fine', 'bad');
      create type place as (city text, codes bigint[], raw bytea);
      create domain positive as integer check (value > 0);
      create table t (id smallint, code char(4), mood mood, key uuid, amount integer, small real,
        codes bigint[], place place, doc json, n positive, at timestamptz, span interval)`);
    await db.sql.unsafe(`insert into t values (7, 'ab', 'bad',
      '00000000-0000-0000-0000-000000000001', 5, 0.1, '{9007199254740993,null}',
      row('Ulm', '{1}', '\\x00ff'), '{"b": 1.50, "a": [1]}', 3, '2026-01-02 03:04:05.678901+05',
      '1 day 2 hours')`);
    const T = s.struct({
      id: s.long(),
      code: s.string(),
      mood: s.string(),
      key: s.string(),
      amount: s.decimal(18, 2),
      small: s.double(),
      codes: s.array(s.long().nullable()),
      place: s.struct({ city: s.string(), codes: s.array(s.integer()), raw: s.binary() }),
      doc: s.struct({ a: s.array(s.byte()), b: s.decimal(10, 2) }),
      n: s.integer(),
      at: s.timestamp(),
      span: s.string(),
    });
    deepEqual(await readAll(postgresTable({ table: "t", url: db.url, schema: T })), [{
      id: 7n,
      code: "ab",
      mood: "bad",
      key: "00000000-0000-0000-0000-000000000001",
      amount: Decimal.parse("5.00"),
      small: Math.fround(0.1),
      codes: [9007199254740993n, null],
      place: { city: "Ulm", codes: [1], raw: Uint8Array.of(0, 255) },
      doc: { a: [1], b: Decimal.parse("1.50") },
      n: 3,
      at: 1767305045678901n,
      span: "1 day 02:00:00",
    }]);
  }));

Deno.test("postgresTable() reads a query, a view, and as many rows as there are", () =>
  withDatabase(async (db) => {
    const N = s.struct({ n: s.integer(), half: s.double().nullable() });
    const query = "select n, n / 2.0::double precision as half, 'x' as more\n" +
      "from generate_series(1, 12345) n -- all;\n;\n";
    const table = postgresTable({ query, url: db.url, schema: N });
    equal(table.name, "postgres(query)");
    const batches = await Array.fromAsync(table.load(never));
    deepEqual(batches.map(({ numRows }) => numRows), [5000, 5000, 2345]);
    deepEqual(batches.at(-1)?.row(2344), { n: 12345, half: 6172.5 });
    await db.sql.unsafe("create view v as select 1 as n, null::float8 as half");
    const view = postgresTable({ table: `${db.schema}.v`, url: db.url, schema: N, name: "view" });
    equal(view.name, "view");
    deepEqual(await readAll(view), [{ n: 1, half: null }]);
    const none = postgresTable({ query: "select * from v where n > 1", url: db.url, schema: N });
    deepEqual(await readAll(none), []);
  }));

Deno.test("postgresTable() reads the rows of one moment, each load those of its own", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe("create table t as select n from generate_series(1, 6000) n");
    const table = postgresTable({ table: "t", url: db.url, schema: s.struct({ n: s.integer() }) });
    const found: unknown[] = [];
    for await (const batch of table.load(never)) {
      await db.sql.unsafe("update t set n = -n; insert into t values (0)");
      for (const { n } of batch.rows()) found.push(n);
    }
    deepEqual(found, Array.from({ length: 6000 }, (_, i) => i + 1));
    equal((await readAll(table)).length, 6002);
  }));

Deno.test("postgresTable() ends its connection when nobody reads on, and when told to stop", () =>
  withDatabase(async (db) => {
    const query = "select n from generate_series(1, 20000) n";
    const table = postgresTable({ query, url: db.url, schema: s.struct({ n: s.integer() }) });
    for await (const _ of table.load(never)) break;
    const stop = new AbortController();
    await rejects(async () => {
      for await (const _ of table.load(stop.signal)) stop.abort(new Error("enough"));
    }, /enough/);
    await until("no connection is left", async () => {
      const [count] = await db.rows(`select count(*) from pg_stat_activity
        where application_name = 'sluice table' and query like '%20000%'`);
      return count === "0";
    });
  }));

Deno.test("postgresTable() refuses columns whose values may not be those of the schema", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe(`create table t (a double precision, b numeric, c timestamp, d text,
      e bigint, f jsonb, g text[])`);
    const Wanted = s.struct({
      a: s.decimal(18, 2),
      b: s.double(),
      c: s.timestamp(),
      d: s.long(),
      e: s.float(),
      f: s.string(),
      g: s.array(s.string()),
      h: s.string(),
    });
    await rejects(
      readAll(postgresTable({ table: "t", url: db.url, schema: Wanted })),
      (error: SluiceError) => {
        equal(error.code, "SCHEMA_MISMATCH");
        deepEqual(error.message.split("\n  ").slice(1).map((line) => line.split(" from ")[0]), [
          "a: double precision, wanted decimal(18,2)",
          "b: numeric, wanted double",
          "c: timestamp without time zone, wanted timestamp",
          "d: text, wanted long",
          "e: bigint, wanted float",
          "h: no such column, wanted string. Declare the columns as they are, or read a query " +
          "that casts them",
        ]);
        return true;
      },
    );
  }));

Deno.test("postgresTable() names the row and the column of a value that does not fit", () =>
  withDatabase(async (db) => {
    const cases: [expression: string, schema: Schema, says: RegExp][] = [
      ["null::text", s.struct({ c: s.string() }), /row 0, column "c": found no value/],
      ["300", s.struct({ c: s.byte() }), /column "c": found 300 \(number\), wanted byte/],
      ["2147483648", s.struct({ c: s.integer() }), /found 2147483648/],
      ["1.005", s.struct({ c: s.decimal(18, 2) }), /found 1.005 \(Decimal\), wanted decimal/],
      ["'NaN'::numeric", s.struct({ c: s.decimal(18, 2) }), /found "NaN", wanted decimal/],
      ["'infinity'::date", s.struct({ c: s.date() }), /found "infinity", wanted date/],
      ["'0044-03-15 BC'::date", s.struct({ c: s.date() }), /found "0044-03-15 BC"/],
      ["'infinity'::timestamptz", s.struct({ c: s.timestamp() }), /found "infinity"/],
      [
        `'{"a": "1"}'::jsonb`,
        s.struct({ c: s.struct({ a: s.long() }) }),
        /found "{.*wanted struct/,
      ],
      [`'{}'::jsonb`, s.struct({ c: s.struct({ a: s.long() }) }), /column "c": found/],
      [`'[1.5]'::jsonb`, s.struct({ c: s.array(s.long()) }), /wanted array<long>/],
      [`'{"x": 1}'::jsonb`, s.struct({ c: s.map(s.long(), s.long()) }), /wanted map/],
      [`'5'::jsonb`, s.struct({ c: s.struct({ a: s.long().nullable() }) }), /wanted struct/],
    ];
    for (const [expression, schema, says] of cases) {
      const table = postgresTable({ query: `select ${expression} as c`, url: db.url, schema });
      await rejects(readAll(table), (error: SluiceError) => {
        equal(error.code, "BAD_VALUE");
        match(error.message, /^Cannot read postgres\(query\) at row 0, column "c/);
        match(error.message, says);
        return true;
      });
    }
    const many = postgresTable({
      query: "select case when n = 7001 then null else n end as n from generate_series(1, 8000) n",
      url: db.url,
      schema: s.struct({ n: s.integer() }),
    });
    await rejects(readAll(many), /row 7000, column "n"/);
  }));

Deno.test("postgresTable() says what is missing, and what the server says", () =>
  withDatabase(async (db) => {
    const schema = s.struct({ n: s.integer() });
    await rejects(readAll(postgresTable({ table: "t", url: db.url, schema })), {
      code: "TABLE_MISSING",
    });
    await rejects(
      readAll(postgresTable({ query: "select n from nowhere", url: db.url, schema })),
      (error: SluiceError) => {
        equal(error.code, "POSTGRES_REFUSED");
        match(error.message, /read postgres\(query\) .*relation "nowhere" does not exist/);
        return true;
      },
    );
    await rejects(
      readAll(postgresTable({ query: "delete from t", url: db.url, schema })),
      { code: "POSTGRES_REFUSED" },
    );
    const refused = (options: object, code: string) =>
      throws(() => postgresTable(options as PostgresTableOptions<unknown>), { code });
    refused({ schema }, "BAD_OPTION");
    refused({ schema, table: "t", query: "select 1" }, "BAD_OPTION");
    refused({ table: "t" }, "BAD_OPTION");
    refused({ table: "a.b.c", schema }, "BAD_NAME");
    refused({ table: "t", schema, where: "n > 1" }, "UNKNOWN_OPTION");
    await rejects(readAll(postgresTable({ table: "t", url: "", schema })), {
      code: "NO_DATABASE_URL",
    });
  }));

async function readAll<R>(table: StaticTable<R>): Promise<R[]> {
  const rows: R[] = [];
  for await (const batch of table.load(never)) {
    deepEqual(batch.schema, table.schema);
    rows.push(...batch.rows());
  }
  return rows;
}

function byId<R extends { id: bigint }>(rows: R[]): R[] {
  return rows.sort((a, b) => Number(a.id - b.id));
}

/** As a column holds them: all of one scale. */
function decimals(map: Map<string, Decimal>, scale: number): Map<string, Decimal> {
  return new Map([...map].map(([key, value]) => [key, value.rescaled(scale)!]));
}
