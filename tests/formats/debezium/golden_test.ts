import { deepEqual } from "assert";
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
