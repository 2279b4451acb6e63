import { deepEqual, equal, ok, rejects } from "assert";
import { onFailpoint, schema as s } from "../../../lib/core/mod.ts";
import { cleanUpLog } from "../../../lib/delta/log/log_cleanup.ts";
import { checkpointName, commitName } from "../../../lib/delta/log/log_files.ts";
import type { LogStore } from "../../../lib/delta/log/log_store.ts";
import { memoryLogStore } from "../../../lib/delta/log/memory_log_store.ts";
import { loadSnapshot, type Snapshot } from "../../../lib/delta/log/snapshot.ts";
import { writeCheckpoint } from "../../../lib/delta/log/write_checkpoint.ts";
import { type Action, formatActions } from "../../../lib/delta/protocol/actions.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 30, 12);
const bytes = new TextEncoder().encode("{}");

/** A log with a commit each day, the last of them today, and checkpoints of these versions. */
async function dailyLog(
  commits: number,
  checkpoints: readonly number[],
  configuration: Record<string, string> = {},
): Promise<LogStore> {
  const store = memoryLogStore();
  for (let version = 0; version < commits; version++) {
    const file: Action = {
      add: {
        path: `file-${version}`,
        partitionValues: {},
        size: 1,
        modificationTime: 0,
        dataChange: true,
      },
    };
    await store.putIfAbsent(
      commitName(version),
      formatActions(version > 0 ? [file] : [...tableActions(configuration), file]),
    );
    await store.putIfAbsent(commitName(version).replace("json", "crc"), bytes);
    if (!checkpoints.includes(version)) continue;
    await writeCheckpoint(store, (await loadSnapshot(store))!, NOW_MS);
  }
  return aged(store, (name) => {
    const version = /^0\d{19}/.exec(name)?.[0];
    return version === undefined ? NOW_MS : NOW_MS - (commits - 1 - Number(version)) * DAY_MS;
  });
}

function tableActions(configuration: Record<string, string>): Action[] {
  const v2 = ["v2Checkpoint"];
  return [
    {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: v2,
        writerFeatures: v2,
      },
    },
    {
      metaData: {
        id: "t",
        format: { provider: "parquet", options: {} },
        schemaString: formatSchema(s.struct({ id: s.long() })),
        partitionColumns: [],
        configuration,
      },
    },
  ];
}

/** The same files, written when `modifiedMs` says. */
function aged(store: LogStore, modifiedMs: (name: string) => number): LogStore {
  return { ...store, modifiedMs: (name) => Promise.resolve(modifiedMs(name)) };
}

async function newest(store: LogStore): Promise<Snapshot> {
  return (await loadSnapshot(store))!;
}

async function versions(store: LogStore, ending: string): Promise<number[]> {
  return (await store.list()).filter((name) => name.endsWith(ending))
    .map((name) => parseInt(name));
}

Deno.test("cleanUpLog() removes what is before the newest checkpoint older than 30 days", async () => {
  const store = await dailyLog(61, [10, 20, 40]);

  const removed = await cleanUpLog(store, await newest(store), NOW_MS);

  deepEqual(await versions(store, ".checkpoint.parquet"), [20, 40]);
  equal(Math.min(...await versions(store, ".json")), 20);
  equal(Math.min(...await versions(store, ".crc")), 20);
  equal(removed.length, 20 + 20 + 1);
  equal((await newest(store)).numFiles, 61);
  equal((await loadSnapshot(store, 20))?.numFiles, 21);
  await rejects(loadSnapshot(store, 19), { code: "VERSION_NOT_FOUND" });
  deepEqual(await cleanUpLog(store, await newest(store), NOW_MS), []);
});

Deno.test("cleanUpLog() removes compacted files that begin at its checkpoint or before", async () => {
  const store = await dailyLog(61, [20]);
  const compacted = (first: number, last: number) =>
    [first, last].map((version) => String(version).padStart(20, "0")).join(".") +
    ".compacted.json";
  for (const [first, last] of [[5, 30], [20, 25], [21, 25]] as const) {
    await store.putIfAbsent(
      compacted(first, last),
      formatActions([{ txn: { appId: "a", version: 1 } }]),
    );
  }

  const removed = await cleanUpLog(store, await newest(store), NOW_MS);

  deepEqual(removed.filter((name) => name.includes("compacted")), [
    compacted(5, 30),
    compacted(20, 25),
  ]);
});

for (
  const [what, checkpoints, properties] of [
    ["there is no checkpoint that old", [40, 50], {}],
    ["the table keeps its log", [20], { "delta.enableExpiredLogCleanup": "false" }],
    ["the table keeps its log longer", [20], { "delta.logRetentionDuration": "interval 90 days" }],
  ] as const
) {
  Deno.test(`cleanUpLog() removes nothing where ${what}`, async () => {
    const store = await dailyLog(61, checkpoints, properties);
    const before = await store.list();

    deepEqual(await cleanUpLog(store, await newest(store), NOW_MS), []);

    deepEqual(await store.list(), before);
  });
}

Deno.test("cleanUpLog() removes sidecars and temporary files a day after nobody needs them", async () => {
  const log = await dailyLog(3, []);
  const id = crypto.randomUUID();
  const old = [`_sidecars/${id}.parquet`, `.${commitName(2)}.${id}.tmp`];
  const young = [`_sidecars/${crypto.randomUUID()}.parquet`, `._last_checkpoint.${id}.tmp`];
  for (const name of [...old, ...young]) await log.putIfAbsent(name, bytes);
  const store = aged(log, (name) => NOW_MS - (young.includes(name) ? 0.9 : 1.1) * DAY_MS);

  deepEqual((await cleanUpLog(store, await newest(store), NOW_MS)).sort(), old.sort());

  equal((await store.list()).includes(young[1]!), true);
});

Deno.test("cleanUpLog() keeps sidecars that a checkpoint names, and all if one cannot be read", async () => {
  const log = memoryLogStore();
  await log.putIfAbsent(commitName(0), formatActions(tableActions({})));
  const top = formatActions([{
    sidecar: { path: "used.parquet", sizeInBytes: 1, modificationTime: 1 },
  }]);
  const uuid = crypto.randomUUID();
  await log.putIfAbsent(checkpointName(0).replace("parquet", `${uuid}.json`), top);
  for (const name of ["used", "unused"]) await log.putIfAbsent(`_sidecars/${name}.parquet`, bytes);
  const snapshot = await newest(await dailyLog(1, []));
  const store = aged(log, () => NOW_MS - 2 * DAY_MS);
  const broken = checkpointName(1);
  await log.putIfAbsent(broken, bytes);

  deepEqual(await cleanUpLog(store, snapshot, NOW_MS), []);
  await log.remove(broken);
  deepEqual(await cleanUpLog(store, snapshot, NOW_MS), ["_sidecars/unused.parquet"]);
});

Deno.test("a crash at any step of a cleanup leaves commits without a gap, and the next one ends it", async () => {
  const expected = await dailyLog(41, [3, 5]);
  await cleanUpLog(expected, await newest(expected), NOW_MS);
  for (let crashAt = 1;; crashAt++) {
    const store = await dailyLog(41, [3, 5]);
    let steps = 0;
    onFailpoint((name) => {
      if (name === "delta:log-file-removed" && ++steps === crashAt) throw new Error("crash");
    });
    let crashed = false;
    try {
      await cleanUpLog(store, await newest(store), NOW_MS).catch(() => crashed = true);
    } finally {
      onFailpoint(undefined);
    }
    if (!crashed) {
      ok(crashAt > 10, `${crashAt} steps`);
      return;
    }
    equal((await newest(store)).numFiles, 41);
    const commits = await versions(store, ".json");
    deepEqual(commits, Array.from({ length: commits.length }, (_, i) => 41 - commits.length + i));
    await cleanUpLog(store, await newest(store), NOW_MS);
    deepEqual(await store.list(), await expected.list());
  }
});
