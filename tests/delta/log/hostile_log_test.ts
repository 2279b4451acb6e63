import { deepEqual, equal, rejects } from "assert";
import { Batch, schema as s } from "../../../lib/core/mod.ts";
import { commitName, LAST_CHECKPOINT } from "../../../lib/delta/log/log_files.ts";
import { memoryLogStore } from "../../../lib/delta/log/memory_log_store.ts";
import { loadSnapshot } from "../../../lib/delta/log/snapshot.ts";
import { encodeParquet } from "../../../lib/parquet/mod.ts";

const PROTOCOL = '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}';
const schemaString = JSON.stringify({
  type: "struct",
  fields: [{ name: "id", type: "long", nullable: true, metadata: {} }],
});
const METADATA = JSON.stringify({
  metaData: { id: "x", schemaString, format: { provider: "parquet", options: {} } },
});
const add = (path: string, rest = "") =>
  `{"add":{"path":"${path}","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true${rest}}}`;

/** Lines that a commit must not have, and what the error says of them. */
const STRANGE_LINES: readonly (readonly [title: string, line: string, message: RegExp])[] = [
  ["a cut line", '{"add":{"path":"a.parq', /line 3: found \{"add"/],
  ["bytes that are no JSON", "\u0000\u0001", /line 3: found/],
  ["a list", "[1,2]", /line 3: found \[1,2\]/],
  ["an add without a path", '{"add":{"partitionValues":{}}}', /found add with path missing/],
  ["an add that is text", '{"add":"a.parquet"}', /found add "a\.parquet"/],
  ["an add whose path is a number", '{"add":{"path":7,"partitionValues":{}}}', /path 7/],
  ["an add of no partition", '{"add":{"path":"a"}}', /partitionValues missing/],
  ["a partition that is a number", '{"add":{"path":"a","partitionValues":{"p":1}}}', /\{"p":1\}/],
  [
    "a deletion vector without a size",
    add("a", ',"deletionVector":{"storageType":"i","pathOrInlineDv":""}'),
    /deletionVector/,
  ],
  [
    "an offset below 0",
    add(
      "a",
      ',"deletionVector":{"storageType":"u","pathOrInlineDv":"","sizeInBytes":1,"cardinality":1,"offset":-1}',
    ),
    /deletionVector/,
  ],
  ["a row id past 2^53", add("a", ',"baseRowId":9007199254740993'), /baseRowId 9007199254740992/],
  ["a txn version past 2^53", '{"txn":{"appId":"a","version":9223372036854775807}}', /version 92/],
  ["a remove without a path", '{"remove":{"dataChange":true}}', /remove with path missing/],
  ["a protocol of text", '{"protocol":{"minReaderVersion":"3","minWriterVersion":7}}', /"3"/],
  ["features that are no list", protocolWith('"all"'), /readerFeatures "all"/],
  ["a schema that is no text", '{"metaData":{"id":"x","schemaString":{}}}', /schemaString \{\}/],
];

for (const [title, line, message] of STRANGE_LINES) {
  Deno.test(`a commit with ${title} is refused with the place of the line`, async () => {
    const store = await storeOf([PROTOCOL, METADATA, line]);
    await rejects(loadSnapshot(store), { code: "CORRUPT_LOG" });
    await rejects(loadSnapshot(store), message);
    await rejects(loadSnapshot(store), /00000000000000000000\.json line 3/);
  });
}

Deno.test("a schema that is nested without an end is refused", async () => {
  const deep = `${'{"type":"array","containsNull":true,"elementType":'.repeat(50_000)}"long"${
    "}".repeat(50_000)
  }`;
  const strange =
    `{"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":${deep}}]}`;
  const metaData = JSON.stringify({ metaData: { id: "x", schemaString: strange } });
  const snapshot = await loadSnapshot(await storeOf([PROTOCOL, metaData]));
  await rejects(async () => await Promise.resolve(snapshot?.schema), { code: "CORRUPT_LOG" });
});

Deno.test("names that no object should have are names of columns and applications", async () => {
  const snapshot = await loadSnapshot(
    await storeOf([
      PROTOCOL,
      METADATA,
      '{"txn":{"appId":"__proto__","version":3}}',
      '{"constructor":{"path":1},"__proto__":{"add":{"path":"b"}}}',
      add("__proto__"),
    ]),
  );
  equal(snapshot?.txn("__proto__")?.version, 3);
  deepEqual(Array.from(snapshot!.files(), ({ path }) => path), ["__proto__"]);
});

Deno.test("a compacted file stands for its commits, and they for one that is broken", async () => {
  const compacted = commitName(0).replace("json", commitName(2).replace("json", "compacted.json"));
  const lines = [PROTOCOL, METADATA, add("a"), add("c"), '{"remove":{"path":"b"}}'];
  for (const contents of [lines.join("\n"), '{"add":']) {
    const store = await storeOf(
      [PROTOCOL, METADATA, add("a")],
      [add("b")],
      ['{"remove":{"path":"b"}}', add("c")],
      [add("d")],
    );
    await store.write(compacted, new TextEncoder().encode(contents));
    const snapshot = await loadSnapshot(store);
    deepEqual(Array.from(snapshot!.files(), ({ path }) => path), ["a", "c", "d"]);
    deepEqual(Array.from(snapshot!.tombstones(), ({ path }) => path), ["b"]);
  }
});

Deno.test("a hint at a checkpoint is not followed anywhere", async () => {
  for (const hint of ["", "{", '{"version":1e308}', '{"version":"../../secret"}', "[]", "7"]) {
    const store = await storeOf([PROTOCOL, METADATA, add("a")]);
    await store.write(LAST_CHECKPOINT, new TextEncoder().encode(hint));
    equal((await loadSnapshot(store))?.numFiles, 1);
  }
});

Deno.test("a sidecar is a file among the sidecars, and has no sidecars itself", async () => {
  const checkpoint = `${"0".repeat(20)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`;
  const withSidecar = async (path: string) => {
    const store = await storeOf([PROTOCOL, METADATA]);
    const sidecar = `{"sidecar":{"path":${JSON.stringify(path)},"sizeInBytes":1}}`;
    await store.write(
      checkpoint,
      new TextEncoder().encode([PROTOCOL, METADATA, sidecar].join("\n")),
    );
    await store.write("secret", new TextEncoder().encode(add("stolen")));
    await store.write("_sidecars/own.json", new TextEncoder().encode(`${add("a")}\n${sidecar}`));
    await Promise.resolve(store.remove(commitName(0)));
    return store;
  };
  const own = await loadSnapshot(await withSidecar("own.json"));
  deepEqual(Array.from(own!.files(), ({ path }) => path), ["a"]);
  const uri = await loadSnapshot(await withSidecar("file:///else/where/_sidecars/own.json"));
  equal(uri?.numFiles, 1);
  for (const path of ["..%2Fsecret", "..", "gone.parquet", "%ff", ""]) {
    await rejects(loadSnapshot(await withSidecar(path)), { code: "CORRUPT_CHECKPOINT" }, path);
  }
});

Deno.test("a checkpoint with numbers past 2^53 is refused", async () => {
  const Add = s.struct({
    path: s.string(),
    size: s.long(),
    partitionValues: s.map(s.string(), s.string()),
  });
  const batch = new Batch(s.struct({ add: Add }));
  batch.append({ add: { path: "a", size: 2n ** 60n, partitionValues: new Map() } });
  const store = memoryLogStore();
  await store.write(
    `${"0".repeat(20)}.checkpoint.parquet`,
    await encodeParquet(batch as Batch),
  );
  await rejects(loadSnapshot(store), /row 1.*found number 1152921504606846976/);
});

function protocolWith(features: string): string {
  return `{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":${features}}}`;
}

async function storeOf(...commits: (readonly string[])[]) {
  const store = memoryLogStore();
  for (const [version, lines] of commits.entries()) {
    await store.putIfAbsent(commitName(version), new TextEncoder().encode(lines.join("\n")));
  }
  return store;
}
