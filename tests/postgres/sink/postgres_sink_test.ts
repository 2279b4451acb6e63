import { deepEqual, equal, ok, rejects, throws } from "assert";
import { type DeadLetter, onFailpoint, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { postgres } from "../../../lib/postgres/mod.ts";
import { sinkContext } from "../../support/micro_batches.ts";
import { contextOf, endAt, rowsBatch, until, withDatabase } from "../test_database.ts";

const Trade = s.struct({ id: s.long(), note: s.string().nullable() });

Deno.test("postgres() brings rows and progress into the database in one step", () =>
  withDatabase(async (db) => {
    const sink = postgres({ table: "trades", url: db.url });
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
        `select query_id, sink, batch_id, offsets::text, epoch, committed_at > now() - interval '1 min'
         from sluice_progress`,
      ),
      ['query-1|postgres(trades)|0|{"trades": {"0": 9007199254740993}}|1|true'],
    );
    equal(await writer.lastBatchId(), 0);
    await writer.close();
    await until("no connection is left", async () => (await db.connections()).length === 0);
  }));

for (const failpoint of ["postgres:copied", "postgres:committing"]) {
  Deno.test(`a failure at ${failpoint} leaves neither rows nor progress`, () =>
    withDatabase(async (db) => {
      const writer = await postgres({ table: "trades", url: db.url }).open(contextOf(db, Trade));
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

Deno.test("abort leaves nothing, and the batch can be staged again", () =>
  withDatabase(async (db) => {
    const writer = await postgres({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    const batch = rowsBatch(0, Trade, [{ id: 1n, note: null }]);
    await (await writer.stage(batch)).abort();
    deepEqual(await db.rows("select * from trades"), []);
    const staged = await writer.stage(batch);
    await rejects(writer.stage(batch), { code: "STAGE_ORDER" });
    await staged.commit();
    deepEqual(await db.rows("select * from trades"), ["1|null"]);
    await writer.close();
  }));

Deno.test("a batch that a later run replays is already committed and not doubled", () =>
  withDatabase(async (db) => {
    const sink = postgres({ table: "trades", url: db.url });
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

Deno.test("two queries may share a table; each has its own progress", () =>
  withDatabase(async (db) => {
    const sink = postgres({ table: "trades", url: db.url });
    for (const queryId of ["query-1", "query-2"]) {
      const writer = await sink.open(contextOf(db, Trade, queryId));
      await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n, note: queryId }]))).commit();
      await writer.close();
    }
    deepEqual(await db.rows("select note from trades order by note"), ["query-1", "query-2"]);
  }));

Deno.test("a checkpoint that does not belong to the database is refused", () =>
  withDatabase(async (db) => {
    const writer = await postgres({ table: "trades", url: db.url }).open(contextOf(db, Trade));
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

Deno.test("dead letters are committed with their batch, never twice", () =>
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
    const sink = postgres({ table: "trades", url: db.url });
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
        `select query_id, sink, batch_id, topic, partition, "offset", "timestamp"::text,
           encode(key, 'escape'), encode(value, 'hex'), headers::text, error, dead_at is null
         from dead_letters order by "offset"`,
      ),
      [
        "query-1|postgres(trades)|0|trades|3|7|null|null|null|[]|tombstone|false",
        "query-1|postgres(trades)|0|trades|3|8|null|null|null|[]|tombstone|false",
        "query-1|postgres(trades)|0|trades|3|9007199254740993|2023-11-14 22:13:20.123+00|k|00ff|" +
        '[{"key": "plain", "value": "\\"ü\\""}, {"key": "none", "value": null}, ' +
        '{"key": "bytes", "valueBase64": "/w=="}, {"key": "nul", "valueBase64": "YQA="}, ' +
        '{"value": "v", "keyBase64": "b2RkAGtleQ=="}]|no JSON: \uFFFD|false',
      ],
    );
  }));

Deno.test("deadLetterTable: false keeps none, another name keeps them there", () =>
  withDatabase(async (db) => {
    const without = postgres({ table: "trades", url: db.url, deadLetterTable: false });
    equal(without.takesDeadLetters, false);
    await (await without.open(contextOf(db, Trade))).close();
    deepEqual(await db.rows("select to_regclass('dead_letters')"), ["null"]);
    const elsewhere = postgres({
      table: `${db.schema}.trades`,
      url: db.url,
      deadLetterTable: "bad",
    });
    await (await elsewhere.open(contextOf(db, Trade))).close();
    deepEqual(await db.rows(`select to_regclass('${db.schema}.bad') is null`), ["false"]);
  }));

Deno.test("reject() names the rows with U+0000 in a text, wherever it is", () =>
  withDatabase(async (db) => {
    const Nested = s.struct({
      name: s.string().nullable(),
      bytes: s.binary().nullable(),
      tags: s.array(s.string()).nullable(),
      info: s.struct({ note: s.string(), map: s.map(s.string(), s.string()) }).nullable(),
    });
    const good = {
      name: "a",
      bytes: Uint8Array.of(0),
      tags: ["b", ""],
      info: { note: "c", map: new Map([["k", "v"]]) },
    };
    const empty = { name: null, bytes: null, tags: null, info: null };
    const { batch } = rowsBatch(0, Nested, [
      { ...good, name: "\0before the start" },
      good,
      { ...good, name: "a\0b\0" },
      empty,
      { ...good, tags: ["x", "\0"] },
      { ...good, info: { note: "\0", map: new Map() } },
      { ...good, info: { note: "", map: new Map([["k\0", "v"]]) } },
      { ...good, name: "\0", info: { note: "", map: new Map([["k", "\0"]]) } },
      good,
    ]);
    const writer = await postgres({ table: "t", url: db.url }).open(contextOf(db, Nested));
    const rejected = writer.reject!(batch, 1);
    deepEqual(rejected.map(({ index }) => index), [2, 4, 5, 6, 7]);
    equal(
      rejected[4]?.error,
      'U+0000 in column "name", "info", which Postgres cannot store in text',
    );
    // What is not rejected, the database takes.
    const kept = batch.take(Int32Array.of(1, 3, 8));
    await (await writer.stage({ ...rowsBatch(0, Nested, []), batch: kept })).commit();
    deepEqual(await db.rows("select name, tags::text from t"), [
      'a|["b", ""]',
      "null|null",
      'a|["b", ""]',
    ]);
    await writer.close();
  }));

Deno.test("unknown options, bad names and missing or bad addresses are refused", async () => {
  const refused = (options: object, code: string) =>
    throws(
      () => postgres(options as { table: string }),
      (error) => error instanceof SluiceError && error.code === code,
    );
  refused({ table: "t", tabel: "u" }, "UNKNOWN_OPTION");
  refused({ table: "" }, "BAD_NAME");
  refused({ table: "a.b.c" }, "BAD_NAME");
  refused({ table: "x".repeat(64) }, "BAD_NAME");
  refused({ table: "t", deadLetterTable: "a\0" }, "BAD_NAME");
  const context = sinkContext(Trade, "q");
  await rejects(postgres({ table: "t", url: "" }).open(context), (error: SluiceError) => {
    equal(error.code, "NO_DATABASE_URL");
    ok(error.message.includes("deno task stack:up"));
    return true;
  });
  for (const url of ["postgres://me:s3cret@:x/db", "http://me:s3cret@localhost/db"]) {
    await rejects(postgres({ table: "t", url }).open(context), (error: SluiceError) => {
      equal(error.code, "BAD_DATABASE_URL");
      equal(error.details.where, 'option "url"');
      ok(!Deno.inspect(error).includes("s3cret"));
      return true;
    });
  }
  const given = Deno.env.get("DATABASE_URL");
  Deno.env.set("DATABASE_URL", "s3cret is no URL");
  try {
    await rejects(postgres({ table: "t" }).open(context), (error: SluiceError) => {
      equal(error.code, "BAD_DATABASE_URL");
      equal(error.details.where, "DATABASE_URL");
      ok(!Deno.inspect(error).includes("s3cret"));
      return true;
    });
  } finally {
    if (given === undefined) Deno.env.delete("DATABASE_URL");
    else Deno.env.set("DATABASE_URL", given);
  }
});
