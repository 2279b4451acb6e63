import { deepEqual, equal, ok, rejects, throws } from "assert";
import { type DeadLetter, onFailpoint, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { sinkContext } from "../../support/micro_batches.ts";
import { endAt, rowsBatch, until } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextOf, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Trade = s.struct({ id: s.long(), note: s.string().nullable() });

test("mysql() brings rows and progress into the database in one step", () =>
  withDatabase(async (db) => {
    const sink = mysql({ table: "trades", url: db.url });
    const writer = await sink.open(contextOf(db, Trade));
    equal(await writer.lastBatchId(), -1);

    const staged = await writer.stage(
      rowsBatch(0, Trade, [{ id: 9007199254740993n, note: "x" }, { id: -1n, note: null }], {
        endOffsets: endAt(9007199254740993n),
      }),
    );
    deepEqual(await db.rows("select * from trades"), []);
    deepEqual(await db.rows("select batch_id from sluice_progress"), ["null"]);
    deepEqual(await staged.commit(), { status: "committed", numOutputRows: 2 });

    deepEqual(await db.rows("select * from trades order by id"), [
      "-1|null",
      "9007199254740993|x",
    ]);
    deepEqual(
      await db.rows(
        `select query_id, sink, batch_id, offsets, epoch, committed_at > now() - interval 1 minute
         from sluice_progress`,
      ),
      ['query-1|mysql(trades)|0|{"trades":{"0":9007199254740993}}|1|1'],
    );
    equal(await writer.lastBatchId(), 0);
    await writer.close();
    await until("no connection is left", async () => (await db.connections()).length === 0);
  }));

for (const failpoint of ["mysql:staged", "mysql:committing"]) {
  test(`a failure at ${failpoint} leaves neither rows nor progress`, () =>
    withDatabase(async (db) => {
      const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
      const batch = rowsBatch(0, Trade, [{ id: 1n, note: null }]);
      onFailpoint((name) => {
        if (name === failpoint) throw new Error("power cut");
      });
      try {
        await rejects(async () => await (await writer.stage(batch)).commit(), /power cut/);
      } finally {
        onFailpoint(undefined);
      }
      await until("the transaction is gone", async () => (await db.connections()).length === 0);
      deepEqual(await db.rows("select * from trades"), []);
      deepEqual(await db.rows("select batch_id, offsets from sluice_progress"), ["null|null"]);

      deepEqual(await (await writer.stage(batch)).commit(), {
        status: "committed",
        numOutputRows: 1,
      });
      deepEqual(await db.rows("select * from trades"), ["1|null"]);
      await writer.close();
    }));
}

test("abort leaves nothing, and the batch can be staged again", () =>
  withDatabase(async (db) => {
    const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    const batch = rowsBatch(0, Trade, [{ id: 1n, note: null }]);
    await (await writer.stage(batch)).abort();
    deepEqual(await db.rows("select * from trades"), []);
    const staged = await writer.stage(batch);
    await rejects(writer.stage(batch), { code: "STAGE_ORDER" });
    await staged.commit();
    deepEqual(await db.rows("select * from trades"), ["1|null"]);
    await writer.close();
  }));

test("a batch that a later run replays is already committed and not doubled", () =>
  withDatabase(async (db) => {
    const sink = mysql({ table: "trades", url: db.url });
    const batch = rowsBatch(0, Trade, [{ id: 1n, note: null }]);
    const next = rowsBatch(1, Trade, [{ id: 2n, note: null }]);
    const first = await sink.open(contextOf(db, Trade));
    await (await first.stage(batch)).commit();
    await (await first.stage(next)).commit();
    await first.close();

    const second = await sink.open(contextOf(db, Trade));
    equal(await second.lastBatchId(), 1);
    deepEqual(await (await second.stage(batch)).commit(), { status: "alreadyCommitted" });
    deepEqual(await (await second.stage(next)).commit(), { status: "alreadyCommitted" });
    await (await second.stage(next)).abort();
    await (await second.stage(rowsBatch(2, Trade, []))).commit();
    deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
    deepEqual(await db.rows("select batch_id, epoch from sluice_progress"), ["2|2"]);
    await second.close();
  }));

test("two queries may share a table; each has its own progress", () =>
  withDatabase(async (db) => {
    const sink = mysql({ table: "trades", url: db.url });
    for (const queryId of ["query-1", "query-2"]) {
      const writer = await sink.open(contextOf(db, Trade, queryId));
      await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n, note: queryId }]))).commit();
      await writer.close();
    }
    deepEqual(await db.rows("select note from trades order by note"), ["query-1", "query-2"]);
  }));

test("a checkpoint that does not belong to the database is refused", () =>
  withDatabase(async (db) => {
    const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    for (const batchId of [0, 1]) {
      await (await writer.stage(rowsBatch(batchId, Trade, [{ id: 1n, note: null }]))).commit();
    }
    // The same id, but planned anew with more records.
    await rejects(writer.stage(rowsBatch(1, Trade, [], { endOffsets: endAt(99n) })), {
      code: "CHECKPOINT_MISMATCH",
    });
    await rejects(writer.stage(rowsBatch(0, Trade, [], { endOffsets: endAt(99n) })), {
      code: "CHECKPOINT_MISMATCH",
    });
    await rejects(writer.stage(rowsBatch(3, Trade, [])), { code: "PROGRESS_GAP" });
    await (await writer.stage(rowsBatch(2, Trade, []))).commit();
    equal(await writer.lastBatchId(), 2);
    await writer.close();
  }));

test("dead letters are committed with their batch, never twice", () =>
  withDatabase(async (db) => {
    const text = new TextEncoder();
    const letter: DeadLetter = {
      topic: "trades",
      partition: 3,
      offset: 9007199254740993n,
      timestampMs: 1_700_000_000_123,
      key: text.encode("k"),
      value: Uint8Array.of(0, 255),
      headers: [
        { key: "plain", value: text.encode('"ü"') },
        { key: "none", value: null },
        { key: "bytes", value: Uint8Array.of(0xff) },
        { key: "nul", value: Uint8Array.of(0x61, 0) },
        { key: "odd\0key", value: text.encode("v") },
      ],
      error: "no JSON: \0",
    };
    const bare: DeadLetter = {
      ...letter,
      offset: 7n,
      timestampMs: -1,
      key: null,
      value: null,
      headers: [],
      error: "tombstone",
    };
    const far: DeadLetter = { ...bare, offset: 8n, timestampMs: Number.MAX_SAFE_INTEGER };
    const sink = mysql({ table: "trades", url: db.url });
    equal(sink.takesDeadLetters, true);
    const writer = await sink.open(contextOf(db, Trade));
    const batch = rowsBatch(0, Trade, [], { deadLetters: [letter, bare, far] });
    await (await writer.stage(batch)).abort();
    deepEqual(await db.rows("select * from dead_letters"), []);
    await (await writer.stage(batch)).commit();
    await writer.close();
    const replaying = await sink.open(contextOf(db, Trade));
    await (await replaying.stage(batch)).commit();
    await replaying.close();
    deepEqual(
      await db.rows(
        `select query_id, sink, batch_id, topic, \`partition\`, \`offset\`, \`timestamp\`,
           convert(\`key\` using utf8mb4), lower(hex(\`value\`)), headers, error,
           abs(timestampdiff(second, dead_at, now())) < 60
         from dead_letters order by \`offset\``,
      ),
      [
        "query-1|mysql(trades)|0|trades|3|7|null|null|null|[]|tombstone|1",
        "query-1|mysql(trades)|0|trades|3|8|null|null|null|[]|tombstone|1",
        "query-1|mysql(trades)|0|trades|3|9007199254740993|2023-11-14 22:13:20.123000|k|00ff|" +
        '[{"key":"plain","value":"\\"ü\\""},{"key":"none","value":null},' +
        '{"key":"bytes","valueBase64":"/w=="},{"key":"nul","value":"a\\u0000"},' +
        '{"key":"odd\\u0000key","value":"v"}]|no JSON: \0|1',
      ],
    );
  }));

test("deadLetterTable: false keeps none, another name keeps them there", () =>
  withDatabase(async (db) => {
    const without = mysql({ table: "trades", url: db.url, deadLetterTable: false });
    equal(without.takesDeadLetters, false);
    await (await without.open(contextOf(db, Trade))).close();
    deepEqual(await db.rows("show tables"), ["sluice_progress", "trades"]);
    const elsewhere = mysql({
      table: `${db.name}.trades`,
      url: db.url,
      deadLetterTable: "bad",
    });
    await (await elsewhere.open(contextOf(db, Trade))).close();
    deepEqual(await db.rows("show tables"), ["bad", "sluice_progress", "trades"]);
  }));

test("reject() names the rows with numbers that are none and texts that are too long", () =>
  withDatabase(async (db) => {
    await db.run(`create table t (name varchar(3) character set utf8mb4, bytes varbinary(2),
      x double, note text character set utf8mb4)`);
    const Value = s.struct({
      name: s.string().nullable(),
      bytes: s.binary().nullable(),
      x: s.double().nullable(),
      note: s.string().nullable(),
    });
    const empty = { name: null, bytes: null, x: null, note: null };
    const good = { name: "ä€😀", bytes: Uint8Array.of(0, 255), x: -0.5, note: "x".repeat(65_535) };
    const { batch } = rowsBatch(0, Value, [
      { ...good, x: NaN },
      good,
      { ...good, name: "abcd" },
      empty,
      { ...good, bytes: new Uint8Array(3), x: -Infinity },
      { ...good, note: "ä".repeat(32_768) },
    ]);
    const writer = await mysql({ table: "t", url: db.url }).open(contextOf(db, Value));
    deepEqual(writer.reject!(batch, 1), [
      {
        index: 2,
        error: 'text of 4 characters in column "name", which MySQL cannot store there',
      },
      {
        index: 4,
        error: '3 bytes in column "bytes", -Infinity in column "x", which MySQL cannot store there',
      },
      { index: 5, error: '65536 bytes in column "note", which MySQL cannot store there' },
    ]);
    // From an operator they come all the same.
    await rejects(writer.stage({ ...rowsBatch(0, Value, []), batch }), (error: SluiceError) => {
      equal(error.code, "BAD_VALUE");
      ok(error.message.includes('NaN in column "x"'), error.message);
      return true;
    });
    // What is not rejected, the database takes.
    const kept = batch.take(Int32Array.of(1, 3));
    await (await writer.stage({ ...rowsBatch(0, Value, []), batch: kept })).commit();
    deepEqual(await db.rows("select name, hex(bytes), x, length(note) from t"), [
      "ä€😀|00FF|-0.5|65535",
      "null|null|null|null",
    ]);
    await writer.close();
  }));

test("a row that is longer than the server takes is an error that says so", () =>
  withDatabase(async (db) => {
    const Wide = s.struct({ bytes: s.binary() });
    const writer = await mysql({ table: "t", url: db.url }).open(contextOf(db, Wide));
    const [limit] = await db.rows("select @@max_allowed_packet");
    // A byte is two digits, and the statement is more than its row.
    const most = Math.floor(Number(limit) / 2) - 100;
    const tooMany = new Uint8Array(Math.floor(Number(limit) / 2));
    await rejects(writer.stage(rowsBatch(0, Wide, [{ bytes: tooMany }])), (error: SluiceError) => {
      equal(error.code, "ROW_TOO_LARGE");
      equal(error.retryable, false);
      return true;
    });
    const rows = [{ bytes: Uint8Array.of(1) }, { bytes: new Uint8Array(most) }];
    await (await writer.stage(rowsBatch(0, Wide, rows))).commit();
    deepEqual(await db.rows("select length(bytes) from t order by 1"), ["1", String(most)]);
    await writer.close();
  }));

Deno.test("unknown options, bad names and missing or bad addresses are refused", async () => {
  const refused = (options: object, code: string) =>
    throws(
      () => mysql(options as { table: string }),
      (error) => error instanceof SluiceError && error.code === code,
    );
  refused({ table: "t", tabel: "u" }, "UNKNOWN_OPTION");
  refused({ table: "" }, "BAD_NAME");
  refused({ table: "a.b.c" }, "BAD_NAME");
  refused({ table: "x".repeat(65) }, "BAD_NAME");
  refused({ table: "t", deadLetterTable: "a\0" }, "BAD_NAME");
  // The sink's temporary tables would stand in front of them.
  refused({ table: "db.Sluice_Rows" }, "BAD_OPTION");
  refused({ table: "sluice_deletes" }, "BAD_OPTION");
  refused({ table: "t", deadLetterTable: "sluice_rows" }, "BAD_OPTION");
  const context = sinkContext(Trade, "q");
  await rejects(mysql({ table: "t", url: "" }).open(context), (error: SluiceError) => {
    equal(error.code, "NO_MYSQL_URL");
    ok(error.message.includes("deno task stack:up"));
    return true;
  });
  for (
    const url of [
      "mysql://me:s3cret@:x/db",
      "http://me:s3cret@localhost/db",
      "mysql://me:s3cret@localhost",
    ]
  ) {
    await rejects(mysql({ table: "t", url }).open(context), (error: SluiceError) => {
      equal(error.code, "BAD_MYSQL_URL");
      equal(error.details.where, 'option "url"');
      ok(!Deno.inspect(error).includes("s3cret"));
      return true;
    });
  }
  const given = Deno.env.get("MYSQL_URL");
  Deno.env.set("MYSQL_URL", "s3cret is no URL");
  try {
    await rejects(mysql({ table: "t" }).open(context), (error: SluiceError) => {
      equal(error.code, "BAD_MYSQL_URL");
      equal(error.details.where, "MYSQL_URL");
      ok(!Deno.inspect(error).includes("s3cret"));
      return true;
    });
  } finally {
    if (given === undefined) Deno.env.delete("MYSQL_URL");
    else Deno.env.set("MYSQL_URL", given);
  }
});
