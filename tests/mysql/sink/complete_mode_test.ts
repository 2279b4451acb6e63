import { deepEqual, equal } from "assert";
import { onFailpoint, schema as s } from "../../../lib/core/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { rowsBatch } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { contextOf, withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const Count = s.struct({ symbol: s.string(), count: s.long() });
const complete = { outputMode: "complete" } as const;

test("in complete mode each batch takes the place of all rows, whoever wrote them", () =>
  withDatabase(async (db) => {
    await db.run(
      "create table counts (symbol varchar(9) primary key, count bigint check (count > 0))",
    );
    await db.run("insert into counts values ('old', 1)");
    const writer = await mysql({ table: "counts", url: db.url })
      .open(contextOf(db, Count, "q", complete));
    const commit = async (batchId: number, rows: { symbol: string; count: bigint }[]) =>
      await (await writer.stage(rowsBatch(batchId, Count, rows))).commit();

    deepEqual(await commit(0, [{ symbol: "A", count: 1n }, { symbol: "B", count: 1n }]), {
      status: "committed",
      numOutputRows: 2,
    });
    deepEqual(await db.rows("select * from counts order by 1"), ["A|1", "B|1"]);
    await commit(1, [{ symbol: "A", count: 2n }, { symbol: "C", count: 1n }]);
    deepEqual(await db.rows("select * from counts order by 1"), ["A|2", "C|1"]);
    await commit(2, []);
    deepEqual(await db.rows("select * from counts"), []);
    deepEqual(await db.rows("select batch_id from sluice_progress"), ["2"]);
    await writer.close();
  }));

test("readers see the rows of before until the commit, and never an empty table", () =>
  withDatabase(async (db) => {
    const writer = await mysql({ table: "counts", url: db.url })
      .open(contextOf(db, Count, "q", complete));
    await (await writer.stage(rowsBatch(0, Count, [{ symbol: "A", count: 1n }]))).commit();
    // A reader that had to wait for the commit would wait for ever, as the commit waits for it.
    await db.run("set innodb_lock_wait_timeout = 2");
    const seen: string[] = [];
    onFailpoint(async (name) => {
      if (!name.startsWith("mysql:")) return;
      seen.push(`${name} ${await db.rows("select symbol, count from counts")}`);
    });
    try {
      await (await writer.stage(rowsBatch(1, Count, [{ symbol: "A", count: 2n }]))).commit();
    } finally {
      onFailpoint(undefined);
    }
    deepEqual(seen, [
      "mysql:staged A|1",
      "mysql:applied A|1",
      "mysql:committing A|1",
      "mysql:committed A|2",
    ]);
    await writer.close();
  }));

test("a batch replayed by a later run does not undo the one after it", () =>
  withDatabase(async (db) => {
    const sink = mysql({ table: "counts", url: db.url });
    const batches = [1n, 2n].map((count, i) => rowsBatch(i, Count, [{ symbol: "A", count }]));
    const first = await sink.open(contextOf(db, Count, "q", complete));
    for (const batch of batches) await (await first.stage(batch)).commit();
    await first.close();
    const second = await sink.open(contextOf(db, Count, "q", complete));
    for (const batch of batches) {
      equal((await (await second.stage(batch)).commit()).status, "alreadyCommitted");
    }
    deepEqual(await db.rows("select * from counts"), ["A|2"]);
    await second.close();
  }));
