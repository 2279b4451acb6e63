import { deepEqual, equal, match, ok, rejects } from "assert";
import { schema as s, type SluiceError } from "../../lib/core/mod.ts";
import { createTableSql, postgres } from "../../lib/postgres/mod.ts";
import { contextOf, rowsBatch, withDatabase } from "./test_database.ts";

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
      await (await writer.stage(rowsBatch(0, Wanted, [row]))).commit();
      await writer.close();
      deepEqual(await db.rows("select id, name, price, at::text from trades"), [
        "1|n|null|1970-01-01 00:00:00+00",
      ]);
    }));
}

const mismatches: Record<string, { ddl: string; says: string[] }> = {
  "a column is missing": {
    ddl: "id bigint, price numeric(18,8), at timestamptz",
    says: ["name: no such column, wanted text not null"],
  },
  "an integer is too narrow": {
    ddl: "id integer, name text, price numeric(18,8), at timestamptz",
    says: ["id: integer, wanted bigint not null"],
  },
  "text has a length": {
    ddl: "id bigint, name varchar(10), price numeric(18,8), at timestamptz",
    says: ["name: character varying(10), wanted text not null"],
  },
  "a decimal has too few digits before the point": {
    ddl: "id bigint, name text, price numeric(18,9), at timestamptz",
    says: ["price: numeric(18,9), wanted numeric(18,8)"],
  },
  "a decimal has too few digits behind the point": {
    ddl: "id bigint, name text, price numeric(30,7), at timestamptz",
    says: ["price: numeric(30,7), wanted numeric(18,8)"],
  },
  "a decimal is floating": {
    ddl: "id bigint, name text, price double precision, at timestamptz",
    says: ["price: double precision, wanted numeric(18,8)"],
  },
  "a timestamp has no zone": {
    ddl: "id bigint, name text, price numeric(18,8), at timestamp",
    says: ["at: timestamp without time zone, wanted timestamp with time zone not null"],
  },
  "a timestamp rounds to milliseconds": {
    ddl: "id bigint, name text, price numeric(18,8), at timestamptz(3)",
    says: ["at: timestamp(3) with time zone, wanted timestamp with time zone not null"],
  },
  "null is not allowed": {
    ddl: "id bigint, name text, price numeric(18,8) not null, at timestamptz",
    says: ["price: numeric(18,8) not null, wanted numeric(18,8) with null allowed"],
  },
  "a column that nobody fills must not be null": {
    ddl: "id bigint, name text, price numeric(18,8), at timestamptz, who text not null",
    says: ["who: text not null without a default, wanted a column of the schema"],
  },
  "a column is generated": {
    ddl: "id bigint, name text generated always as ('x') stored, price numeric(18,8), " +
      "at timestamptz",
    says: ["name: a generated column, wanted text not null"],
  },
  "two columns do not fit": {
    ddl: "id integer, at timestamptz",
    says: [
      "id: integer, wanted bigint not null",
      "name: no such column, wanted text not null",
    ],
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
        ok(error.message.includes('"trades"'), error.message);
        const lines = error.message.split("\n");
        for (const line of says) {
          ok(lines.some((one) => one.startsWith(`  ${line}`)), error.message);
        }
        alter = /To mend the table run:\n {2}(alter table .*;)$/s.exec(error.message)?.[1] ?? "";
        return true;
      });
      match(alter, /^alter table "trades"\n/);
      await db.sql.unsafe(alter);
      const writer = await sink.open(contextOf(db, Wanted));
      const row = { id: 1n, name: "n", price: null, at: 0n };
      await (await writer.stage(rowsBatch(0, Wanted, [row]))).commit();
      await writer.close();
      deepEqual(await db.rows("select count(*) from trades"), ["1"]);
    }));
}

Deno.test("a primary key that would have to hold null is no case for ALTER TABLE: the error says what is", () =>
  withDatabase(async (db) => {
    const keys: Record<string, RegExp> = {
      "price numeric(18,8) primary key, who text":
        /Column price is in the primary key, .*: make the field not nullable, or drop the key$/,
      "price numeric(18,8), who text primary key":
        /Column who is in the primary key, .*: give it a default, or drop the key$/,
    };
    for (const [columns, advice] of Object.entries(keys)) {
      await db.sql.unsafe(
        `create table trades (id bigint, name text, at timestamptz, ${columns})`,
      );
      await rejects(
        postgres({ table: "trades", url: db.url }).open(contextOf(db, Wanted)),
        (error: SluiceError) => {
          equal(error.code, "SCHEMA_MISMATCH");
          match(error.message, advice);
          ok(!error.message.includes("alter table"), error.message);
          return true;
        },
      );
      await db.sql.unsafe("drop table trades");
    }
  }));

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
        ok(error.message.includes("\n  key: text, wanted bytea\n"), error.message);
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
