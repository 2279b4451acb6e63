import { equal, rejects } from "assert";
import { DeltaTable } from "../../../lib/delta/mod.ts";
import { type TempFolder, tempFolder } from "../../support/temp_folder.ts";

const name = (version: number) => `_delta_log/${String(version).padStart(20, "0")}.json`;

async function writeCommits(
  folder: TempFolder,
  configuration: Record<string, string>,
  commits: readonly { readonly fileMs: number; readonly inCommitMs?: number }[],
): Promise<void> {
  for (const [version, { fileMs, inCommitMs }] of commits.entries()) {
    const metaData = {
      id: "t",
      format: { provider: "parquet", options: {} },
      schemaString: '{"type":"struct","fields":[]}',
      partitionColumns: [],
      configuration,
    };
    const actions = [
      { commitInfo: { operation: "WRITE", inCommitTimestamp: inCommitMs ?? null } },
      ...(version > 0 ? [] : [{ protocol: { minReaderVersion: 1, minWriterVersion: 2 } }]),
      ...(version > 0 ? [] : [{ metaData }]),
    ];
    await folder.write(name(version), actions.map((action) => JSON.stringify(action)).join("\n"));
    const written = new Date(fileMs);
    await Deno.utime(`${folder.path}/${name(version)}`, written, written);
  }
}

async function versionAt(folder: TempFolder, ms: number): Promise<number> {
  return (await DeltaTable.open(folder.path, { timestamp: new Date(ms) })).version;
}

Deno.test("DeltaTable.open() goes to the newest version of a time by the commits' files", async () => {
  await using folder = await tempFolder();
  await writeCommits(folder, {}, [{ fileMs: 1000 }, { fileMs: 5000 }, { fileMs: 3000 }]);

  await rejects(versionAt(folder, 999), { code: "VERSION_NOT_FOUND" });
  equal(await versionAt(folder, 1000), 0);
  equal(await versionAt(folder, 4999), 0);
  equal(await versionAt(folder, 5000), 1);
  equal(await versionAt(folder, 5001), 2);
  equal((await DeltaTable.open(folder.path, { version: 1 })).version, 1);
});

Deno.test("DeltaTable.open() goes by in-commit timestamps from where they were enabled", async () => {
  await using folder = await tempFolder();
  const configuration = {
    "delta.enableInCommitTimestamps": "true",
    "delta.inCommitTimestampEnablementVersion": "1",
    "delta.inCommitTimestampEnablementTimestamp": "2000",
  };
  await writeCommits(folder, configuration, [
    { fileMs: 1000 },
    { fileMs: 90_000, inCommitMs: 2000 },
    { fileMs: 91_000, inCommitMs: 3000 },
  ]);

  equal(await versionAt(folder, 1999), 0);
  equal(await versionAt(folder, 2000), 1);
  equal(await versionAt(folder, 2999), 1);
  equal(await versionAt(folder, 80_000), 2);
});
