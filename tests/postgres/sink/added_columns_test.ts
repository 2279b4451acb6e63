import { deepEqual, equal, match, ok, rejects } from "assert";
import {
  onFailpoint,
  type OutputMode,
  type Row,
  type Schema,
  schema as s,
  type SinkWriter,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { postgres, type PostgresOptions } from "../../../lib/postgres/mod.ts";
import {
  contextIn,
  MODES,
  rowsBatch,
  type TestDatabase,
  until,
  withDatabase,
} from "../test_database.ts";

const Narrow = s.struct({ id: s.long(), name: s.string().nullable() });
const Wide = s.struct({
  id: s.long(),
  name: s.string().nullable(),
  note: s.string().nullable(),
  place: s.struct({ x: s.long() }).nullable(),
});
const Other = s.struct({
  id: s.long(),
  name: s.string().nullable(),
  amount: s.decimal(18, 2).nullable(),
});

const narrow = (id: number, name: string) => ({ id: BigInt(id), name });
const wide = (id: number, name: string, note: string | null, x?: number) => ({
  ...narrow(id, name),
  note,
  place: x === undefined ? null : { x: BigInt(x) },
});

const ROWS_SQL = "select id, name, note, place ->> 'x' from t order by id, note nulls first";

/** The tables that rows 1 and 2 go into; the first is made by the query. */
const TABLES: Record<string, string | undefined> = {
  "that the query made": undefined,
  "of another order": `create table t (
    more text default 'm', name text, place jsonb, id bigint not null unique)`,
};
for (const [what, ddl] of Object.entries(TABLES)) {
  for (const mode of MODES) {
    Deno.test(`postgres() in ${mode} mode adds columns to a table ${what}, null in its rows`, () =>
      withDatabase(async (db) => {
        if (ddl !== undefined) {
          await db.sql.unsafe(mode === "append" ? ddl.replace("unique", "") : ddl);
        }
        const first = await open(db, Narrow, mode);
        await commit(first, 0, Narrow, [narrow(1, "a"), narrow(2, "b")]);
        await first.close();
        const notices: string[] = [];

        const second = await open(db, Wide, mode, notices);
        await commit(second, 1, Wide, [wide(2, "B", "n2"), wide(3, "c", null, 3)]);
        await second.close();

        deepEqual(notices, [
          'added column "note" string to table t',
          ...(ddl === undefined ? ['added column "place" struct<x:long> to table t'] : []),
        ]);
        deepEqual(
          await db.rows(ROWS_SQL),
          {
            append: ["1|a|null|null", "2|b|null|null", "2|B|n2|null", "3|c|null|3"],
            update: ["1|a|null|null", "2|B|n2|null", "3|c|null|3"],
            complete: ["2|B|n2|null", "3|c|null|3"],
          }[mode],
        );
        deepEqual(
          await db.rows(`select attname, format_type(atttypid, atttypmod), attnotnull
            from pg_attribute where attrelid = 't'::regclass and attname in ('note', 'place')
            order by 1`),
          ["note|text|false", "place|jsonb|false"],
        );
      }));
  }
}

Deno.test("postgres() adds columns once: a run that crashed right behind it has done it", () =>
  withDatabase(async (db) => {
    const first = await open(db, Narrow, "append");
    await commit(first, 0, Narrow, [narrow(1, "a")]);
    await first.close();
    onFailpoint((name) => {
      if (name === "postgres:prepared") throw new Error("crash");
    });
    try {
      await rejects(open(db, Wide, "append"), /crash/);
    } finally {
      onFailpoint(undefined);
    }
    deepEqual(await columnsOf(db), ["id", "name", "note", "place"]);
    const notices: string[] = [];

    const writer = await open(db, Wide, "append", notices);

    equal(await writer.lastBatchId(), 0);
    await commit(writer, 1, Wide, [wide(2, "b", "n", 1)]);
    deepEqual(notices, []);
    deepEqual(await db.rows(ROWS_SQL), ["1|a|null|null", "2|b|n|1"]);
    await writer.close();
  }));

Deno.test("postgres() adds each column once where many open a table at the same time", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe("create table t (id bigint, name text)");
    const notices: string[] = [];

    const writers = await Promise.all(
      [Wide, Other, Wide, Other, Wide].map((schema) => open(db, schema, "append", notices)),
    );

    deepEqual((await columnsOf(db)).toSorted(), ["amount", "id", "name", "note", "place"]);
    equal(notices.length, 3);
    await Promise.all(writers.map((writer) => writer.close()));
  }));

for (const mode of ["update", "complete"] as const) {
  Deno.test(`in ${mode} mode a run with a batch staged does not keep its successor from adding columns`, () =>
    withDatabase(async (db) => {
      const old = await open(db, Narrow, mode);
      const staged = await old.stage(rowsBatch(0, Narrow, [narrow(1, "a")]));

      const current = await open(db, Wide, mode);

      await rejects(staged.commit(), { code: "FENCED" });
      await commit(current, 0, Wide, [wide(1, "a", "n")]);
      deepEqual(await db.rows(ROWS_SQL), ["1|a|n|null"]);
      await Promise.all([old.close(), current.close()]);
    }));
}

Deno.test("in append mode columns are added as soon as the run before has let go of the table", () =>
  withDatabase(async (db) => {
    const old = await open(db, Narrow, "append");
    const staged = await old.stage(rowsBatch(0, Narrow, [narrow(1, "a")]));
    const opening = open(db, Wide, "append");
    await until("the new run waits for the table", () => db.isWaitingForLock());

    equal((await staged.commit()).status, "committed");

    const current = await opening;
    deepEqual(await commit(current, 0, Wide, [wide(1, "a", "n")]), { status: "alreadyCommitted" });
    await rejects(old.stage(rowsBatch(1, Narrow, [narrow(2, "b")])), { code: "FENCED" });
    await commit(current, 1, Wide, [wide(2, "b", "n")]);
    deepEqual(await db.rows(ROWS_SQL), ["1|a|null|null", "2|b|n|null"]);
    await Promise.all([old.close(), current.close()]);
  }));

Deno.test("a table that others never let go of is no wait for ever, and the error may be retried", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe("create table t (id bigint, name text)");
    const other = await db.sql.reserve();
    await other.unsafe("begin");
    await other.unsafe("select * from t");
    try {
      await rejects(open(db, Wide, "append"), (error: SluiceError) => {
        equal(error.code, "POSTGRES_CONFLICT");
        equal(error.retryable, true);
        match(error.message, /add columns "note", "place" to Postgres table "t"/);
        return true;
      });
    } finally {
      await other.unsafe("rollback");
      other.release();
    }
    deepEqual(await columnsOf(db), ["id", "name"]);
    await (await open(db, Wide, "append")).close();
    deepEqual(await columnsOf(db), ["id", "name", "note", "place"]);
  }));

Deno.test("postgres() keeps what a row has in a new column, if its value did not come", () =>
  withDatabase(async (db) => {
    const columns = {
      id: s.long(),
      title: s.string().nullable(),
      __unavailable: s.array(s.string()),
    };
    const Before = s.struct(columns);
    const After = s.struct({ ...columns, note: s.string().nullable() });
    const row = (id: number, title: string | null, note: string | null, ...missing: string[]) => ({
      id: BigInt(id),
      title,
      note,
      __unavailable: missing,
    });
    const first = await open(db, Before, "update");
    const old = [1, 2].map((id) => ({ id: BigInt(id), title: "t", __unavailable: [] }));
    await commit(first, 0, Before, old);
    await first.close();

    const second = await open(db, After, "update");
    await commit(second, 1, After, [row(1, null, "n", "title"), row(2, "u", null, "note")]);
    await commit(second, 2, After, [row(1, "v", null, "note"), row(3, "w", null, "note")]);
    await second.close();

    deepEqual(await db.rows("select * from t order by id"), ["1|v|n", "2|u|null", "3|w|null"]);
    deepEqual(await columnsOf(db), ["id", "title", "note"]);
  }));

Deno.test("postgres() adds columns behind the one for marks, which stays as it is", () =>
  withDatabase(async (db) => {
    const options = { onDelete: "mark" } as const;
    const first = await open(db, Narrow, "update", [], options);
    await commit(first, 0, Narrow, [narrow(1, "a"), narrow(2, "b")]);
    await first.close();
    const second = await open(db, Wide, "update", [], options);
    const deletes = rowsBatch(1, Wide, [wide(1, "a", null)]).batch;
    const batch = rowsBatch(1, Wide, [wide(3, "c", "n")], { deletes });
    await (await second.stage(batch)).commit();
    await second.close();
    deepEqual(await db.rows("select * from t order by id"), [
      "1|a|true|null|null",
      "2|b|false|null|null",
      "3|c|false|n|null",
    ]);
  }));

Deno.test("postgres() adds nothing where a table does not fit even so, and names the column", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe("create table t (id bigint primary key, name text)");
    const name = s.string().nullable();
    const note = s.string().nullable();
    const refused: [Schema, RegExp, Partial<PostgresOptions>?][] = [
      [
        s.struct({ id: s.long(), name, note, code: s.long() }),
        /code: no such column, wanted bigint not null\n?.*Column code is not nullable, and the rows that are there would have no value for it: make the field nullable.*add column "code" bigint;/s,
      ],
      [s.struct({ id: s.integer(), name, note }), /id: bigint, wanted integer not null/],
      [
        s.struct({ id: s.long(), name, note, code: note }),
        /code: no such column, wanted text.*alter table "t"\n {4}add column "code" text;$/s,
        { key: ["id", "code"] },
      ],
    ];
    for (const [schema, message, options] of refused) {
      const mode = options === undefined ? "append" : "update";
      await rejects(open(db, schema, mode, [], options), (error: SluiceError) => {
        equal(error.code, "SCHEMA_MISMATCH");
        match(error.message, message);
        ok(!error.message.includes("note"), error.message);
        return true;
      });
    }
    deepEqual(await columnsOf(db), ["id", "name"]);
    deepEqual(
      await db.rows("select tablename from pg_tables where schemaname = current_schema()"),
      [
        "t",
      ],
    );
  }));

Deno.test("a column that somebody else adds meanwhile, of another type, is refused", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe("create table t (id bigint, name text)");
    const other = await db.sql.reserve();
    await other.unsafe("begin");
    await other.unsafe("alter table t add column note bigint");
    const opening = open(db, Wide, "append");
    const refused = rejects(opening, /note: bigint, wanted text/);
    await until("the run waits for the table", () => db.isWaitingForLock());
    await other.unsafe("commit");
    other.release();
    await refused;
    deepEqual(await columnsOf(db), ["id", "name", "note"]);
  }));

async function open(
  db: TestDatabase,
  schema: Schema,
  mode: OutputMode,
  notices: string[] = [],
  options: Partial<PostgresOptions> = {},
): Promise<SinkWriter> {
  const onNotice = (message: string) => void notices.push(message);
  return await postgres({ table: "t", url: db.url, ...options })
    .open({ ...contextIn(db, schema, mode), onNotice });
}

async function commit<S extends Schema>(
  writer: SinkWriter,
  batchId: number,
  schema: S,
  rows: readonly Row<S>[],
) {
  return await (await writer.stage(rowsBatch(batchId, schema, rows))).commit();
}

function columnsOf(db: TestDatabase): Promise<string[]> {
  return db.rows(`select attname from pg_attribute
    where attrelid = 't'::regclass and attnum > 0 and not attisdropped order by attnum`);
}
