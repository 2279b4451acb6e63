import { deepEqual, equal } from "assert";
import { fileURLToPath } from "node:url";
import { schema as s } from "../../lib/core/mod.ts";
import { appendRows } from "../../lib/delta/commands/write/append.ts";
import { checkpointTable } from "../../lib/delta/commands/maintain/checkpoint_table.ts";
import { createTable } from "../../lib/delta/commands/define/create_table.ts";
import { deleteRows } from "../../lib/delta/commands/change/delete_rows.ts";
import { filesBelow, rowsOf } from "../support/delta_log.ts";
import { tempFolder } from "../support/temp_folder.ts";

const child = fileURLToPath(new URL("./maintenance_child.ts", import.meta.url));
const OLD = new Date(Date.UTC(2026, 0, 1));

/** Every step that changes what is on the disk, and the first and last of those that come often. */
const STEPS: readonly (readonly [failpoint: string, hit: number])[] = [
  ["delta:rewritten", 1],
  ["delta:rewritten", 2],
  ["delta:optimized", 1],
  ["delta:checkpoint-written", 1],
  ["delta:log-file-removed", 1],
  ["delta:log-file-removed", 4],
  ["delta:vacuum-listed", 1],
  ["delta:vacuum-removed", 1],
  ["delta:vacuum-removed", 5],
];

/** A table in two partitions, with deleted rows, whose log is old but for the newest commits. */
async function prepare(path: string): Promise<void> {
  const table = await createTable(path, {
    schema: s.struct({ day: s.integer(), id: s.long() }),
    partitionBy: ["day"],
    properties: {
      "delta.enableDeletionVectors": "true",
      "delta.checkpointPolicy": "v2",
    },
  });
  for (let i = 0; i < 6; i++) {
    await appendRows(
      table,
      Array.from({ length: 10 }, (_, j) => ({
        day: j % 2,
        id: BigInt(i * 10 + j),
      })),
    );
    if (i === 3) await checkpointTable(table);
  }
  await deleteRows(table, { where: "id % 10 = 3" });
  for await (const { name, isFile } of Deno.readDir(`${path}/_delta_log`)) {
    if (isFile) await Deno.utime(`${path}/_delta_log/${name}`, OLD, OLD);
  }
}

async function maintain(path: string, ...fault: string[]): Promise<Deno.CommandOutput> {
  return await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", child, path, ...fault],
  }).output();
}

Deno.test("killed at every step of its maintenance, a table keeps its rows, and the next one ends it", async () => {
  await using folder = await tempFolder();
  const source = `${folder.path}/source`;
  await prepare(source);
  const rows = await rowsOf(source, "id");
  equal(rows.length, 54);
  for (const [failpoint, hit] of STEPS) {
    const path = `${folder.path}/${failpoint.replace(":", "-")}-${hit}`;
    await new Deno.Command("cp", { args: ["-a", source, path] }).output();

    const { signal } = await maintain(path, failpoint, String(hit));
    equal(signal, "SIGKILL", `${failpoint} ${hit} was not reached`);
    deepEqual(await rowsOf(path, "id"), rows, `after ${failpoint} ${hit}`);

    const { success, stderr } = await maintain(path);
    equal(success, true, new TextDecoder().decode(stderr));
    deepEqual(await rowsOf(path, "id"), rows, `after ${failpoint} ${hit} and a second run`);
    const files = await filesBelow(path);
    equal(files.length, 2, `after ${failpoint} ${hit}: ${files.join(", ")}`);
    const commits = (await folder.list(`${path.slice(folder.path.length + 1)}/_delta_log`))
      .filter((name) => /^\d+\.json$/.test(name)).sort();
    equal(parseInt(commits[0]!), 4);
  }
});
