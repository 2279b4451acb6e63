import { deepEqual, match } from "assert";
import { Decimal, schema as s } from "../../../lib/core/mod.ts";
import { debezium } from "../../../lib/formats/debezium/mod.ts";
import { decodeChanges, readChanges } from "./change_records.ts";

// What Debezium 3.5 wrote on Kafka Connect 4.3, for Postgres 18 and MariaDB 10.11.

const dec = (text: string) => Decimal.parse(text);

/** Microseconds since 1970. */
const at = (text: string) => BigInt(Date.parse(text)) * 1000n;

/** A day in days since 1970. */
const day = (text: string) => Date.parse(text) / 86_400_000;

/** The columns of a change of which every value came. */
const change = (__op: string, __source_ts: bigint, __position: string) => ({
  __op,
  __source_ts,
  __position,
  __deleted: __op === "d",
  __unavailable: [],
});

/** The position of a change of Postgres that stands right behind a commit. */
const lsn = (position: number) => {
  const digits = String(position).padStart(19, "0");
  return `${digits}/${digits}`;
};

const Order = s.struct({
  id: s.long(),
  customer: s.string().nullable(),
  amount: s.decimal(12, 2).nullable(),
  status: s.string().nullable(),
  created_at: s.timestampNtz(),
});

const Fund = s.struct({
  id: s.integer(),
  fund_name: s.string(),
  currency: s.string(),
  nav: s.decimal(18, 4).nullable(),
  inception: s.date().nullable(),
  updated_at: s.timestamp(),
});

const Customer = s.struct({
  id: s.integer(),
  name: s.string(),
  tier: s.string().nullable(),
  balance: s.decimal(12, 2).nullable(),
  created_at: s.timestampNtz("us").nullable(),
  updated_at: s.timestamp().nullable(),
});

Deno.test("debezium() reads envelopes of Postgres without schemas, and skips tombstones", async () => {
  const records = await readChanges("postgres", "probe_finance.public.orders");
  const ann = { id: 1n, customer: "ann", amount: dec("12.50"), status: "new" };
  const bob = { id: 2n, customer: "bob", amount: dec("99.99"), status: "new" };
  const annAt = { ...ann, created_at: at("2025-01-01T10:00:00Z") };
  const bobAt = { ...bob, created_at: at("2025-01-02T11:00:00Z") };
  deepEqual(await decodeChanges(debezium(Order, { key: ["id"] }), records), {
    rows: [
      { ...annAt, ...change("r", 1795255600009966n, lsn(26654888)) },
      { ...annAt, ...change("d", 1795255620332218n, lsn(26679720)) },
      { ...bobAt, ...change("c", 1795255620331870n, lsn(26679336)) },
      { ...bobAt, status: "paid", ...change("u", 1795255620332095n, lsn(26679536)) },
    ],
    errors: {},
    skipped: [2],
  });
});

Deno.test("debezium() reads envelopes with schemas, and what a transform added to them", async () => {
  const records = await readChanges("postgres_with_schemas", "probe_env.public.fund_metadata");
  const decoder = debezium(Fund, {
    key: ["id"],
    envelope: {
      source_system: s.string(),
      source: s.struct({ table: s.string(), txId: s.long().nullable() }),
    },
  });
  const fund = (id: number, fund_name: string, currency: string, nav: string | null) => ({
    id,
    fund_name,
    currency,
    nav: nav === null ? null : dec(nav),
    source_system: "finance_db",
  });
  const source = (txId: bigint) => ({ source: { table: "fund_metadata", txId } });
  const alpha = fund(1, "Alpha Growth", "USD", "101.2500");
  const beta = fund(2, "Beta Income", "EUR", null);
  const delta = { ...fund(4, "Delta", "USD", "1.0000"), inception: day("2024-01-01") };
  const [january, february] = [at("2025-01-01T00:00:00Z"), at("2025-02-01T00:00:00Z")];
  deepEqual(await decodeChanges(decoder, records), {
    rows: [
      {
        ...alpha,
        inception: day("2015-03-01"),
        updated_at: january,
        ...source(752n),
        ...change("r", 1795255664435834n, lsn(26679976)),
      },
      {
        ...beta,
        inception: day("2019-07-15"),
        updated_at: january,
        ...source(752n),
        ...change("r", 1795255664435834n, lsn(26679976)),
      },
      {
        ...delta,
        currency: "CHF",
        updated_at: february,
        ...source(754n),
        ...change("c", 1795255668475468n, lsn(26680112)),
      },
      {
        ...delta,
        updated_at: february,
        ...source(755n),
        ...change("u", 1795255668476382n, lsn(26680312)),
      },
      {
        ...delta,
        updated_at: february,
        ...source(756n),
        ...change("d", 1795255668476861n, lsn(26680496)),
      },
    ],
    errors: {},
    skipped: [5],
  });
});

Deno.test("debezium() reads rows that were taken out of their envelopes", async () => {
  const records = await readChanges("postgres_flat", "probe_flat.public.fund_metadata");
  const Flat = s.struct({
    id: s.integer(),
    title: s.string().from("name"),
    nav: s.decimal(38, 4).nullable(),
    inception: s.date().nullable(),
    source_system: s.string(),
  });
  const delta = {
    id: 4,
    title: "Delta",
    nav: dec("1.0000"),
    inception: day("2024-01-01"),
    source_system: "finance_db",
  };
  deepEqual(await decodeChanges(debezium(Flat, { key: ["id"] }), records), {
    rows: [
      {
        id: 1,
        title: "Alpha Growth",
        nav: dec("101.2500"),
        inception: day("2015-03-01"),
        source_system: "finance_db",
        ...change("r", 1795255664585000n, lsn(26680072)),
      },
      {
        id: 2,
        title: "Beta Income",
        nav: null,
        inception: day("2019-07-15"),
        source_system: "finance_db",
        ...change("r", 1795255664585000n, lsn(26680072)),
      },
      { ...delta, ...change("c", 1795255668475000n, lsn(26680112)) },
      { ...delta, ...change("u", 1795255668476000n, lsn(26680312)) },
      { ...delta, ...change("d", 1795255668476000n, lsn(26680496)) },
    ],
    errors: {},
    skipped: [5],
  });
});

for (const connector of ["mariadb", "mysql"]) {
  Deno.test(`debezium() reads envelopes of the connector for ${connector}`, async () => {
    const records = await readChanges(connector, `probe_${connector}.crm.customers`);
    const [ann, bob] = [at("2025-01-01T10:00:00Z"), at("2025-02-01T00:00:00Z")];
    const binlog = (pos: number) => `0000000001/${String(pos).padStart(19, "0")}/0000000000`;
    const bobRow = {
      id: 2,
      name: "bob",
      tier: "gold",
      balance: dec("1.25"),
      created_at: bob,
      updated_at: bob,
    };
    const annRow = { ...bobRow, id: 1, name: "ann", balance: dec("10.50") };
    deepEqual(await decodeChanges(debezium(Customer, { key: ["id"] }), records), {
      rows: [
        {
          ...annRow,
          created_at: ann,
          updated_at: ann,
          ...change("r", 1795255808000000n, binlog(1661)),
        },
        { ...bobRow, tier: "silver", ...change("c", 1795255813000000n, binlog(1973)) },
        { ...bobRow, ...change("u", 1795255813000000n, binlog(2315)) },
        { ...bobRow, ...change("d", 1795255813000000n, binlog(2675)) },
      ],
      errors: {},
      skipped: [4],
    });
  });
}

Deno.test("deletes that come as tombstones alone take their key from the record's", async () => {
  for (
    const [file, topic] of [
      ["postgres_with_schemas", "probe_env.public.fund_metadata"],
      ["postgres_flat", "probe_flat.public.fund_metadata"],
    ] as const
  ) {
    const tombstones = (await readChanges(file, topic)).filter(({ value }) => value === null);
    const Row = s.struct({ id: s.integer(), name: s.string().nullable(), nav: s.decimal(9, 4) });
    const decoder = debezium(Row, { key: ["id"], tombstones: "delete" });
    deepEqual(await decodeChanges(decoder, tombstones), {
      rows: [{
        id: 4,
        name: null,
        nav: null,
        __op: "d",
        __source_ts: null,
        __position: null,
        __deleted: true,
        __unavailable: ["name", "nav"],
      }],
      errors: {},
      skipped: [],
    });
  }
});

// A table with a column of every kind, without a full replica identity: first an update that leaves the
// long values alone, then one of the key, which is a delete and a new row.
const Types = {
  id: s.long(),
  flag: s.boolean().nullable(),
  small: s.short().nullable(),
  medium: s.integer().nullable(),
  big: s.long().nullable(),
  real4: s.float().nullable(),
  dbl: s.double().nullable(),
  label: s.string().nullable(),
  code: s.string().nullable(),
  uid: s.string().nullable(),
  doc: s.struct({ n: s.long(), a: s.array(s.integer().nullable()) }).nullable(),
  raw: s.binary().nullable(),
  price: s.decimal(18, 4).nullable(),
  wide: s.decimal(38, 9).nullable(),
  free: s.decimal(20, 4).nullable(),
  mon: s.decimal(9, 2).nullable(),
  day: s.date().nullable(),
  ts3: s.timestampNtz("ms").nullable(),
  ts6: s.timestampNtz().nullable(),
  tstz: s.timestamp().nullable(),
  ttz: s.string().nullable(),
  ints: s.array(s.integer().nullable()).nullable(),
  texts: s.array(s.string().nullable()).nullable(),
  nums: s.array(s.decimal(9, 2)).nullable(),
  dates: s.array(s.date()).nullable(),
  uuids: s.array(s.string()).nullable(),
  bits: s.binary().nullable(),
  bit1: s.boolean().nullable(),
  pt: s.struct({ x: s.double(), y: s.double(), srid: s.integer().nullable() }).nullable(),
  ip: s.string().nullable(),
  mood: s.string().nullable(),
  rng: s.string().nullable(),
  tags: s.map(s.string(), s.string().nullable()).nullable(),
  long_text: s.string().nullable(),
  long_raw: s.binary().nullable(),
  long_ints: s.array(s.integer()).nullable(),
  long_texts: s.array(s.string()).nullable(),
  long_bigs: s.array(s.long()).nullable(),
  long_doc: s.struct({ k: s.string() }).nullable(),
  long_tags: s.map(s.string(), s.string()).nullable(),
  long_uuids: s.array(s.string()).nullable(),
};
const LONG = Object.keys(Types).filter((name) => name.startsWith("long_"));

const touched = {
  id: 2n,
  flag: true,
  small: -32768,
  medium: 2147483647,
  big: 9007199254740993n,
  real4: 1.5,
  dbl: 0.1,
  label: "touched",
  code: "ab ",
  uid: "b68a35a7-17ad-35b3-af2a-ae46edb4545a",
  doc: { n: 9007199254740993n, a: [1, null] },
  raw: Uint8Array.of(0, 255, 16),
  price: dec("-12345678901234.5678"),
  wide: dec("12345678901234567890123456789.123456789"),
  free: dec("123.4500"),
  mon: dec("12.34"),
  day: day("2015-03-01"),
  ts3: at("2025-01-01T10:00:00.123Z"),
  ts6: at("2025-01-01T10:00:00.123Z") + 456n,
  tstz: at("2025-01-01T08:00:00.123Z") + 456n,
  ttz: "08:15:30.123456Z",
  ints: [1, null, -3],
  texts: ["a", "b,c", null],
  nums: [dec("1.25"), dec("-0.01")],
  dates: [day("2015-03-01"), -1],
  uuids: ["b68a35a7-17ad-35b3-af2a-ae46edb4545b"],
  bits: Uint8Array.of(5),
  bit1: true,
  pt: { x: 1.5, y: -2, srid: null },
  ip: "10.0.0.1/8",
  mood: "sad",
  rng: "[1,5)",
  tags: new Map([["a", "1"], ["b", null]]),
  ...Object.fromEntries(LONG.map((name) => [name, null])),
};
const update = {
  ...touched,
  ...change("u", 1795292066451378n, "0000000000029933976/0000000000029934032"),
  __unavailable: LONG,
};

Deno.test("every type is read by its schema, decimals of any precision from their bytes", async () => {
  const records = await readChanges("postgres_types", "precise.public.types");
  const Precise = s.struct({
    ...Types,
    bits: s.integer().nullable(),
    t3: s.string().nullable(),
    t6: s.string().nullable(),
    span: s.long().nullable(),
    pt: s.string().nullable(),
  });
  const { rows: [updated, gone], errors } = await decodeChanges(
    debezium(Precise, { key: ["id"] }),
    records,
  );
  deepEqual(errors, {});
  deepEqual({ ...updated }, {
    ...update,
    bits: 5,
    t3: "10:15:30.123",
    t6: "10:15:30.123456",
    span: 37091106789000n,
    pt: '{"x":1.5,"y":-2.0,"wkb":"AQEAAAAAAAAAAAD4PwAAAAAAAADA","srid":null}',
  });
  const { id, label, __op, __unavailable } = gone!;
  deepEqual([id, label, __op, __unavailable.length], [2n, null, "d", Precise.fields.length - 1]);
});

Deno.test("every type is read without a schema, decimals from their digits", async () => {
  const records = await readChanges("postgres_types", "text.public.types");
  const Text = s.struct({
    ...Types,
    t3: s.integer().nullable(),
    t6: s.long().nullable(),
    span: s.string().nullable(),
  });
  const decoder = debezium(Text, { key: ["id"] });
  const { rows, errors, skipped } = await decodeChanges(decoder, records);
  deepEqual(rows.map(({ id, __op }) => `${__op} ${id}`), ["u 2", "d 2", "c 4"]);
  deepEqual({ ...rows[0] }, {
    ...update,
    t3: 36930123,
    t6: 36930123456n,
    span: "P1Y2M3DT4H5M6.789S",
  });
  deepEqual([rows[2]?.dbl, rows[2]?.real4], [NaN, -Infinity]);
  deepEqual(skipped, [2]);
  deepEqual(errors, {
    3: `column ${
      LONG.join(", ")
    }: found no value in a new row, as its key was changed by an update ` +
      "that left the column alone: Debezium does not know it then, and no table has it under the new " +
      "key. With REPLICA IDENTITY FULL it is sent",
    5: 'op "t": table sluice.public.types was emptied by truncate, which says nothing of single ' +
      "rows: those that were read before are still there",
  });
});

Deno.test("times are read from ISO 8601 text, and decimals as the doubles that they were sent as", async () => {
  const records = await readChanges("postgres_types", "iso.public.types");
  const Iso = s.struct({ ...Types, t6: s.string().nullable() });
  const { rows: [row], errors } = await decodeChanges(debezium(Iso, { key: ["id"] }), records);
  deepEqual(errors, {});
  deepEqual({ ...row }, {
    ...update,
    price: dec("-12345678901234.5680"),
    wide: dec("12345678901234568000000000000.000000000"),
    t6: "10:15:30.123456Z",
  });
});

Deno.test("rows that were taken out of their envelopes have their times in milliseconds if so sent", async () => {
  const records = await readChanges("postgres_types", "flat.public.types");
  const Flat = s.struct({ ...Types, t6: s.long().nullable(), span: s.long().nullable() });
  const decoder = debezium(Flat, { key: ["id"], timePrecision: "ms" });
  const { rows, errors } = await decodeChanges(decoder, records);
  deepEqual(Object.keys(errors), ["2"]);
  deepEqual(rows.map(({ id, __op }) => `${__op} ${id}`), ["u 2", "d 2", "c 4"]);
  deepEqual({ ...rows[0] }, {
    ...update,
    ts6: at("2025-01-01T10:00:00.123Z"),
    t6: 36930123n,
    span: 37091106789000n,
    __source_ts: 1795292066451000n,
  });
});

Deno.test("heartbeats and the ends of transactions are no changes", async () => {
  const decoder = debezium(s.struct({ id: s.long() }), { key: ["id"] });
  for (
    const [topic, found] of [
      ["transaction", "the begin or end of a transaction"],
      ["heartbeat", "a heartbeat"],
    ]
  ) {
    for (const form of ["text", "precise"]) {
      const name = topic === "heartbeat" ? `__debezium-heartbeat.${form}` : `${form}.${topic}`;
      const { rows, errors } = await decodeChanges(
        decoder,
        await readChanges("postgres_types", name),
      );
      deepEqual(rows, []);
      match(errors[0]!, new RegExp(`^found ${found}, wanted a change of a row`));
    }
  }
});
