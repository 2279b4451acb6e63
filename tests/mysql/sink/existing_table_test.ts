import { deepEqual, equal, match, rejects } from "assert";
import {
  Decimal,
  onFailpoint,
  Schema,
  schema as s,
  type SinkContext,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { mysql, type MysqlOptions } from "../../../lib/mysql/mod.ts";
import { MODES, rowsBatch, until } from "../../postgres/test_database.ts";
import { EveryType, everyTypeBatch } from "../../support/sample_rows.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextIn, contextOf, type TestDatabase, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Trade = s.struct({ id: s.long(), note: s.string().nullable() });
const Wider = new Schema([
  ...Trade.fields,
  ...s.struct({
    price: s.decimal(18, 8).nullable(),
    tags: s.array(s.string()).nullable(),
  }).fields,
]);
const utf8 = "default character set utf8mb4";

test("a table of other types that hold every value is taken", () =>
  withDatabase(async (db) => {
    await db.run(`create table t (extra int, ID bigint, text varchar(99), bytes varbinary(9),
      flag smallint, tiny int, small mediumint, medium bigint, large bigint, single double,
      \`double\` double, price decimal(30,10), exact decimal(65,30), day date, at datetime(6),
      wall datetime(6), address json, tags longtext, counts longtext) ${utf8}`);
    const writer = await open(db, EveryType);
    const { batch } = rowsBatch(0, EveryType, [...everyTypeBatch(2, 2).rows()]);
    await (await writer.stage({ ...rowsBatch(0, EveryType, []), batch })).commit();
    deepEqual(await db.rows("select id, flag, exact, extra from t order by id"), [
      "2|0|2000000000000000000000.000000001000000000000000000000|null",
      "3|null|null|null",
    ]);
    await writer.close();
  }));

const misfits: Record<string, [ddl: string, says: RegExp]> = {
  "a narrower integer": ["id int", /id: int.*, wanted bigint not null/],
  "an unsigned integer": ["id bigint unsigned", /id: bigint.*unsigned, wanted bigint/],
  "text that loses spaces": ["id bigint, note char(9)", /note: char\(9\).*wanted longtext/],
  "text of another character set": [
    "id bigint, note text character set latin1",
    /note: text in latin1, wanted longtext/,
  ],
  "a column that allows no null": ["id bigint, note text not null", /note: text not null/],
  "another column that needs a value": [
    "id bigint, note text, must int not null",
    /must: int.* not null without a default/,
  ],
  "no column for rows that all have a value": [
    "note text",
    /id: no such column, wanted bigint not null[^]*not nullable, and the rows that are there/,
  ],
};
for (const [what, [ddl, says]] of Object.entries(misfits)) {
  test(`a table with ${what} is refused, and what the error says mends it`, () =>
    withDatabase(async (db) => {
      await db.run(`create table t (${ddl}) ${utf8}`);
      let remedy = "";
      await rejects(open(db, Trade), (error: SluiceError) => {
        equal(error.code, "SCHEMA_MISMATCH");
        match(error.message, says);
        remedy = /mend the table run:\n(.*)$/s.exec(error.message)![1]!;
        return true;
      });
      await db.run(remedy);
      const writer = await open(db, Trade);
      await (await writer.stage(rowsBatch(0, Trade, [{ id: 2n ** 62n, note: "x " }]))).commit();
      deepEqual(await db.rows("select id, note from t"), [`${2n ** 62n}|x `]);
      await writer.close();
    }));
}

const Others = s.struct({ at: s.timestamp(), price: s.decimal(18, 8), x: s.double() });
for (
  const [column, says] of [
    ["at timestamp(6) null", /at: timestamp\(6\), wanted datetime\(6\)/],
    ["at datetime(3)", /at: datetime\(3\), wanted datetime\(6\)/],
    ["price decimal(18,7)", /price: decimal\(18,7\), wanted decimal\(18,8\)/],
    ["price decimal(17,8)", /price: decimal\(17,8\)/],
    ["x double(10,2)", /x: double\(10,2\), wanted double/],
    ["x float", /x: float, wanted double/],
  ] as const
) {
  test(`a table with ${column} is refused: values would be rounded or out of range`, () =>
    withDatabase(async (db) => {
      const columns = ["at datetime(6)", "price decimal(18,8)", "x double"]
        .map((other) => other.split(" ")[0] === column.split(" ")[0] ? column : other);
      await db.run(`create table t (${columns.join(", ")})`);
      await rejects(open(db, Others), { code: "SCHEMA_MISMATCH", message: says });
    }));
}

test("a table that computes a column of the rows is refused", () =>
  withDatabase(async (db) => {
    await db.run("create table t (id bigint, note text as ('x'))");
    const message = /note: a generated column[^]*note is computed by the server: drop it/;
    await rejects(open(db, Trade), { code: "SCHEMA_MISMATCH", message });
  }));

test("a view and a table of an engine without transactions are refused", () =>
  withDatabase(async (db) => {
    await db.run("create view t as select 1 as id, 'x' as note");
    await rejects(open(db, Trade), { code: "SCHEMA_MISMATCH", message: /a view/ });
    await db.run("drop view t; create table t (id bigint, note text) engine = MyISAM");
    await rejects(open(db, Trade), { code: "SCHEMA_MISMATCH", message: /engine = InnoDB;/ });
  }));

test("a progress table that lost its key is refused, and what the error says mends it", () =>
  withDatabase(async (db) => {
    await (await open(db, Trade)).close();
    await db.run("alter table sluice_progress drop primary key");
    let remedy = "";
    await rejects(open(db, Trade), (error: SluiceError) => {
      equal(error.code, "SCHEMA_MISMATCH");
      remedy = /mend the table run:\n(.*)$/s.exec(error.message)![1]!;
      return true;
    });
    await db.run(remedy);
    await (await open(db, Trade)).close();
    deepEqual(await db.rows("select epoch from sluice_progress"), ["2"]);
  }));

test("a table that was dropped under a query does not come back empty", () =>
  withDatabase(async (db) => {
    const writer = await open(db, Trade);
    await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n, note: null }]))).commit();
    await writer.close();
    await db.run("drop table t");
    await rejects(open(db, Trade), { code: "TABLE_MISSING" });
    deepEqual(await db.rows("show tables like 't'"), []);
  }));

for (const mode of MODES) {
  test(`in ${mode} mode nullable columns that the table lacks are added, and told`, () =>
    withDatabase(async (db) => {
      const notices: string[] = [];
      const sink = mysql({ table: "t", url: db.url });
      const narrow = await sink.open(contextIn(db, Trade, mode));
      await (await narrow.stage(rowsBatch(0, Trade, [{ id: 1n, note: "a" }]))).commit();
      await narrow.close();
      const context = {
        ...contextIn(db, Wider, mode),
        onNotice: (text: string) => void notices.push(text),
      };
      const wide = await sink.open(context);
      equal(await wide.lastBatchId(), 0);
      deepEqual(notices, [
        'added column "price" decimal(18,8) to table t',
        'added column "tags" array<string> to table t',
      ]);
      const row = { id: 2n, note: "b", price: null, tags: ["x"] };
      await (await wide.stage(rowsBatch(1, Wider, [row]))).commit();
      await wide.close();
      await (await sink.open(context)).close();
      equal(notices.length, 2);
      deepEqual(await db.rows("select id, note, price, tags from t order by id"), [
        ...(mode === "complete" ? [] : ["1|a|null|null"]),
        '2|b|null|["x"]',
      ]);
    }));
}

test("columns are found by name, in whatever order the table has them", () =>
  withDatabase(async (db) => {
    await db.run(`create table t (tags json, id bigint primary key, note text) ${utf8}`);
    const writer = await open(db, Wider, contextIn(db, Wider, "update"));
    const rows = (note: string) => [{ id: 1n, note, price: null, tags: [note] }];
    await (await writer.stage(rowsBatch(0, Wider, rows("a")))).commit();
    await (await writer.stage(rowsBatch(1, Wider, rows("b")))).commit();
    deepEqual(await db.rows("select tags, id, note, price from t"), ['["b"]|1|b|null']);
    await writer.close();
  }));

test("a run that ends after it added a column is followed by one that goes on", () =>
  withDatabase(async (db) => {
    await (await open(db, Trade)).close();
    onFailpoint((name) => {
      if (name === "mysql:prepared") throw new Error("power cut");
    });
    try {
      await rejects(open(db, Wider), /power cut/);
    } finally {
      onFailpoint(undefined);
    }
    const writer = await open(db, Wider);
    const row = { id: 1n, note: null, price: Decimal.parse("0.00000001"), tags: [] };
    await (await writer.stage(rowsBatch(0, Wider, [row]))).commit();
    deepEqual(await db.rows("select * from t"), ["1|null|0.00000001|[]"]);
    await writer.close();
  }));

test("twins that add the same columns at the same time both find them", () =>
  withDatabase(async (db) => {
    await (await open(db, Trade)).close();
    const opened = await Promise.all(
      ["a", "b", "c"].map((query) => open(db, Wider, contextOf(db, Wider, query))),
    );
    for (const writer of opened) await writer.close();
    deepEqual(await db.rows("select * from t"), []);
  }));

test("a column that someone else added with another type is refused", () =>
  withDatabase(async (db) => {
    await db.run(`create table t (id bigint, note text, price double) ${utf8}`);
    await rejects(open(db, Wider), {
      code: "SCHEMA_MISMATCH",
      message: /price: double, wanted decimal\(18,8\)/,
    });
    // All or nothing: what could have been added was not.
    equal((await db.rows("show columns from t")).length, 3);
  }));

test("a run that waits to add a column while another has rows staged goes on after it", () =>
  withDatabase(async (db) => {
    const old = await open(db, Trade);
    const staged = await old.stage(rowsBatch(0, Trade, [{ id: 1n, note: null }]));
    const opening = open(db, Wider);
    opening.catch(() => {}); // until it is awaited
    await until("the new run waits for the old one", () => db.isWaitingForLock());
    await staged.commit();
    const current = await opening;
    equal(await current.lastBatchId(), 0);
    await rejects(old.stage(rowsBatch(1, Trade, [{ id: 2n, note: null }])), { code: "FENCED" });
    await Promise.all([old.close(), current.close()]);
  }));

test("the column that lists values that did not come is never stored", () =>
  withDatabase(async (db) => {
    const Change = new Schema([
      ...Wider.fields,
      ...s.struct({ __unavailable: s.array(s.string()).nullable() }).fields,
    ]);
    await (await open(db, Trade, contextIn(db, Trade, "update"))).close();
    const writer = await open(db, Change, contextIn(db, Change, "update"));
    const row = { id: 1n, note: "a", price: null, tags: null, __unavailable: null };
    await (await writer.stage(rowsBatch(0, Change, [row]))).commit();
    await (await writer.stage(
      rowsBatch(1, Change, [{ ...row, note: null, tags: ["x"], __unavailable: ["note"] }]),
    )).commit();
    deepEqual(await db.rows("select * from t"), ['1|a|null|["x"]']);
    await writer.close();
  }));

function open(
  db: TestDatabase,
  schema: Schema,
  context: SinkContext = contextOf(db, schema),
  options: Partial<MysqlOptions> = {},
) {
  return mysql({ table: "t", url: db.url, ...options }).open(context);
}
