import { deepEqual, equal, match, rejects } from "assert";
import {
  onFailpoint,
  schema as s,
  type SinkWriter,
  type SluiceError,
} from "../../../lib/core/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { MODES, rowsBatch, until } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextIn, contextOf, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Trade = s.struct({ id: s.long() });
const batch = rowsBatch(0, Trade, [{ id: 1n }, { id: 2n }], {
  deadLetters: [{
    topic: "trades",
    partition: 0,
    offset: 0n,
    timestampMs: -1,
    key: null,
    value: null,
    headers: [],
    error: "tombstone",
  }],
});

for (const mode of MODES) {
  test(`in ${mode} mode a run that was replaced while it had a batch staged can no longer commit it`, () =>
    withDatabase(async (db) => {
      const sink = mysql({ table: "trades", url: db.url });
      const old = await sink.open(contextIn(db, Trade, mode));
      const staged = await old.stage(batch);
      // The old run's open transaction does not keep the new one waiting.
      const current = await sink.open(contextIn(db, Trade, mode));
      await rejects(staged.commit(), (error: SluiceError) => {
        equal(error.code, "FENCED");
        equal(error.retryable, false);
        match(error.message, /commit batch 0 to MySQL table "trades".*epoch 2.*wanted epoch 1/);
        return true;
      });
      await rejects(old.stage(batch), { code: "FENCED" });
      deepEqual(await db.rows("select id from trades"), []);

      await (await current.stage(batch)).commit();
      await rejects(old.stage(rowsBatch(1, Trade, [{ id: 3n }])), { code: "FENCED" });
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await Promise.all([old.close(), current.close()]);
    }));
}

for (const mode of MODES) {
  test(`in ${mode} mode a run that stalls with a batch staged does not keep its successor from writing it`, () =>
    withDatabase(async (db) => {
      const sink = mysql({ table: "trades", url: db.url });
      const old = await sink.open(contextIn(db, Trade, mode));
      const staged = await old.stage(batch);
      const current = await sink.open(contextIn(db, Trade, mode));
      // A lock held by the old run would make this wait for ever.
      const written = (async () => await (await current.stage(batch)).commit())();
      written.catch(() => {}); // until it is awaited
      let waited = false;
      await until("the batch is written or waits", async () => {
        waited = await db.isWaitingForLock();
        return waited || (await db.rows("select id from trades")).length > 0;
      });
      equal(waited, false);
      deepEqual(await written, { status: "committed", numOutputRows: 2 });
      await rejects(staged.commit(), { code: "FENCED" });
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      deepEqual(await db.rows("select error from dead_letters"), ["tombstone"]);
      await Promise.all([old.close(), current.close()]);
    }));
}

for (const mode of MODES) {
  test(`in ${mode} mode a run that opens while the old one commits waits for it and finds the batch`, () =>
    withDatabase(async (db) => {
      const sink = mysql({ table: "trades", url: db.url });
      const old = await sink.open(contextIn(db, Trade, mode));
      const staged = await old.stage(batch);
      let opening: Promise<SinkWriter> | undefined;
      onFailpoint(async (name) => {
        if (name !== "mysql:committing") return;
        opening = sink.open(contextIn(db, Trade, mode));
        await until("the new run waits for the old one's lock", () => db.isWaitingForLock());
      });
      try {
        deepEqual(await staged.commit(), { status: "committed", numOutputRows: 2 });
      } finally {
        onFailpoint(undefined);
      }
      const current = await opening!;
      equal(await current.lastBatchId(), 0);
      deepEqual(await (await current.stage(batch)).commit(), { status: "alreadyCommitted" });
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await Promise.all([old.close(), current.close()]);
    }));
}

for (const mode of MODES) {
  test(`in ${mode} mode of many runs that commit at the same time exactly one wins`, () =>
    withDatabase(async (db) => {
      const sink = mysql({ table: "trades", url: db.url });
      const writers = [];
      for (let i = 0; i < 5; i++) writers.push(await sink.open(contextIn(db, Trade, mode)));
      const ends = await Promise.allSettled(
        writers.map(async (writer) => await (await writer.stage(batch)).commit()),
      );
      deepEqual(
        ends.map((end) => end.status === "fulfilled" ? end.value.status : end.reason.code),
        ["FENCED", "FENCED", "FENCED", "FENCED", "committed"],
      );
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await Promise.all(writers.map((writer) => writer.close()));
    }));
}

test("of many runs that open at the same time each has an epoch of its own", () =>
  withDatabase(async (db) => {
    const sink = mysql({ table: "trades", url: db.url });
    const context = contextIn(db, Trade, "update");
    const writers = await Promise.all(Array.from({ length: 5 }, () => sink.open(context)));
    deepEqual(await db.rows("select epoch from sluice_progress"), ["5"]);
    const ends = await Promise.allSettled(
      writers.map(async (writer) => await (await writer.stage(batch)).commit()),
    );
    equal(ends.filter(({ status }) => status === "fulfilled").length, 1);
    deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
    await Promise.all(writers.map((writer) => writer.close()));
  }));

test("a progress row that someone deleted stops the run", () =>
  withDatabase(async (db) => {
    const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    const staged = await writer.stage(batch);
    await db.run("delete from sluice_progress");
    await rejects(staged.commit(), { code: "FENCED" });
    deepEqual(await db.rows("select id from trades"), []);
    await writer.close();
  }));
