import { deepEqual, equal, ok, rejects, throws } from "assert";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { StateStore } from "../../lib/state/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

const child = fileURLToPath(new URL("./state_child.ts", import.meta.url));

Deno.test("a file that is no database, or another program's, is refused and left alone", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  await folder.write("state.db", "This is not a database. ".repeat(100));
  await rejects(StateStore.open({ path }), {
    code: "STATE_DAMAGED",
    message:
      /^Cannot open the state at .*\/state\.db: found file is not a database\. Put the whole/,
  });
  equal((await folder.read("state.db")).length, 2400);

  await Deno.remove(path);
  const other = new DatabaseSync(path);
  other.exec("CREATE TABLE customers (id INTEGER)");
  other.close();
  await rejects(StateStore.open({ path }), {
    code: "STATE_DAMAGED",
    message: /found a database of another program/,
  });
  await rejects(StateStore.open({ path: folder.path }), { code: "STATE_UNAVAILABLE" });
});

Deno.test("a damaged page is found when it is read, and is not taken for missing rows", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  {
    using store = await StateStore.open({ path });
    const table = store.operator("0", "any").table("t");
    store.begin(0);
    for (let i = 0; i < 2000; i++) table.put(Uint8Array.of(i >> 8, i & 255), new Uint8Array(100));
    await store.commit({});
  }
  const file = await Deno.readFile(path);
  ok(file.length > 50 * 4096);
  await Deno.writeFile(path, file.fill(0xff, 12 * 4096, 50 * 4096));

  using store = await StateStore.open({ path });
  const table = store.operator("0", "any").table("t");
  throws(() => [...table.entries()], {
    code: "STATE_DAMAGED",
    message: /^Cannot read table "t" of operator "0" at .*found database disk image is malformed/,
  });
});

Deno.test("state that a newer version wrote is refused", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  (await StateStore.open({ path })).close();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 2");
  database.close();
  await rejects(StateStore.open({ path }), {
    code: "STATE_NEWER",
    message: /found format version 2, wanted at most 1/,
  });
});

Deno.test("state that another process has open is refused until that one ends", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/state.db`;
  const holder = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", child, path, "hold"],
    stdout: "piped",
  }).spawn();
  const output = holder.stdout.getReader();
  equal(new TextDecoder().decode((await output.read()).value), "open\n");
  await rejects(StateStore.open({ path }), {
    code: "STATE_LOCKED",
    message: /found database is locked\. Another process has the state of this query open/,
  });
  holder.kill("SIGKILL");
  await holder.status;
  await output.cancel();
  using store = await StateStore.open({ path });
  equal(store.batchId, -1);
});

Deno.test("a full disk is an error that may pass, and loses the batch as a whole", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await StateStore.open({ database: () => database });
  const table = store.operator("0", "any").table("t");
  store.begin(0);
  table.put(Uint8Array.of(1), Uint8Array.of(1));
  await store.commit({});
  database.exec("PRAGMA max_page_count = 50");

  store.begin(1);
  const fill = () => {
    for (let i = 0; i < 1000; i++) {
      table.put(Uint8Array.of(2, i >> 8, i & 255), new Uint8Array(4000));
    }
  };
  throws(fill, { code: "STATE_DISK_FULL", retryable: true });
  // SQLite has ended the transaction: what were written now would be committed by itself.
  throws(() => table.put(Uint8Array.of(3), Uint8Array.of()), { code: "STATE_NOT_BEGUN" });
  await rejects(store.commit({}), { code: "STATE_NOT_BEGUN" });
  store.rollback();
  deepEqual([...table.entries()].map(({ key }) => key), [Uint8Array.of(1)]);
  equal(table.numRows, 1);

  database.exec("PRAGMA max_page_count = 100000");
  store.begin(1);
  fill();
  await store.commit({});
  deepEqual([store.batchId, table.numRows], [1, 1001]);
  database.close();
});
