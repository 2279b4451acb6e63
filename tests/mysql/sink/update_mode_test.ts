import { deepEqual, equal, match, ok, rejects } from "assert";
import {
  type Row,
  schema as s,
  type SinkContext,
  type SinkWriter,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { mysql, type MysqlOptions } from "../../../lib/mysql/mod.ts";
import { rowsBatch } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextOf, type TestDatabase, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Price = s.struct({
  symbol: s.string(),
  price: s.decimal(18, 8).nullable(),
  at: s.long().nullable(),
});
type PriceRow = Row<typeof Price>;

const price = (symbol: string, at: number | null): PriceRow => ({
  symbol,
  price: null,
  at: at === null ? null : BigInt(at),
});

test("in update mode rows take the place of those with their key, and deletes take rows out", () =>
  withDatabase(async (db) => {
    const writer = await open(db, { table: "prices", key: ["symbol"] });
    const first = await commit(writer, 0, [price("A", 1), price("B", 1), price("C", 1)]);
    deepEqual(first, { status: "committed", numOutputRows: 3 });

    const second = await commit(writer, 1, [price("B", 2), price("D", 2)], [
      price("A", 1),
      price("never there", 1),
    ]);

    deepEqual(second, { status: "committed", numOutputRows: 4 });
    deepEqual(await db.rows("select symbol, at from prices order by 1"), ["B|2", "C|1", "D|2"]);
    deepEqual(await db.rows("select batch_id from sluice_progress"), ["1"]);
    await writer.close();
  }));

test("a delete needs no more than its key: other columns may be null, whatever their type says", () =>
  withDatabase(async (db) => {
    const Named = s.struct({ id: s.long(), name: s.string() });
    const writer = await open(db, { table: "named" }, { schema: Named, keyColumns: ["id"] });
    const rows = [{ id: 1n, name: "a" }, { id: 2n, name: "b" }];
    await (await writer.stage(rowsBatch(0, Named, rows))).commit();
    const deletes = rowsBatch(0, Named, []).batch;
    deletes.column("id").append(2n);
    deletes.column("name").appendNull();
    await (await writer.stage(rowsBatch(1, Named, [], { deletes }))).commit();
    deepEqual(await db.rows("select id, name from named"), ["1|a"]);
    await writer.close();
  }));

test("the key is that of the query's result where no option names one", () =>
  withDatabase(async (db) => {
    const writer = await open(db, { table: "prices" }, { keyColumns: ["symbol"] });
    await commit(writer, 0, [price("A", 1)]);
    await commit(writer, 1, [price("A", 2)]);
    deepEqual(await db.rows("select symbol, at from prices"), ["A|2"]);
    await writer.close();
  }));

test("a table is made with the key as its primary key, or with a column that stands for it", () =>
  withDatabase(async (db) => {
    const Keyed = s.struct({
      id: s.long(),
      name: s.string(),
      bytes: s.binary(),
      region: s.string().nullable(),
      window: s.struct({ start: s.timestamp(), end: s.timestamp() }),
    });
    const keys = {
      a: ["id"],
      b: ["name", "bytes"],
      c: ["region"],
      d: ["region", "window"],
    };
    for (const [table, key] of Object.entries(keys)) {
      const sink = mysql({ table, url: db.url, key });
      const context = contextOf(db, Keyed, table, { outputMode: "update" });
      await (await sink.open(context)).close();
      await (await sink.open(context)).close(); // what it made, it takes
    }
    deepEqual(
      await db.rows(`select table_name, index_name, group_concat(column_name order by seq_in_index)
        from information_schema.statistics
        where table_schema = database() and table_name in ('a', 'b', 'c', 'd') and non_unique = 0
        group by table_name, index_name order by table_name`),
      [
        "a|PRIMARY|id",
        "b|PRIMARY|name,bytes",
        "c|sluice_key|sluice_key",
        "d|sluice_key|sluice_key",
      ],
    );
    deepEqual(
      await db.rows(`select column_type, collation_name from information_schema.columns
        where table_schema = database() and table_name = 'b' and column_name in ('name', 'bytes')
        order by 1`),
      ["varbinary(255)|null", "varchar(255)|utf8mb4_nopad_bin"],
    );
    const other = mysql({ table: "d", url: db.url, key: ["window", "region"] });
    await rejects(other.open(contextOf(db, Keyed, "e", { outputMode: "update" })), {
      code: "SCHEMA_MISMATCH",
      message: /sluice_key that is not made of window, region/,
    });
  }));

const column = "symbol varchar(99) character set utf8mb4 collate utf8mb4_bin not null";
const tables = {
  "no index": `create table prices (${column}, price decimal(18,8), at bigint)`,
  "an index on more columns":
    `create table prices (${column}, price decimal(18,8), at bigint, unique (symbol, at))`,
  "an index that allows twins":
    `create table prices (${column}, price decimal(18,8), at bigint, index (symbol))`,
  "an index on the beginning of the key":
    `create table prices (${column}, price decimal(18,8), at bigint, unique (symbol(5)))`,
  "a key in a collation by which keys may be equal":
    "create table prices (symbol varchar(99) character set utf8mb4 collate utf8mb4_general_ci " +
    "primary key, price decimal(18,8), at bigint)",
  "another unique index":
    `create table prices (${column}, price decimal(18,8), at bigint, primary key (symbol), unique (at))`,
  "a primary key of its own that is always the same":
    `create table prices (${column}, price decimal(18,8), at bigint, ` +
    "own int not null default 0 primary key, unique (symbol))",
  "a unique index on what stood for another key":
    `create table prices (${column} primary key, price decimal(18,8), at bigint, ` +
    "sluice_key binary(32) as (unhex(sha2(at, 256))) stored, unique (sluice_key))",
  "no transactions":
    `create table prices (${column}, price decimal(18,8), at bigint, primary key (symbol)) engine=MyISAM`,
};
for (const [what, ddl] of Object.entries(tables)) {
  test(`a table with ${what} is refused, and what the error says mends it`, () =>
    withDatabase(async (db) => {
      await db.run(ddl);
      await mended(db, { table: "prices", key: ["symbol"] }, /;$/);
      deepEqual(await db.rows("select symbol, at from prices"), ["A|2"]);
    }));
}

test("a nullable key needs a column that stands for it", () =>
  withDatabase(async (db) => {
    await db.run(`create table prices (symbol text character set utf8mb4, price decimal(18,8),
      at bigint, unique (at, symbol(9)))`);
    const key = ["symbol", "at"];
    await mended(db, { table: "prices", key }, /(drop index `at`|sluice_key.*);$/s);
    const writer = await open(db, { table: "prices", key });
    await commit(writer, 2, [price("A", null)]);
    await commit(writer, 3, [{ ...price("A", null), price: null }], [price("A", 1)]);
    deepEqual(await db.rows("select symbol, at from prices order by at"), ["A|null", "A|2"]);
    await commit(writer, 4, [], [price("A", null)]);
    deepEqual(await db.rows("select symbol, at from prices order by at"), ["A|2"]);
    await writer.close();
  }));

test("keys that differ by a space, in case or by an accent are different rows", () =>
  withDatabase(async (db) => {
    const symbols = ["a", "A", "a ", "ä", "", " "];
    const writer = await open(db, { table: "prices", key: ["symbol"] });
    await commit(writer, 0, symbols.map((symbol) => price(symbol, 1)));
    await commit(writer, 1, [price("a", 2)], [price("a ", 1)]);
    deepEqual(
      await db.rows("select json_quote(symbol), at from prices order by hex(symbol)"),
      ['""|1', '" "|1', '"A"|1', '"a"|2', '"ä"|1'],
    );
    await writer.close();
  }));

test("a key that its column cannot hold or tell apart is named, and no row is cut", () =>
  withDatabase(async (db) => {
    await db.run(`create table prices (symbol varchar(3) character set utf8mb4 collate utf8mb4_bin
      primary key, price decimal(18,8), at bigint)`);
    const writer = await open(db, { table: "prices", key: ["symbol"] });
    const { batch } = rowsBatch(0, Price, [price("abcd", 1), price("ab ", 1), price("abc", 1)]);
    deepEqual(writer.reject!(batch, 0), [
      {
        index: 0,
        error: 'text of 4 characters in column "symbol", which MySQL cannot store there',
      },
      {
        index: 1,
        error: 'a key with a space at its end in column "symbol", which MySQL cannot store there',
      },
    ]);
    await rejects(commit(writer, 0, [price("abcd", 1)]), { code: "BAD_VALUE" });
    await commit(writer, 0, [price("abc", 1)]);
    deepEqual(await db.rows("select symbol from prices"), ["abc"]);
    await writer.close();
  }));

test("a delete whose key no row can have takes nothing out", () =>
  withDatabase(async (db) => {
    await db.run(`create table prices (symbol varchar(3) character set utf8mb4 collate utf8mb4_bin
      primary key, price decimal(18,8), at bigint)`);
    const writer = await open(db, { table: "prices", key: ["symbol"] });
    await commit(writer, 0, [price("a", 1), price("b", 1)]);
    // MySQL takes the first for "a", and finds the second too long.
    await commit(writer, 1, [], [price("a ", 2), price("abcd", 2), price("b", 2)]);
    deepEqual(await db.rows("select symbol from prices"), ["a"]);
    await writer.close();
  }));

test("a number that comes with the rows is no key beside theirs, though the server could give it", () =>
  withDatabase(async (db) => {
    await db.run(
      `create table goods (id bigint auto_increment primary key, ${column}, unique (symbol))`,
    );
    const Good = s.struct({ id: s.long(), symbol: s.string() });
    const openGoods = () => open(db, { table: "goods" }, { schema: Good, keyColumns: ["symbol"] });
    let remedy = "";
    await rejects(openGoods(), (error: SluiceError) => {
      equal(error.code, "SCHEMA_MISMATCH");
      remedy = /mend the table run:\n(.*)$/s.exec(error.message)![1]!;
      return true;
    });
    await db.run(remedy);
    const writer = await openGoods();
    for (const [batchId, symbol] of ["A", "B"].entries()) {
      await (await writer.stage(rowsBatch(batchId, Good, [{ id: 1n, symbol }]))).commit();
    }
    deepEqual(await db.rows("select symbol from goods order by symbol"), ["A", "B"]);
    await writer.close();
  }));

test("a zero stays one where the server gives numbers", () =>
  withDatabase(async (db) => {
    await db.run("create table numbers (id bigint auto_increment primary key)");
    const Numbered = s.struct({ id: s.long() });
    const writer = await open(db, { table: "numbers" }, { schema: Numbered, keyColumns: ["id"] });
    for (let batchId = 0; batchId < 2; batchId++) {
      await (await writer.stage(rowsBatch(batchId, Numbered, [{ id: 0n }, { id: 7n }]))).commit();
    }
    deepEqual(await db.rows("select id from numbers order by id"), ["0", "7"]);
    await writer.close();
  }));

/** Sees the sink refuse the table, does what the errors say, and writes two batches. */
async function mended(db: TestDatabase, options: MysqlOptions, says: RegExp): Promise<void> {
  for (let refusals = 0;; refusals++) {
    let remedy: string | undefined;
    const writer = await open(db, options).catch((error: SluiceError) => {
      equal(error.code, "SCHEMA_MISMATCH");
      remedy = /mend the table run:\n(.*)$/s.exec(error.message)?.[1];
      match(remedy ?? error.message, says);
    });
    if (writer) {
      ok(refusals > 0, "the table was not refused");
      await commit(writer, 0, [price("A", 1)]);
      const isOther = options.key!.length > 1;
      await commit(writer, 1, [price("A", 2)], isOther ? [price("A", 1)] : []);
      await writer.close();
      return;
    }
    ok(refusals < 3, "what the error says does not help");
    await db.run(remedy!);
  }
}

test("columns that the rows do not have stay as they are", () =>
  withDatabase(async (db) => {
    await db.run(`create table prices (own_id bigint auto_increment primary key,
      seen int default 7, symbol varchar(9) character set utf8mb4 collate utf8mb4_bin not null unique,
      price decimal(18,8), at bigint, twice bigint as (at * 2))`);
    const writer = await open(db, { table: "prices", key: ["symbol"] });
    await commit(writer, 0, [price("A", 1), price("B", 1)]);
    await db.run("update prices set seen = 8 where symbol = 'A'");
    await commit(writer, 1, [price("A", 2), price("B", 2)]);
    deepEqual(await db.rows("select symbol, at, seen from prices order by 1"), ["A|2|8", "B|2|7"]);
    await writer.close();
  }));

test("a table of another database is written by key, with its progress beside it", () =>
  withDatabase(async (db) => {
    const other = `${db.name}_other`;
    await db.run(`create database ${other}`);
    try {
      const writer = await open(db, { table: `${other}.prices`, key: ["symbol"], orderBy: "at" });
      await commit(writer, 0, [price("A", 1), price("B", 1)]);
      await commit(writer, 1, [price("B", 2)], [price("A", 2)]);
      await writer.close();
      deepEqual(await db.rows(`select symbol, at from ${other}.prices`), ["B|2"]);
      deepEqual(await db.rows(`select batch_id from ${other}.sluice_progress`), ["1"]);
      deepEqual(await db.rows("show tables"), []);
    } finally {
      await db.run(`drop database ${other}`);
    }
  }));

test("rows that are all key are there once", () =>
  withDatabase(async (db) => {
    const Pair = s.struct({ a: s.long(), b: s.string().nullable() });
    const writer = await mysql({ table: "pairs", url: db.url })
      .open(contextOf(db, Pair, "q", { outputMode: "update", keyColumns: ["a", "b"] }));
    for (let batchId = 0; batchId < 2; batchId++) {
      const rows = [{ a: 1n, b: null }, { a: 1n, b: "x" }];
      await (await writer.stage(rowsBatch(batchId, Pair, rows))).commit();
    }
    deepEqual(await db.rows("select a, b from pairs order by b"), ["1|null", "1|x"]);
    await writer.close();
  }));

test("a struct is a key by its fields, and empty text is not null", () =>
  withDatabase(async (db) => {
    const Count = s.struct({
      window: s.struct({ start: s.timestamp(), end: s.timestamp() }),
      place: s.struct({ city: s.string().nullable() }).nullable(),
      count: s.long(),
    });
    const context = contextOf(db, Count, "q", {
      outputMode: "update",
      keyColumns: ["window", "place"],
    });
    const writer = await mysql({ table: "counts", url: db.url }).open(context);
    const window = { start: 0n, end: 60_000_000n };
    const places = [{ city: "Ulm" }, { city: "" }, { city: null }, null];
    const rows = (count: bigint) => places.map((place) => ({ window, place, count }));
    await (await writer.stage(rowsBatch(0, Count, rows(1n)))).commit();
    await (await writer.stage(rowsBatch(1, Count, rows(2n).slice(1)))).commit();
    await (await writer.stage({
      ...rowsBatch(2, Count, []),
      deletes: rowsBatch(0, Count, [rows(2n)[3]!]).batch,
    })).commit();
    deepEqual(await db.rows("select place, count from counts order by count, 1"), [
      '{"city":"Ulm"}|1',
      '{"city":""}|2',
      '{"city":null}|2',
    ]);
    await writer.close();
  }));

for (const isDelete of [false, true]) {
  const what = isDelete ? "both among the rows and among the deletes" : "twice among the rows";
  test(`a key that is ${what} is an error, and nothing of the batch is written`, () =>
    withDatabase(async (db) => {
      const writer = await open(db, { table: "prices", key: ["symbol"] });
      const rows = [price("A", 1), price("B", 1)];
      const twin = [price("A", 2)];
      const writing = isDelete
        ? commit(writer, 0, rows, twin)
        : commit(writer, 0, [...rows, ...twin]);
      await rejects(writing, (error: SluiceError) => {
        equal(error.code, "DUPLICATE_KEY");
        equal(error.retryable, false);
        match(error.message, /stage batch 0|table "prices" by key at symbol = A: found two rows/);
        return true;
      });
      deepEqual(await db.rows("select * from prices"), []);
      await commit(writer, 0, rows);
      equal((await db.rows("select * from prices")).length, 2);
      await writer.close();
    }));
}

test("with orderBy an older change undoes nothing, and null is older than all", () =>
  withDatabase(async (db) => {
    const writer = await open(db, { table: "prices", key: ["symbol"], orderBy: "at" });
    await commit(writer, 0, ["A", "B", "C", "D"].map((symbol) => price(symbol, 5)));
    await commit(writer, 1, [price("A", 4), price("B", null)], [price("C", 4), price("D", null)]);
    const all = ["A|5", "B|5", "C|5", "D|5"];
    deepEqual(await db.rows("select symbol, at from prices order by 1"), all);

    await db.run("update prices set price = 1");
    await commit(writer, 2, [price("A", 5), price("B", 6)], [price("C", 5)]);
    deepEqual(await db.rows("select symbol, at, price from prices order by 1"), [
      "A|5|null",
      "B|6|null",
      "D|5|1.00000000",
    ]);

    await db.run("update prices set at = null");
    await commit(writer, 3, [price("A", null)], [price("B", null), price("D", 1)]);
    deepEqual(await db.rows("select symbol, at from prices order by 1"), ["A|null"]);
    await writer.close();
  }));

test("orderBy text goes by its bytes in a table of any language", () =>
  withDatabase(async (db) => {
    await db.run(`create table positions (id bigint primary key,
      position text character set utf8mb4 collate utf8mb4_unicode_ci)`);
    const Position = s.struct({ id: s.long(), position: s.string() });
    const context = contextOf(db, Position, "q", { outputMode: "update", keyColumns: ["id"] });
    const writer = await mysql({ table: "positions", url: db.url, orderBy: "position" })
      .open(context);
    // In English "a" is less than "B", and "é" less than "z".
    for (const [batchId, position] of ["B", "a", "Z", "z", "é", "z"].entries()) {
      await (await writer.stage(rowsBatch(batchId, Position, [{ id: 1n, position }]))).commit();
    }
    deepEqual(await db.rows("select position from positions"), ["é"]);
    await writer.close();
  }));

test("onDelete mark keeps rows whose keys are gone, and what they know", () =>
  withDatabase(async (db) => {
    const writer = await open(db, {
      table: "prices",
      key: ["symbol"],
      orderBy: "at",
      onDelete: "mark",
      deletedColumn: "is_gone",
    });
    await commit(writer, 0, [price("A", 1), price("B", 1)]);
    await commit(writer, 1, [], [price("A", 2), price("new", 2)]);
    const marked = ["A|2|1", "B|1|0", "new|2|1"];
    deepEqual(await db.rows("select symbol, at, is_gone from prices order by 1"), marked);
    // Older than the delete: it stays deleted.
    await commit(writer, 2, [price("A", 1), price("new", 1)]);
    deepEqual(await db.rows("select symbol, at, is_gone from prices order by 1"), marked);
    await commit(writer, 3, [price("A", 3)], [price("B", 0)]);
    deepEqual(await db.rows("select symbol, at, is_gone from prices order by 1"), [
      "A|3|0",
      "B|1|0",
      "new|2|1",
    ]);
    deepEqual(
      await db.rows(`select column_type, is_nullable from information_schema.columns
        where table_schema = database() and table_name = 'prices' and column_name = 'is_gone'`),
      ["tinyint(1)|NO"],
    );
    await writer.close();
  }));

test("a table without the column for marks is refused with the ALTER TABLE that adds it", () =>
  withDatabase(async (db) => {
    await db.run(
      "create table prices (symbol varchar(99) primary key, price decimal(18,8), at bigint) " +
        "character set utf8mb4 collate utf8mb4_bin",
    );
    await rejects(
      open(db, { table: "prices", key: ["symbol"], onDelete: "mark" }),
      (error: SluiceError) => {
        equal(error.code, "SCHEMA_MISMATCH");
        match(error.message, /deleted: no such column[^]*add column `deleted` boolean;/);
        return true;
      },
    );
  }));

test("a batch without rows is noted, and the next one goes on", () =>
  withDatabase(async (db) => {
    const writer = await open(db, { table: "prices", key: ["symbol"] });
    await commit(writer, 0, []);
    await commit(writer, 1, [], []);
    deepEqual(await db.rows("select batch_id from sluice_progress"), ["1"]);
    await commit(writer, 2, [price("A", 1)]);
    deepEqual(await db.rows("select symbol from prices"), ["A"]);
    await writer.close();
  }));

test("queries in update mode may share a table", () =>
  withDatabase(async (db) => {
    const context = { outputMode: "update", keyColumns: ["symbol"] } as const;
    const writers = [];
    for (const query of ["a", "b"]) {
      const sink = mysql({ table: "prices", url: db.url, orderBy: "at" });
      writers.push(await sink.open(contextOf(db, Price, query, context)));
    }
    for (const [i, writer] of writers.entries()) {
      await commit(writer, 0, [price("both", 5 - i), price(`own ${i}`, 1)]);
    }
    deepEqual(await db.rows("select symbol, at from prices order by 1"), [
      "both|5",
      "own 0|1",
      "own 1|1",
    ]);
    await Promise.all(writers.map((writer) => writer.close()));
  }));

test("options that fit neither the rows nor the query's mode are refused by name", () =>
  withDatabase(async (db) => {
    const Nested = s.struct({
      ...{ id: s.long(), other: s.long(), flag: s.boolean(), Deleted: s.boolean() },
      tags: s.map(s.string(), s.string()),
      place: s.struct({ city: s.string() }),
    });
    const refused = async (
      options: Partial<MysqlOptions>,
      says: RegExp,
      outputMode: SinkContext["outputMode"] = "update",
    ) => {
      const sink = mysql({ table: "t", url: db.url, ...options });
      await rejects(
        sink.open(contextOf(db, Nested, "q", { outputMode })),
        (error: SluiceError) => {
          equal(error.code, "BAD_OPTION");
          match(error.message, says);
          return true;
        },
      );
    };
    const key = ["id"];
    await refused({}, /option "key": found no column.*no key of its own/);
    await refused({ key: [] }, /option "key": found no column/);
    await refused({ key: ["Id"] }, /found column "Id", wanted one of id, other/);
    await refused({ key: ["id", "id"] }, /found "id" twice/);
    await refused({ key: ["tags"] }, /found "tags" map<string,string>, wanted .* no map/);
    await refused({ key, orderBy: "x" }, /option "orderBy": found column "x"/);
    await refused({ key, orderBy: "id" }, /found "id", of the key/);
    await refused({ key, orderBy: "flag" }, /found "flag" boolean/);
    await refused({ key, orderBy: "place" }, /found "place" struct<city:string>/);
    await refused({ key, onDelete: "soft" as "mark" }, /option "onDelete": found "soft"/);
    await refused({ key, onDelete: "mark" }, /found column "Deleted" of the rows/);
    await refused({ key, deletedColumn: "gone" }, /option "deletedColumn".*onDelete: "mark"/);
    for (const mode of ["append", "complete"] as const) {
      await refused({ key }, new RegExp(`option "key": found a query in ${mode} mode`), mode);
      await refused({ onDelete: "mark" }, /option "onDelete"/, mode);
    }
    deepEqual(await db.rows("show tables"), []);
  }));

function open(
  db: TestDatabase,
  options: MysqlOptions,
  more: Partial<SinkContext> = {},
): Promise<SinkWriter> {
  return mysql({ url: db.url, ...options })
    .open(contextOf(db, Price, "query-1", { outputMode: "update", ...more }));
}

async function commit(
  writer: SinkWriter,
  batchId: number,
  rows: readonly PriceRow[],
  deletes?: readonly PriceRow[],
) {
  const more = deletes === undefined ? {} : { deletes: rowsBatch(0, Price, deletes).batch };
  return await (await writer.stage(rowsBatch(batchId, Price, rows, more))).commit();
}
