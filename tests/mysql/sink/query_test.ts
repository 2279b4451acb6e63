import { deepEqual } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { json } from "../../../lib/formats/json/mod.ts";
import { mysql } from "../../../lib/mysql/mod.ts";
import { pipeline } from "../../../lib/streaming/mod.ts";
import { MemorySource } from "../../support/memory_source.ts";
import { hasMariadb } from "../../support/stack.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

test("a query writes its rows once, and as dead letters those that the table does not hold", () =>
  withDatabase(async (db) => {
    await using folder = await tempFolder();
    await db.run("create table trades (id bigint, note varchar(3) character set utf8mb4)");
    const source = new MemorySource(2);
    const Trade = s.struct({ id: s.long(), note: s.string(), price: s.decimal(9, 2).nullable() });
    const run = async () => {
      const query = await pipeline("trades").from(source).decode(json(Trade))
        .to(mysql({ table: "trades", url: db.url }))
        .start({ checkpointLocation: folder.path, trigger: { availableNow: true } });
      await query.awaitTermination();
    };
    source.partitions[0]!.push('{"id":1,"note":"a"}', "no JSON", '{"id":2,"note":"too long"}');
    source.partitions[1]!.push('{"id":3,"note":"b","price":0.10}');
    await run();
    source.partitions[1]!.push('{"id":4,"note":"c"}');
    await run();
    await run();
    deepEqual(await db.rows("select id, note, price from trades order by id"), [
      "1|a|null",
      "3|b|0.10",
      "4|c|null",
    ]);
    deepEqual(
      await db.rows("select `partition`, `offset`, `value` from dead_letters order by `offset`"),
      ["0|1|no JSON", '0|2|{"id":2,"note":"too long"}'],
    );
  }));
