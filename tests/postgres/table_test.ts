import { deepEqual, equal, match, ok, rejects } from "assert";
import { schema as s, type SluiceError } from "../../lib/core/mod.ts";
import { createTableSql, postgres } from "../../lib/postgres/mod.ts";
import { contextOf, microBatch, withDatabase } from "./test_database.ts";

const Wanted = s.struct({
  id: s.long(),
  name: s.string(),
  price: s.decimal(18, 8).nullable(),
  at: s.timestamp(),
});

Deno.test("a table is created from the schema, whatever the names are", () =>
  withDatabase(async (db) => {
    const Odd = s.struct({
      select: s.string(),
      Offset: s.long().nullable(),
      'wei"rd näme': s.boolean(),
      a: s.binary(),
      b: s.byte(),
      c: s.short(),
      d: s.integer(),
      e: s.float(),
      f: s.double(),
      g: s.decimal(38, 0),
      h: s.date(),
      i: s.timestamp(),
      j: s.timestampNtz(),
      k: s.array(s.string()),
      l: s.map(s.string(), s.long()),
      m: s.struct({ x: s.long() }).nullable(),
    });
    const writer = await postgres({ table: 'Wei"rd table', url: db.url })
      .open(contextOf(db, Odd));
    await writer.close();
    deepEqual(
      await db.rows(`select attname, format_type(atttypid, atttypmod), attnotnull
        from pg_attribute where attrelid = '"Wei""rd table"'::regclass and attnum > 0
        order by attnum`),
      [
        "select|text|true",
        "Offset|bigint|false",
        'wei"rd näme|boolean|true',
        "a|bytea|true",
        "b|smallint|true",
        "c|smallint|true",
        "d|integer|true",
        "e|real|true",
        "f|double precision|true",
        "g|numeric(38,0)|true",
        "h|date|true",
        "i|timestamp with time zone|true",
        "j|timestamp without time zone|true",
        "k|jsonb|true",
        "l|jsonb|true",
        "m|jsonb|false",
      ],
    );
    const reopened = await postgres({ table: 'Wei"rd table', url: db.url })
      .open(contextOf(db, Odd));
    await reopened.close();
  }));

Deno.test("runs that open at the same time create each table once", () =>
  withDatabase(async (db) => {
    const sink = postgres({ table: "trades", url: db.url });
    const writers = await Promise.all(
      Array.from({ length: 6 }, (_, i) => sink.open(contextOf(db, Wanted, `query-${i}`))),
    );
    await Promise.all(writers.map((writer) => writer.close()));
    equal((await db.rows("select * from sluice_progress")).length, 6);
  }));

const fitting = {
  "wider and looser columns, and more of them": `create table trades (
    extra text, at timestamptz(6), price numeric(30,10), name varchar, id bigint,
    made timestamptz not null default now(), n int generated always as identity)`,
  "numeric without precision": `create table trades (
    id bigint not null, name text not null, price numeric, at timestamptz not null)`,
};
for (const [what, ddl] of Object.entries(fitting)) {
  Deno.test(`a table with ${what} holds every row`, () =>
    withDatabase(async (db) => {
      await db.sql.unsafe(ddl);
      const writer = await postgres({ table: "trades", url: db.url }).open(contextOf(db, Wanted));
      const row = { id: 1n, name: "n", price: null, at: 0n };
      await (await writer.stage(microBatch(0, Wanted, [row]))).commit();
      await writer.close();
      deepEqual(await db.rows("select id, name, price, at::text from trades"), [
        "1|n|null|1970-01-01 00:00:00+00",
      ]);
    }));
}

const mismatches: Record<string, { ddl: string; says: string[] }> = {
  "a column is missing": {
    ddl: "id bigint, price numeric(18,8), at timestamptz",
    says: ['column "name"', "found no such column", "wanted text not null"],
  },
  "an integer is too narrow": {
    ddl: "id integer, name text, price numeric(18,8), at timestamptz",
    says: ['column "id"', "found integer", "wanted bigint not null"],
  },
  "text has a length": {
    ddl: "id bigint, name varchar(10), price numeric(18,8), at timestamptz",
    says: ['column "name"', "found character varying(10)", "wanted text not null"],
  },
  "a decimal has too few digits before the point": {
    ddl: "id bigint, name text, price numeric(18,9), at timestamptz",
    says: ['column "price"', "found numeric(18,9)", "wanted numeric(18,8)"],
  },
  "a decimal has too few digits behind the point": {
    ddl: "id bigint, name text, price numeric(30,7), at timestamptz",
    says: ['column "price"', "found numeric(30,7)"],
  },
  "a decimal is floating": {
    ddl: "id bigint, name text, price double precision, at timestamptz",
    says: ['column "price"', "found double precision"],
  },
  "a timestamp has no zone": {
    ddl: "id bigint, name text, price numeric(18,8), at timestamp",
    says: ['column "at"', "timestamp without time zone", "wanted timestamp with time zone"],
  },
  "a timestamp rounds to milliseconds": {
    ddl: "id bigint, name text, price numeric(18,8), at timestamptz(3)",
    says: ['column "at"', "timestamp(3) with time zone"],
  },
  "null is not allowed": {
    ddl: "id bigint, name text, price numeric(18,8) not null, at timestamptz",
    says: ['column "price"', "found numeric(18,8) not null", "with null allowed"],
  },
  "a column that nobody fills must not be null": {
    ddl: "id bigint, name text, price numeric(18,8), at timestamptz, who text not null",
    says: ['column "who"', "text not null without a default"],
  },
  "a column is generated": {
    ddl: "id bigint, name text generated always as ('x') stored, price numeric(18,8), " +
      "at timestamptz",
    says: ['column "name"', "a generated column"],
  },
  "two columns do not fit": {
    ddl: "id integer, name text, at timestamptz",
    says: ['columns "id", "price"', "found integer; no such column"],
  },
};
for (const [what, { ddl, says }] of Object.entries(mismatches)) {
  Deno.test(`where ${what}, the error says so, and its ALTER TABLE mends the table`, () =>
    withDatabase(async (db) => {
      await db.sql.unsafe(`create table trades (${ddl})`);
      const sink = postgres({ table: "trades", url: db.url });
      let alter = "";
      await rejects(sink.open(contextOf(db, Wanted)), (error: SluiceError) => {
        equal(error.code, "SCHEMA_MISMATCH");
        equal(error.retryable, false);
        for (const part of ['"trades"', ...says]) ok(error.message.includes(part), error.message);
        alter = /run: (alter table .*;)$/.exec(error.message)?.[1] ?? "";
        return true;
      });
      match(alter, /^alter table "trades" /);
      await db.sql.unsafe(alter);
      const writer = await sink.open(contextOf(db, Wanted));
      const row = { id: 1n, name: "n", price: null, at: 0n };
      await (await writer.stage(microBatch(0, Wanted, [row]))).commit();
      await writer.close();
      deepEqual(await db.rows("select count(*) from trades"), ["1"]);
    }));
}

Deno.test("a view, or a dead-letter table of another shape, is refused", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe("create view trades as select 1 as id");
    await rejects(postgres({ table: "trades", url: db.url }).open(contextOf(db, Wanted)), {
      code: "SCHEMA_MISMATCH",
    });
    await db.sql.unsafe("drop view trades; create table dead_letters (id bigint, key text)");
    await rejects(
      postgres({ table: "trades", url: db.url }).open(contextOf(db, Wanted)),
      (error: SluiceError) => {
        equal(error.code, "SCHEMA_MISMATCH");
        ok(error.message.includes('"dead_letters"'));
        ok(error.message.includes('"key"'));
        return true;
      },
    );
  }));

Deno.test("a schema that does not exist and names too long for Postgres are told before any write", () =>
  withDatabase(async (db) => {
    const Long = s.struct({ ["x".repeat(64)]: s.long() });
    await rejects(postgres({ table: "t", url: db.url }).open(contextOf(db, Long)), {
      code: "BAD_NAME",
    });
    await rejects(
      postgres({ table: "no_such_schema.t", url: db.url }).open(contextOf(db, Wanted)),
      { code: "POSTGRES_NO_SCHEMA" },
    );
  }));

Deno.test("a database that cannot hold every text is refused", () =>
  withDatabase(async (db) => {
    const name = `${db.schema}_latin1`;
    await db.sql.unsafe(
      `create database ${name} encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`,
    );
    try {
      const url = new URL(db.url);
      url.pathname = name;
      await rejects(postgres({ table: "t", url: url.href }).open(contextOf(db, Wanted)), {
        code: "POSTGRES_ENCODING",
      });
    } finally {
      await db.sql.unsafe(`drop database ${name} with (force)`);
    }
  }));

Deno.test("createTableSql() is what is run", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe(createTableSql("by_hand", Wanted));
    const writer = await postgres({ table: "by_hand", url: db.url }).open(contextOf(db, Wanted));
    await writer.close();
  }));
