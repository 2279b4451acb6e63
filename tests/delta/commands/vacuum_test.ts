import { deepEqual, equal, ok, rejects } from "assert";
import { onFailpoint, schema as s } from "../../../lib/core/mod.ts";
import { appendRows } from "../../../lib/delta/commands/write/append.ts";
import { createTable } from "../../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../../lib/delta/commands/change/delete_rows.ts";
import { vacuumTable } from "../../../lib/delta/commands/maintain/vacuum_table.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { filesBelow, rowsOf } from "../../support/delta_log.ts";
import { type TempFolder, tempFolder } from "../../support/temp_folder.ts";

const HOUR_MS = 3_600_000;
const Trade = s.struct({ symbol: s.string(), id: s.long() });
const AT_ONCE = { retentionHours: 0, enforceRetention: false };

/** A table of four files, in partitions A and B. */
async function tableIn(
  folder: TempFolder,
  properties: Record<string, string> = {},
  partition = "symbol",
): Promise<TableState> {
  const schema = partition === "symbol"
    ? Trade
    : s.struct({ [partition]: s.string(), id: s.long() });
  const table = await createTable(folder.path, { schema, properties, partitionBy: [partition] });
  for (const start of [0n, 2n]) {
    await appendRows(table, [
      { [partition]: "A", id: start },
      { [partition]: "B", id: start + 1n },
      { [partition]: "B", id: start + 10n },
    ]);
  }
  return table;
}

async function age(path: string, hours: number): Promise<void> {
  const then = new Date(Date.now() - hours * HOUR_MS);
  for (const file of await filesBelow(path)) {
    await Deno.utime(`${path}/${file}`, then, then);
    await Deno.utime(`${path}/${file}`.replace(/\/[^/]*$/, ""), then, then);
  }
}

Deno.test("vacuumTable() removes what the table does not have any more, and keeps its rows", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  const before = await filesBelow(folder.path);
  await deleteRows(table, { where: "symbol = 'A'" });
  const rows = await rowsOf(folder.path, "id");

  const dry = await vacuumTable(table, { ...AT_ONCE, dryRun: true });
  deepEqual(await filesBelow(folder.path), before);
  equal(dry.numFilesDeleted, 0);
  const result = await vacuumTable(table, AT_ONCE);

  deepEqual(result.files, dry.files);
  deepEqual(
    result.files.map(({ path }) => path),
    before.filter((path) => path.startsWith("symbol=A/")),
  );
  equal(result.numFilesDeleted, 2);
  equal(result.sizeOfDataToDelete, result.files.reduce((sum, { size }) => sum + size, 0));
  deepEqual(await filesBelow(folder.path), before.filter((path) => !path.startsWith("symbol=A/")));
  deepEqual(await rowsOf(folder.path, "id"), rows);
  equal((await vacuumTable(table, AT_ONCE)).numFilesDeleted, 0);
});

Deno.test("vacuumTable() keeps what left the table, or came, within the retention", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  await age(folder.path, 10);
  await deleteRows(table, { where: "symbol = 'A'" });
  await folder.write("staged-by-others.parquet", "not committed yet");
  const before = await filesBelow(folder.path);

  // The files are older than an hour, but left the table just now.
  const options = { retentionHours: 1, enforceRetention: false };
  equal((await vacuumTable(table, options)).numFilesDeleted, 0);

  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("vacuumTable() refuses to go below the table's retention, and does what it says otherwise", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  await rejects(vacuumTable(table, { retentionHours: 167 }), {
    code: "BELOW_RETENTION",
    message: /found a retention of 167 hours, wanted 168 hours or more/,
  });
  await rejects(vacuumTable(table, { retentionHours: -1 }), { code: "BAD_OPTION" });
  const misspelt: object = { retention: 1 };
  await rejects(vacuumTable(table, misspelt), { code: "UNKNOWN_OPTION" });
  await folder.write("left-behind.parquet", "by a crash");
  await age(folder.path, 167);
  equal((await vacuumTable(table)).numFilesDeleted, 0);
  await age(folder.path, 169);
  deepEqual((await vacuumTable(table)).files, [{ path: "left-behind.parquet", size: 10 }]);
});

Deno.test("vacuumTable() removes change data and deletion vectors past the retention", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder, {
    "delta.enableDeletionVectors": "true",
    "delta.enableChangeDataFeed": "true",
  });
  await appendRows(table, [20n, 21n, 22n].map((id) => ({ symbol: "B", id })));
  for (const id of [20, 21]) await deleteRows(table, { where: `id = ${id}` });
  const before = await filesBelow(folder.path);
  const rows = await rowsOf(folder.path, "id");

  const { files } = await vacuumTable(table, AT_ONCE);

  // Both files of change data, and the vector that another took the place of.
  const removed = files.map(({ path }) => path);
  equal(removed.filter((path) => path.startsWith("_change_data/")).length, 2);
  equal(removed.filter((path) => path.endsWith(".bin")).length, 1);
  equal(removed.length, 3);
  deepEqual(await filesBelow(folder.path), before.filter((path) => !removed.includes(path)));
  deepEqual(await rowsOf(folder.path, "id"), rows);
});

Deno.test("vacuumTable() leaves alone what is hidden, linked, or of the log", async () => {
  await using folder = await tempFolder();
  await using elsewhere = await tempFolder();
  const table = await tableIn(folder);
  await elsewhere.write("precious.parquet", "data");
  await Deno.symlink(elsewhere.path, `${folder.path}/link`);
  await Deno.symlink(`${elsewhere.path}/precious.parquet`, `${folder.path}/link.parquet`);
  for (const name of [".hidden", "_hidden", "_folder/file", ".folder/file", "_delta_log/strange"]) {
    await folder.write(name, "not a data file");
  }

  deepEqual((await vacuumTable(table, AT_ONCE)).files, []);

  deepEqual(await elsewhere.list("."), ["precious.parquet"]);
});

Deno.test("vacuumTable() takes the folders of a partition column that begins with _ for data", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder, {}, "_part");
  await deleteRows(table, { where: "_part = 'A'" });

  const { files } = await vacuumTable(table, AT_ONCE);

  equal(files.length, 2);
  ok(files.every(({ path }) => path.startsWith("_part=A/")));
});

Deno.test("vacuumTable() removes folders that are empty for good, and no others", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  await deleteRows(table, { where: "symbol = 'A'" });
  await Deno.mkdir(`${folder.path}/symbol=C`);
  await age(folder.path, 2);
  const then = new Date(Date.now() - 2 * HOUR_MS);
  await Deno.utime(`${folder.path}/symbol=C`, then, then);
  await Deno.mkdir(`${folder.path}/symbol=D`);

  await vacuumTable(table, { retentionHours: 1, enforceRetention: false });

  // A's files left the table within the hour; D was made within it.
  deepEqual((await folder.list(".")).sort(), ["_delta_log", "symbol=A", "symbol=B", "symbol=D"]);
  await vacuumTable(table, AT_ONCE);
  deepEqual((await folder.list(".")).sort(), ["_delta_log", "symbol=B"]);
});

Deno.test("vacuumTable() keeps files by whatever path the log has for them", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  const name = `${folder.path}/_delta_log/${"0".repeat(19)}1.json`;
  const text = await Deno.readTextFile(name);
  let i = 0;
  const ways = ["file://", "file:", ""];
  await Deno.writeTextFile(
    name,
    text.replaceAll('"path":"', () => `"path":"${ways[i++ % 3]}${folder.path}/`),
  );
  const before = await filesBelow(folder.path);

  equal((await vacuumTable(table, AT_ONCE)).numFilesDeleted, 0);

  deepEqual(await filesBelow(folder.path), before);
});

Deno.test("vacuumTable() does not touch files that another commits while it looks", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  await deleteRows(table, { where: "symbol = 'A'" });
  const other = await TableState.open(folder.path);
  onFailpoint(async (name) => {
    if (name === "delta:vacuum-listed") await appendRows(other, [{ symbol: "A", id: 99n }]);
  });
  try {
    equal((await vacuumTable(table, AT_ONCE)).numFilesDeleted, 2);
  } finally {
    onFailpoint(undefined);
  }

  deepEqual((await rowsOf(folder.path, "id")).at(-1), { symbol: "A", id: 99n });
});

Deno.test("vacuumTable() that breaks off in the middle is finished by the next one", async () => {
  await using folder = await tempFolder();
  const table = await tableIn(folder);
  await deleteRows(table);
  onFailpoint((name) => {
    if (name === "delta:vacuum-removed") throw new Error("crash");
  });
  try {
    await rejects(vacuumTable(table, AT_ONCE), /crash/);
  } finally {
    onFailpoint(undefined);
  }
  await appendRows(table, [{ symbol: "C", id: 7n }]);

  await vacuumTable(table, AT_ONCE);

  equal((await filesBelow(folder.path)).length, 1);
  deepEqual(await rowsOf(folder.path, "id"), [{ symbol: "C", id: 7n }]);
});
