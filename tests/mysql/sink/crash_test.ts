import { fileURLToPath } from "node:url";
import { deepEqual, equal } from "assert";
import { MODES } from "../../postgres/test_database.ts";
import { hasMariadb } from "../../support/stack.ts";
import { NUM_BATCHES, writeAll } from "../sink_child.ts";
import { withDatabase } from "../test_database.ts";

/** These need a MariaDB. */
const test = hasMariadb ? Deno.test : Deno.test.ignore;

const CHILD = fileURLToPath(new URL("../sink_child.ts", import.meta.url));

/** Where a process is killed, which time it comes by, and how many batches the table has then. */
const KILLS: readonly [failpoint: string, hit: number, held: number][] = [
  ["mysql:prepared", 1, 0],
  ["mysql:fenced", 1, 0],
  ["mysql:staged", 2, 1],
  ["mysql:applied", 2, 1],
  ["mysql:committing", 2, 1],
  ["mysql:committed", 2, 2],
];

const ROWS = {
  append: ["0|0", "1|0", "1|1", "2|0", "2|1", "2|2", "3|1", "3|2", "3|3", "4|2", "4|3", "5|3"],
  // Each batch deletes the row before its own.
  update: ["3|3", "4|3", "5|3"],
  complete: ["3|3", "4|3", "5|3"],
};

for (const mode of MODES) {
  for (const [failpoint, hit, held] of KILLS) {
    test(`in ${mode} mode a process killed at ${failpoint} leaves every batch once`, () =>
      withDatabase(async (db) => {
        const { signal } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", CHILD, mode, failpoint, String(hit)],
          env: { MYSQL_URL: db.url },
        }).output();
        equal(signal, "SIGKILL");
        const outcomes = await writeAll(db.url, mode);
        deepEqual(
          outcomes.map(({ status }) => status),
          Array.from(
            { length: NUM_BATCHES },
            (_, i) => i < held ? "alreadyCommitted" : "committed",
          ),
        );
        deepEqual(await db.rows("select id, count from t order by id, count"), ROWS[mode]);
        deepEqual(
          await db.rows("select error from dead_letters order by error"),
          ["bad 0", "bad 1", "bad 2", "bad 3"],
        );
      }));
  }
}
