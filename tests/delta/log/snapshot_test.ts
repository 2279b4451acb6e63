import { deepEqual, equal, ok, rejects } from "assert";
import { type Batch, schema as s, type SluiceError } from "../../../lib/core/mod.ts";
import { type Action, formatActions } from "../../../lib/delta/protocol/actions.ts";
import { writeCheckpoint } from "../../../lib/delta/log/write_checkpoint.ts";
import { CHECKPOINT_SCHEMA } from "../../../lib/delta/log/checkpoint_schema.ts";
import { checkpointName, commitName, LAST_CHECKPOINT } from "../../../lib/delta/log/log_files.ts";
import {
  loadSnapshot,
  type LogStore,
  memoryLogStore,
  type Snapshot,
  updateSnapshot,
} from "../../../lib/delta/mod.ts";
import { formatSchema } from "../../../lib/delta/protocol/schema_json.ts";
import { decodeParquet, encodeParquet } from "../../../lib/parquet/mod.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 31);

const metaData = {
  id: "table-1",
  format: { provider: "parquet", options: {} },
  schemaString: formatSchema(s.struct({ id: s.long() })),
  partitionColumns: [],
  configuration: { "delta.appendOnly": "false" },
  createdTime: 1_700_000_000_000,
};
const protocol = { minReaderVersion: 1, minWriterVersion: 2 };

const add = (path: string): Action => ({
  add: {
    path,
    partitionValues: { symbol: "a/b %", empty: null },
    size: 2 ** 40,
    modificationTime: 1_700_000_000_001,
    dataChange: true,
    stats: '{"numRecords":1}',
    tags: { made: "here" },
  },
});
const remove = (path: string, deletionTimestamp: number): Action => ({
  remove: { path, deletionTimestamp, dataChange: true, stats: "{}" },
});

async function storeOf(...commits: Action[][]): Promise<LogStore> {
  const store = memoryLogStore();
  for (const [version, actions] of commits.entries()) {
    await store.putIfAbsent(commitName(version), formatActions(actions));
  }
  return store;
}

async function without(store: LogStore, gone: (name: string) => boolean): Promise<LogStore> {
  const copy = memoryLogStore();
  for (const name of await store.list()) {
    if (!gone(name)) await copy.putIfAbsent(name, (await store.read(name))!);
  }
  return copy;
}

function contents(snapshot: Snapshot | undefined): unknown {
  return snapshot && {
    version: snapshot.version,
    protocol: snapshot.protocol,
    metadata: snapshot.metadata,
    files: [...snapshot.files()].map(({ dataChange: _, ...file }) => file)
      .sort((a, b) => a.path < b.path ? -1 : 1),
    txns: [...snapshot.txns()],
    domains: [...snapshot.domains()],
  };
}

const someCommits = (): Action[][] => [
  [{ commitInfo: {} }, { protocol }, { metaData }, add("a"), { txn: { appId: "q", version: 0 } }],
  [add("b"), { txn: { appId: "q", version: 1, lastUpdated: 5 } }, {
    domainMetadata: { domain: "app", configuration: "1", removed: false },
  }],
  [remove("a", NOW_MS - 10 * DAY_MS), add("c"), {
    domainMetadata: { domain: "gone", configuration: "", removed: true },
  }],
  [remove("b", NOW_MS - DAY_MS), { txn: { appId: "q", version: 1 } }],
  [add("a"), { txn: { appId: "r", version: 7 } }],
];

Deno.test("loadSnapshot() finds no table in an empty log", async () => {
  equal(await loadSnapshot(memoryLogStore()), undefined);
});

Deno.test("loadSnapshot() keeps the newest of each file, application and domain", async () => {
  const snapshot = await loadSnapshot(await storeOf(...someCommits()));

  equal(snapshot?.version, 4);
  deepEqual([...snapshot!.files()].map(({ path }) => path), ["c", "a"]);
  deepEqual([...snapshot!.tombstones()].map(({ path }) => path), ["b"]);
  deepEqual(snapshot?.txn("q"), { appId: "q", version: 1 });
  equal(snapshot?.txn("r")?.version, 7);
  deepEqual([...snapshot!.domains()].map(({ domain }) => domain), ["app"]);
});

Deno.test("loadSnapshot() goes to an older version", async () => {
  const store = await storeOf(...someCommits());

  deepEqual([...(await loadSnapshot(store, 1))!.files()].map(({ path }) => path), ["a", "b"]);
  await rejects(loadSnapshot(store, 9), { code: "VERSION_NOT_FOUND" });
});

Deno.test("a checkpoint says all that the commits before it say", async () => {
  const store = await storeOf(...someCommits());
  const before = await loadSnapshot(store);
  await writeCheckpoint(store, before!, NOW_MS);

  const after = await loadSnapshot(await without(store, (name) => name.endsWith(".json")));

  deepEqual(contents(after), contents(before));
});

Deno.test("a checkpoint drops tombstones past their retention and keeps the others", async () => {
  const store = await storeOf(...someCommits().slice(0, 4));
  await writeCheckpoint(store, (await loadSnapshot(store))!, NOW_MS);

  const snapshot = await loadSnapshot(await without(store, (name) => name.endsWith(".json")));

  deepEqual([...snapshot!.tombstones()], [
    { path: "b", deletionTimestamp: NOW_MS - DAY_MS, dataChange: false },
  ]);
});

Deno.test("a checkpoint leaves a hint that tells its size", async () => {
  const store = await storeOf(...someCommits());
  await writeCheckpoint(store, (await loadSnapshot(store))!, NOW_MS);

  const { checksum: _, ...hint } = JSON.parse(
    new TextDecoder().decode(await store.read(LAST_CHECKPOINT)),
  );

  const file = (await store.read(checkpointName(4)))!;
  deepEqual(hint, {
    version: 4,
    size: (await decodeParquet(file)).numRows,
    sizeInBytes: file.length,
    numOfAddFiles: 2,
  });
});

for (
  const [what, hint] of [
    ["missing", undefined],
    ["empty", ""],
    ["broken", '{"version":'],
    ["stale", '{"version":2,"size":3}'],
    ["of a checkpoint that is not there", '{"version":99,"size":3}'],
  ] as const
) {
  Deno.test(`loadSnapshot() gets by with a hint that is ${what}`, async () => {
    const full = await storeOf(...someCommits());
    await writeCheckpoint(full, (await loadSnapshot(full))!, NOW_MS);
    await full.putIfAbsent(commitName(5), formatActions([add("d")]));
    const store = await without(full, (name) => name === LAST_CHECKPOINT);
    if (hint !== undefined) await store.write(LAST_CHECKPOINT, new TextEncoder().encode(hint));

    const snapshot = await loadSnapshot(store);

    deepEqual([...snapshot!.files()].map(({ path }) => path).sort(), ["a", "c", "d"]);
  });
}

Deno.test("loadSnapshot() reads a checkpoint in several parts", async () => {
  const store = await storeOf(...someCommits());
  const expected = contents(await loadSnapshot(store));
  await writeCheckpoint(store, (await loadSnapshot(store))!, NOW_MS);
  const whole = await decodeParquet(
    (await store.read(checkpointName(4)))!,
    CHECKPOINT_SCHEMA as Batch["schema"],
  );
  const half = Math.floor(whole.numRows / 2);
  const rows = (from: number, to: number) =>
    Int32Array.from({ length: to - from }, (_, i) => from + i);
  const split = await without(
    store,
    (name) => name.includes("checkpoint") || name.endsWith("json"),
  );
  for (const [i, part] of [rows(0, half), rows(half, whole.numRows)].entries()) {
    const name = `${"4".padStart(20, "0")}.checkpoint.000000000${i + 1}.0000000002.parquet`;
    await split.putIfAbsent(name, await encodeParquet(whole.take(part)));
  }

  deepEqual(contents(await loadSnapshot(split)), expected);
});

Deno.test("loadSnapshot() refuses a table without protocol or metaData", async () => {
  await rejects(loadSnapshot(await storeOf([{ metaData }])), /found no protocol action/);
  await rejects(loadSnapshot(await storeOf([{ protocol }, add("a")])), /found no metaData action/);
});

Deno.test("loadSnapshot() names the line of a commit that is not JSON", async () => {
  const store = await storeOf([{ protocol }, { metaData }]);
  await store.putIfAbsent(commitName(1), new TextEncoder().encode('{"commitInfo":{}}\n{"add":'));

  await rejects(loadSnapshot(store), /00000000000000000001\.json line 2: found \{"add":/);
});

Deno.test("loadSnapshot() takes no notice of actions and fields it does not know", async () => {
  const store = await storeOf([{ protocol }, { metaData }]);
  const strange = '{"horoscope":{"sign":"leo"}}\n\n{"txn":{"appId":"q","version":3,"mood":"good"}}';
  await store.putIfAbsent(commitName(1), new TextEncoder().encode(strange));

  equal((await loadSnapshot(store))?.txn("q")?.version, 3);
});

Deno.test("loadSnapshot() takes null for what is not there, but within partition values", async () => {
  const store = await storeOf([{ protocol }, { metaData }]);
  const line = '{"add":{"path":"a","partitionValues":{"p":null},"size":1,"modificationTime":0,' +
    '"dataChange":true,"stats":null,"tags":null,"deletionVector":null},"remove":null}';
  await store.putIfAbsent(commitName(1), new TextEncoder().encode(line));

  const [file] = (await loadSnapshot(store))!.files();

  deepEqual(file, {
    path: "a",
    partitionValues: { p: null },
    size: 1,
    modificationTime: 0,
    dataChange: true,
  });
});

Deno.test("loadSnapshot() knows an absolute path however it is written", async () => {
  const store = await storeOf([{ protocol }, { metaData }, add("/data/a"), add("file:/data/b")], [
    remove("file:///data/a", 0),
    remove("/data/b", 0),
  ]);

  equal((await loadSnapshot(store))?.numFiles, 0);
});

Deno.test("loadSnapshot() goes by the commits where a checkpoint is broken", async () => {
  const store = await storeOf(...someCommits());
  const expected = contents(await loadSnapshot(store));
  await writeCheckpoint(store, (await loadSnapshot(store))!, NOW_MS);
  await store.write(checkpointName(4), (await store.read(checkpointName(4)))!.slice(0, -9));

  deepEqual(contents(await loadSnapshot(store)), expected);

  const cleaned = await without(store, (name) => name === commitName(0));
  await rejects(loadSnapshot(cleaned), { code: "CORRUPT_CHECKPOINT" });
});

Deno.test("loadSnapshot() refuses what a reader would have to know, by name", async () => {
  const features = (readerFeatures: string[]) => ({
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures,
    writerFeatures: readerFeatures,
  });
  const mapped = { ...metaData, configuration: { "delta.columnMapping.mode": "colour" } };
  const refused: [Action[], string][] = [
    [[{ protocol: features(["timestampNtz", "shinyNewThing"]) }, { metaData }], "shinyNewThing"],
    [
      [{ protocol: { minReaderVersion: 4, minWriterVersion: 7 } }, { metaData }],
      "reader version 4",
    ],
    [
      [{ protocol: { minReaderVersion: 2, minWriterVersion: 5 } }, { metaData: mapped }],
      "columnMapping",
    ],
  ];
  for (const [actions, name] of refused) {
    await rejects(
      loadSnapshot(await storeOf(actions)),
      (error: SluiceError) => error.code === "UNSUPPORTED_FEATURE" && error.message.includes(name),
    );
  }
  ok(await loadSnapshot(await storeOf([{ protocol: features(["timestampNtz"]) }, { metaData }])));
});

Deno.test("updateSnapshot() moves over the commits that came since", async () => {
  const store = await storeOf(...someCommits().slice(0, 2));
  const held = (await loadSnapshot(store))!;
  for (const [i, actions] of someCommits().slice(2).entries()) {
    await store.putIfAbsent(commitName(2 + i), formatActions(actions));
  }

  const { snapshot, commits } = await updateSnapshot(store, held);

  deepEqual(commits.map(({ version }) => version), [2, 3, 4]);
  deepEqual(contents(snapshot), contents(await loadSnapshot(store)));
  deepEqual((await updateSnapshot(store, snapshot!)).commits, []);
});

Deno.test("updateSnapshot() sees through a cleanup of the log", async () => {
  const store = await storeOf(...someCommits());
  const held = (await loadSnapshot(store, 1))!;
  await writeCheckpoint(store, (await loadSnapshot(store))!, NOW_MS);
  const cleaned = await without(store, (name) => /^0+[0-3]\.json$/.test(name));

  const { snapshot } = await updateSnapshot(cleaned, held);

  equal(snapshot?.version, 4);
});
