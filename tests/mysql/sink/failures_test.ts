import { deepEqual, equal, ok, rejects } from "assert";
import { onFailpoint, schema as s, SluiceError } from "../../../lib/core/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { freePorts } from "../../support/ports.ts";
import { sinkContext } from "../../support/micro_batches.ts";
import { TcpProxy } from "../../postgres/tcp_proxy.ts";
import { MODES, rowsBatch, until } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import {
  contextIn,
  contextOf,
  type TestDatabase,
  withDatabase,
  withUser,
} from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Trade = s.struct({ id: s.long() });
const batch = rowsBatch(0, Trade, [{ id: 1n }, { id: 2n }]);
const unavailable = { code: "MYSQL_UNAVAILABLE", retryable: true };

for (const mode of MODES) {
  test(`in ${mode} mode a commit whose answer was lost is found again by the same run`, () =>
    withProxy(async (db, proxy, url) => {
      const writer = await mysql({ table: "trades", url }).open(contextIn(db, Trade, mode));
      const staged = await writer.stage(batch);
      await losingAnswers(proxy, () => rejects(staged.commit(), unavailable));
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);

      deepEqual(await (await writer.stage(batch)).commit(), {
        status: "committed",
        numOutputRows: 2,
      });
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await (await writer.stage(rowsBatch(1, Trade, [{ id: 3n }]))).commit();
      const all = mode === "complete" ? ["3"] : ["1", "2", "3"];
      deepEqual(await db.rows("select id from trades order by id"), all);
      await writer.close();
    }));
}

for (const mode of MODES) {
  test(`in ${mode} mode a commit whose answer was lost is found by the next run`, () =>
    withProxy(async (db, proxy, url) => {
      const sink = mysql({ table: "trades", url });
      const first = await sink.open(contextIn(db, Trade, mode));
      const staged = await first.stage(batch);
      await losingAnswers(proxy, () => rejects(staged.commit(), unavailable));
      await first.close();
      const second = await sink.open(contextIn(db, Trade, mode));
      equal(await second.lastBatchId(), 0);
      deepEqual(await (await second.stage(batch)).commit(), { status: "alreadyCommitted" });
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await second.close();
    }));
}

for (const mode of MODES) {
  test(`in ${mode} mode a COMMIT that arrives after the batch was staged again leaves one copy`, () =>
    withProxy(async (db, proxy, url) => {
      const writer = await mysql({ table: "trades", url }).open(contextIn(db, Trade, mode));
      const staged = await writer.stage(batch);
      onFailpoint((name) => {
        if (name === "mysql:committing") proxy.holdNextRequest = true;
      });
      try {
        await rejects(staged.commit(), unavailable);
      } finally {
        onFailpoint(undefined);
      }
      const again = await writer.stage(batch);
      const committing = again.commit();
      await until("the second try waits for the first", () => db.isWaitingForLock());
      await proxy.deliverHeldRequest();
      deepEqual(await committing, { status: "committed", numOutputRows: 2 });
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await writer.close();
    }));
}

for (const mode of MODES) {
  test(`in ${mode} mode a crash right after COMMIT leaves the batch once`, () =>
    withDatabase(async (db) => {
      const writer = await mysql({ table: "trades", url: db.url }).open(
        contextIn(db, Trade, mode),
      );
      const staged = await writer.stage(batch);
      onFailpoint((name) => {
        if (name === "mysql:committed") throw new Error("power cut");
      });
      try {
        await rejects(staged.commit(), /power cut/);
      } finally {
        onFailpoint(undefined);
      }
      equal((await (await writer.stage(batch)).commit()).status, "committed");
      deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
      await writer.close();
    }));
}

for (const failpoint of ["mysql:staged", "mysql:applied", "mysql:committing"]) {
  for (const mode of MODES) {
    test(`in ${mode} mode a server that ends the connection at ${failpoint} leads to exactly one copy`, () =>
      withDatabase(async (db) => {
        const writer = await mysql({ table: "trades", url: db.url }).open(
          contextIn(db, Trade, mode),
        );
        onFailpoint(async (name) => {
          if (name === failpoint) await endConnections(db);
        });
        try {
          await rejects(async () => await (await writer.stage(batch)).commit(), unavailable);
        } finally {
          onFailpoint(undefined);
        }
        deepEqual(await db.rows("select id from trades"), []);
        await (await writer.stage(batch)).commit();
        deepEqual(await db.rows("select id from trades order by id"), ["1", "2"]);
        await writer.close();
        await until("no connection is left", async () => (await db.connections()).length === 0);
      }));
  }
}

test("a connection lost between two batches is replaced without a word", () =>
  withDatabase(async (db) => {
    const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    await (await writer.stage(batch)).commit();
    await endConnections(db);
    await until("the writer works again", async () => {
      try {
        return await writer.lastBatchId() === 0;
      } catch (error) {
        ok(error instanceof SluiceError && error.retryable, String(error));
        return false;
      }
    });
    await (await writer.stage(rowsBatch(1, Trade, [{ id: 3n }]))).commit();
    deepEqual(await db.rows("select id from trades order by id"), ["1", "2", "3"]);
    await writer.close();
  }));

test("a connection lost in the middle of many rows is worth another try", () =>
  withDatabase(async (db) => {
    const Wide = s.struct({ text: s.string() });
    const rows = Array.from({ length: 200 }, () => ({ text: "x".repeat(100_000) }));
    const wide = rowsBatch(0, Wide, rows);
    const writer = await mysql({ table: "t", url: db.url }).open(contextOf(db, Wide));
    const locking = await db.connect();
    await locking.run("lock tables t write");
    const failing = rejects(writer.stage(wide), unavailable);
    await until("the rows wait", () => db.isWaitingForLock());
    await endConnections(db);
    await failing;
    await locking.end();
    await (await writer.stage(wide)).commit();
    deepEqual(await db.rows("select count(*), sum(length(text)) from t"), ["200|20000000"]);
    await writer.close();
  }));

const constraints = {
  "by two rows": {
    ddl: "create table trades (id bigint, unique key only_once (id))",
    name: "only_once",
    drop: "drop index only_once",
  },
  "by a row that refers to none": {
    ddl: "create table known (id bigint primary key); " +
      "create table trades (id bigint, constraint is_known foreign key (id) references known (id))",
    name: "is_known",
    drop: "drop foreign key is_known",
  },
  "by a check": {
    ddl: "create table trades (id bigint, constraint is_small check (id < 100000))",
    name: "is_small",
    drop: "drop constraint is_small",
  },
};
for (const [when, { ddl, name, drop }] of Object.entries(constraints)) {
  test(`a constraint broken ${when} is named, and nothing stays behind`, () =>
    withDatabase(async (db) => {
      await db.run(ddl);
      const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
      // Many rows, in more than one statement.
      const rows = Array.from({ length: 200_000 }, (_, i) => ({ id: BigInt(Math.max(i, 1)) }));
      const bad = rowsBatch(0, Trade, rows);
      await rejects(async () => await (await writer.stage(bad)).commit(), (error: SluiceError) => {
        equal(error.code, "CONSTRAINT_VIOLATION");
        equal(error.retryable, false);
        for (const part of [name, "trades", "batch 0"]) {
          ok(error.message.includes(part), error.message);
        }
        ok(Deno.inspect(error).length < 10_000, "the rows are part of the error");
        return true;
      });
      await until("the transaction is gone", async () => (await db.connections()).length === 0);
      deepEqual(await db.rows("select * from trades"), []);
      deepEqual(await db.rows("select batch_id from sluice_progress"), ["null"]);

      await db.run(`alter table trades ${drop}`);
      await (await writer.stage(bad)).commit();
      deepEqual(await db.rows("select count(*) from trades"), ["200000"]);
      await writer.close();
      await until("no connection is left", async () => (await db.connections()).length === 0);
    }));
}

test("a table dropped under a running query is an error that says so", () =>
  withDatabase(async (db) => {
    const writer = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    await db.run("drop table trades");
    await rejects(writer.stage(batch), (error: SluiceError) => {
      equal(error.retryable, false);
      ok(/stage batch 0.*trades' doesn't exist/.test(error.message), error.message);
      return true;
    });
    await writer.close();
  }));

test("a user without rights is told so", () =>
  withDatabase(async (db) => {
    const role = `${db.name}_r`;
    await db.run(`create user ${role} identified by 's3cret'`);
    try {
      const url = new URL(db.url);
      url.username = role;
      url.password = "s3cret";
      await rejects(
        mysql({ table: "trades", url: url.href }).open(contextOf(db, Trade)),
        (error: SluiceError) => {
          equal(error.code, "MYSQL_PERMISSION");
          return refusesWithoutPassword(error);
        },
      );
      url.password = "wr0ng";
      await rejects(
        mysql({ table: "trades", url: url.href }).open(contextOf(db, Trade)),
        (error: SluiceError) => {
          equal(error.code, "MYSQL_LOGIN");
          return refusesWithoutPassword(error);
        },
      );
    } finally {
      await db.run(`drop user ${role}`);
    }
  }));

test("a user with too many connections is worth another try", () =>
  withDatabase((db) =>
    withUser(db, "with max_user_connections 1", async (url) => {
      const writer = await mysql({ table: "trades", url }).open(contextOf(db, Trade));
      const second = mysql({ table: "others", url }).open(contextOf(db, Trade));
      await rejects(second, { ...unavailable, message: /max_user_connections/ });
      await writer.close();
    })
  ));

test("a server that cannot be reached is a retryable error with its address", async () => {
  const port = freePorts(1);
  const url = `mysql://me:s3cret@127.0.0.1:${port}/finance`;
  await rejects(open(url), (error: SluiceError) => {
    equal(error.code, "MYSQL_UNAVAILABLE");
    equal(error.retryable, true);
    ok(error.message.includes(`127.0.0.1:${port}/finance`), error.message);
    ok(!Deno.inspect(error).includes("s3cret"));
    return true;
  });
});

test("a server that accepts and says nothing is given up after connectTimeout", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const conn of listener) accepted.push(conn);
  })();
  const started = performance.now();
  const { port } = listener.addr;
  await rejects(
    open(`mysql://me:s3cret@127.0.0.1:${port}/finance?connectTimeout=1000`),
    (error) => {
      ok(error instanceof SluiceError && error.retryable);
      equal(error.code, "MYSQL_UNAVAILABLE");
      ok(!Deno.inspect(error).includes("s3cret"));
      return true;
    },
  );
  ok(performance.now() - started < 5_000);
  listener.close();
  await accepting;
  for (const conn of accepted) conn.close();
});

function open(url: string) {
  return mysql({ table: "t", url }).open(sinkContext(Trade, "q"));
}

function refusesWithoutPassword(error: SluiceError): boolean {
  equal(error.retryable, false);
  ok(!/s3cret|wr0ng/.test(Deno.inspect(error)));
  return true;
}

/** Ends the connections of the test's query on the server and waits until they are gone. */
async function endConnections(db: TestDatabase): Promise<void> {
  for (const id of await db.connections()) await db.run(`kill ${id}`);
  await until("the server ended them", async () => (await db.connections()).length === 0);
}

async function withProxy(
  test: (db: TestDatabase, proxy: TcpProxy, url: string) => Promise<void>,
): Promise<void> {
  await withDatabase(async (db) => {
    const url = new URL(db.url);
    const proxy = new TcpProxy({ hostname: url.hostname, port: Number(url.port) });
    url.hostname = "127.0.0.1";
    url.port = String(proxy.port);
    try {
      await test(db, proxy, url.href);
    } finally {
      proxy.close();
    }
  });
}

/** Runs a commit whose COMMIT reaches the server and whose answer never comes. */
async function losingAnswers(proxy: TcpProxy, commit: () => Promise<void>): Promise<void> {
  onFailpoint((name) => {
    if (name === "mysql:committing") proxy.loseNextAnswer = true;
  });
  try {
    await commit();
  } finally {
    onFailpoint(undefined);
  }
  equal(proxy.lostAnswers, 1);
}
