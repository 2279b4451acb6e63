import { deepEqual, equal } from "assert";
import { onFailpoint, schema as s } from "../../../lib/core/mod.ts";
import { postgres } from "../../../lib/postgres/mod.ts";
import { contextOf, rowsBatch, withDatabase } from "../test_database.ts";

const Count = s.struct({ symbol: s.string(), count: s.long() });
const complete = { outputMode: "complete" } as const;

Deno.test("in complete mode each batch takes the place of all rows, whoever wrote them", () =>
  withDatabase(async (db) => {
    await db.sql.unsafe(
      "create table counts (symbol text primary key, count bigint check (count > 0))",
    );
    await db.sql.unsafe("insert into counts values ('old', 1)");
    const writer = await postgres({ table: "counts", url: db.url })
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

Deno.test("readers see the rows of before until the commit, and never an empty table", () =>
  withDatabase(async (db) => {
    const writer = await postgres({ table: "counts", url: db.url })
      .open(contextOf(db, Count, "q", complete));
    await (await writer.stage(rowsBatch(0, Count, [{ symbol: "A", count: 1n }]))).commit();
    const reader = await db.sql.reserve();
    // A reader that had to wait for the commit would wait for ever, as the commit waits for it.
    await reader.unsafe("set lock_timeout = '2s'");
    const seen: string[] = [];
    onFailpoint(async (name) => {
      if (!name.startsWith("postgres:")) return;
      const rows = await reader.unsafe("select symbol, count from counts").values();
      seen.push(`${name} ${rows.map((row) => row.join("|"))}`);
    });
    try {
      await (await writer.stage(rowsBatch(1, Count, [{ symbol: "A", count: 2n }]))).commit();
    } finally {
      onFailpoint(undefined);
      reader.release();
    }
    deepEqual(seen, [
      "postgres:copied A|1",
      "postgres:applied A|1",
      "postgres:committing A|1",
      "postgres:committed A|2",
    ]);
    await writer.close();
  }));

Deno.test("a batch replayed by a later run does not undo the one after it", () =>
  withDatabase(async (db) => {
    const sink = postgres({ table: "counts", url: db.url });
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
