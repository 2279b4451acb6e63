import { deepEqual, equal, notEqual, rejects, throws } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { postgres } from "../../../lib/postgres/mod.ts";
import { contextOf, rowsBatch, type TestDatabase, withDatabase } from "../test_database.ts";

const Trade = s.struct({ id: s.long() });

Deno.test("a table has one target id, however it is spelt, and no other table has it", () =>
  withDatabase(async (db) => {
    const same = [
      await targetId(db, "trades"),
      await targetId(db, `${db.schema}.trades`),
      await targetId(db, "trades", db.url.replace("127.0.0.1", "localhost")),
    ];
    equal(new Set(same).size, 1, String(same));
    notEqual(await targetId(db, "others"), same[0]);

    const name = `${db.schema}_other`;
    await db.sql.unsafe(`create database ${name}`);
    try {
      const url = new URL(db.url);
      url.pathname = name;
      url.searchParams.delete("search_path");
      // Its first table may have any number, that of this one too: the database tells them apart.
      const [database] = await db.rows(`select oid from pg_database where datname = '${name}'`);
      equal((await targetId(db, "trades", url.href))?.split("/").at(-2), database);
    } finally {
      await db.sql.unsafe(`drop database ${name} with (force)`);
    }
  }));

Deno.test("a user with no more rights than it takes has a target id too", () =>
  withDatabase(async (db) => {
    const role = `${db.schema}_writer`;
    await db.sql.unsafe(`create role ${role} login password 's3cret'`);
    try {
      await db.sql.unsafe(`grant usage, create on schema ${db.schema} to ${role}`);
      const url = new URL(db.url);
      url.username = role;
      url.password = "s3cret";
      const context = { outputMode: "update", keyColumns: ["id"] } as const;
      const writer = await postgres({ table: "trades", url: url.href })
        .open(contextOf(db, Trade, "q", context));
      await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n }]))).commit();
      const { targetId } = writer;
      await writer.close();
      equal((targetId ?? "").split("/").length, 4);
    } finally {
      await db.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  }));

Deno.test("option name is what the sink is called, also in its progress", () =>
  withDatabase(async (db) => {
    const sink = postgres({ table: "trades", url: db.url, name: "trades in Europe" });
    equal(sink.name, "trades in Europe");
    const writer = await sink.open(contextOf(db, Trade));
    await (await writer.stage(rowsBatch(0, Trade, [{ id: 1n }]))).commit();
    await writer.close();
    deepEqual(await db.rows("select sink, batch_id from sluice_progress"), ["trades in Europe|0"]);
    const unnamed = await postgres({ table: "trades", url: db.url }).open(contextOf(db, Trade));
    equal(await unnamed.lastBatchId(), -1);
    await unnamed.close();
    throws(() => postgres({ table: "trades", name: "" }), { code: "BAD_OPTION" });
    await rejects(
      postgres({ table: "trades", url: "no url", name: "eu" }).open(contextOf(db, Trade)),
      /open sink eu/,
    );
  }));

async function targetId(db: TestDatabase, table: string, url = db.url) {
  const writer = await postgres({ table, url }).open(contextOf(db, Trade));
  await writer.close();
  return writer.targetId;
}
