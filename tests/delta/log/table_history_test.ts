import { deepEqual, equal, rejects } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { tableHistory } from "../../../lib/delta/log/table_history.ts";
import { TableState } from "../../../lib/delta/table_state.ts";
import { handmadeTable } from "../../support/handmade_table.ts";

const Row = s.struct({ id: s.long() });
const inCommit = (since: number) => ({
  configuration: {
    "delta.enableInCommitTimestamps": "true",
    "delta.inCommitTimestampEnablementVersion": String(since),
    "delta.inCommitTimestampEnablementTimestamp": "7000",
  },
});

Deno.test("tableHistory() tells what made each version, newest first", async () => {
  await using table = await handmadeTable(Row);
  await table.commit([{ commitInfo: { operation: "CREATE TABLE", timestamp: 5 } }], 1000);
  await table.commit([{ commitInfo: { operation: "WRITE", readVersion: 0 } }], 2000);
  await table.commit([], 3000);
  const open = await TableState.open(table.path);

  deepEqual(await tableHistory(open), [
    { version: 2, timestamp: 3000 },
    { version: 1, timestamp: 2000, operation: "WRITE", readVersion: 0 },
    { version: 0, timestamp: 1000, operation: "CREATE TABLE" },
  ]);
  deepEqual((await tableHistory(open, { limit: 1 })).map(({ version }) => version), [2]);
  await rejects(tableHistory(open, { limit: 0 }), { code: "BAD_OPTION" });
});

Deno.test("tableHistory() tells times by which the same versions are opened, though clocks went back", async () => {
  await using table = await handmadeTable(Row);
  await table.commit([], 5000);
  await table.commit([], 4000);
  await table.commit([], 5000);
  await table.commit([], 6000);

  const history = await tableHistory(await TableState.open(table.path));

  deepEqual(history.map(({ timestamp }) => timestamp), [6000, 5002, 5001, 5000]);
  for (const { version, timestamp } of history) {
    const at = { timestamp: new Date(timestamp) };
    equal((await TableState.open(table.path, { at })).snapshot.version, version);
  }
});

Deno.test("tableHistory() goes by in-commit timestamps from when the table has them", async () => {
  await using table = await handmadeTable(Row, inCommit(1));
  await table.commit([{ commitInfo: { inCommitTimestamp: 1 } }], 1000);
  await table.commit([{ commitInfo: { inCommitTimestamp: 7000 } }], 2000);
  const open = await TableState.open(table.path);

  deepEqual((await tableHistory(open)).map(({ timestamp }) => timestamp), [7000, 1000]);
  await table.commit([{ commitInfo: {} }]);
  await rejects(tableHistory(await TableState.open(table.path)), /version 2: found no inCommit/);
});

Deno.test("a table with in-commit timestamps travels by them", async () => {
  await using table = await handmadeTable(Row, inCommit(2));
  for (const [i, ms] of [0, 0, 7000, 7001, 9000, 9500].entries()) {
    await table.commit([{ commitInfo: { inCommitTimestamp: ms } }], 1000 + i);
  }
  const versionAt = async (ms: number) =>
    (await TableState.open(table.path, { at: { timestamp: new Date(ms) } })).snapshot.version;

  for (const [ms, version] of [[1000, 0], [6999, 1], [7000, 2], [8999, 3], [9000, 4], [1e6, 5]]) {
    equal(await versionAt(ms!), version, `at ${ms}`);
  }
  await rejects(versionAt(999), { code: "VERSION_NOT_FOUND" });
});
