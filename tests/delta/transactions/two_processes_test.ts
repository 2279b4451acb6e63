import { deepEqual, equal } from "assert";
import { fileURLToPath } from "node:url";
import { DeltaTable } from "../../../lib/delta/mod.ts";

const script = fileURLToPath(new URL("../../support/append_process.ts", import.meta.url));

async function append(path: string, queryId: string, batches: number): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, path, queryId, String(batches)],
  }).output();
  equal(success, true, new TextDecoder().decode(stderr));
}

async function withTable(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/table`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function idsByQuery(path: string): Promise<Record<string, number[]>> {
  const ids: Record<string, number[]> = {};
  for await (const { query, id } of (await DeltaTable.open(path)).rows()) {
    (ids[query as string] ??= []).push(Number(id));
  }
  for (const list of Object.values(ids)) list.sort((a, b) => a - b);
  return ids;
}

const allIds = (batches: number) => Array.from({ length: batches * 3 }, (_, i) => i);

Deno.test("two processes that append at once land every batch exactly once", () =>
  withTable(async (path) => {
    await Promise.all([append(path, "a", 30), append(path, "b", 30)]);

    deepEqual(await idsByQuery(path), { a: allIds(30), b: allIds(30) });
    const table = await DeltaTable.open(path);
    equal(table.version, 59);
    const versions = (await table.history()).map(({ version }) => version);
    deepEqual(versions, Array.from({ length: 60 }, (_, i) => 59 - i));
    deepEqual([table.txn("a")?.version, table.txn("b")?.version], [29, 29]);
  }));

Deno.test("two processes that run the same query write each of its batches once", () =>
  withTable(async (path) => {
    await Promise.all([append(path, "a", 15), append(path, "a", 15)]);

    deepEqual(await idsByQuery(path), { a: allIds(15) });
    equal((await DeltaTable.open(path)).version, 14);
  }));
