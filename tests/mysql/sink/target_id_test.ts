import { deepEqual, equal, notEqual, ok, rejects, throws } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { rowsBatch } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextOf, type TestDatabase, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Trade = s.struct({ id: s.long() });

test("a table has one target id, however it is spelt, and no other table has it", () =>
  withDatabase(async (db) => {
    const same = [
      await targetId(db, "trades"),
      await targetId(db, `${db.name}.trades`),
      await targetId(db, "trades", db.url.replace("127.0.0.1", "localhost")),
    ];
    equal(new Set(same).size, 1, String(same));
    notEqual(await targetId(db, "others"), same[0]);

    const name = `${db.name}_other`;
    await db.run(`create database ${name}`);
    try {
      const url = new URL(db.url);
      url.pathname = name;
      notEqual(await targetId(db, "trades", url.href), same[0]);
      equal(await targetId(db, `${db.name}.trades`, url.href), same[0]);
    } finally {
      await db.run(`drop database ${name}`);
    }
  }));

test("a user with no more rights than it takes writes, and has a target id", () =>
  withDatabase(async (db) => {
    const user = `${db.name}_w`;
    await db.run(`create user ${user} identified by 's3cret'`);
    try {
      await db.run(`grant select, insert, update, delete, create, create temporary tables
        on ${db.name}.* to ${user}`);
      const url = new URL(db.url);
      url.username = user;
      url.password = "s3cret";
      const context = { outputMode: "update", keyColumns: ["id"] } as const;
      const writer = await mysql({ table: "trades", url: url.href })
        .open(contextOf(db, Trade, "q", context));
      await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n }]))).commit();
      const { targetId } = writer;
      await writer.close();
      ok(/^mysql\/.+\/trades$/.test(targetId ?? ""), targetId);
    } finally {
      await db.run(`drop user ${user}`);
    }
  }));

test("option name is what the sink is called, also in its progress", () =>
  withDatabase(async (db) => {
    const sink = mysql({ table: "trades", url: db.url, name: "trades in Europe" });
    equal(sink.name, "trades in Europe");
    const writer = await sink.open(contextOf(db, Trade));
    await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n }]))).commit();
    await writer.close();
    deepEqual(await db.rows("select sink, batch_id from sluice_progress"), ["trades in Europe|0"]);
    const unnamed = await mysql({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    equal(await unnamed.lastBatchId(), -1);
    await unnamed.close();
    throws(() => mysql({ table: "trades", name: "" }), { code: "BAD_OPTION" });
    await rejects(
      mysql({ table: "trades", url: "no url", name: "eu" }).open(contextOf(db, Trade)),
      /open sink eu/,
    );
  }));

async function targetId(db: TestDatabase, table: string, url = db.url) {
  const writer = await mysql({ table, url }).open(contextOf(db, Trade));
  await writer.close();
  return writer.targetId;
}
