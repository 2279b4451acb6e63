import { deepEqual, equal, ok, rejects, throws } from "assert";
import { type Offsets, type RecordBlock, recordOffset, recordValue } from "../../lib/core/mod.ts";
import { ndjson } from "../../lib/files/mod.ts";
import { Random } from "../support/random.ts";
import { tempFolder } from "../support/temp_folder.ts";

const { signal } = new AbortController();

Deno.test("ndjson() makes a record of each line, without key and timestamp, and its number the offset", async () => {
  await using folder = await tempFolder();
  await folder.write("trades.ndjson", '{"t":1}\n{"t":2}\n');
  const source = ndjson({ path: `${folder.path}/trades.ndjson` });
  deepEqual(await source.initialOffsets(signal), { trades: { 0: 0n } });
  deepEqual(await source.latestOffsets(signal), { trades: { 0: 2n } });
  const [block] = await Array.fromAsync(source.read({}, { trades: { 0: 2n } }, { signal }));
  ok(block);
  equal(block.topic, "trades");
  equal(block.partition, 0);
  equal(block.count, 2);
  deepEqual(texts([block]), ['0 {"t":1}', '1 {"t":2}']);
  deepEqual([...block.timestampsMs], [-1, -1]);
  deepEqual([...block.keyStarts], [-1, -1]);
  deepEqual(block.headers(0), []);
  await source.close();
});

Deno.test("ndjson() counts a last line without a line break, and empty lines, and takes CRLF", async () => {
  await using folder = await tempFolder();
  const cases: [text: string, lines: string[]][] = [
    ["", []],
    ["\n", ["0 "]],
    ["a", ["0 a"]],
    ["a\n", ["0 a"]],
    ["a\n\nb", ["0 a", "1 ", "2 b"]],
    ["a\r\nb\r\n", ["0 a", "1 b"]],
    ["a\r\n\r\nb\r", ["0 a", "1 ", "2 b"]],
  ];
  for (const [text, lines] of cases) {
    await folder.write("f", text);
    const source = ndjson({ path: `${folder.path}/f` });
    const latest = await source.latestOffsets(signal);
    deepEqual(latest, { f: { 0: BigInt(lines.length) } });
    deepEqual(texts(await Array.fromAsync(source.read({}, latest, { signal }))), lines);
  }
});

Deno.test("ndjson() reads exactly the range it is asked for, again and again", async () => {
  await using folder = await tempFolder();
  const random = new Random(11);
  const lines = Array.from(
    { length: 9_000 },
    (_, i) => `${i}${"x".repeat(random.integer(0, 300))}`,
  );
  lines[4_000] = `4000${"y".repeat(1_500_000)}`;
  await folder.write("f", lines.join("\n"));
  const source = ndjson({ path: `${folder.path}/f`, topic: "t" });
  for (let round = 0; round < 60; round++) {
    const start = random.integer(0, lines.length);
    const end = random.integer(start, lines.length);
    const range = source.read(at(start), at(end), { signal });
    deepEqual(range.endOffsets(), at(start));
    const blocks = await Array.fromAsync(range);
    deepEqual(texts(blocks), lines.slice(start, end).map((line, i) => `${start + i} ${line}`));
    deepEqual(range.endOffsets(), at(end));
    ok(blocks.every((block) => block.count <= 4096));
  }
});

Deno.test("ndjson() stops at maxBytes, and a next read goes on without a gap", async () => {
  await using folder = await tempFolder();
  const lines = Array.from({ length: 1_000 }, (_, i) => String(i).padStart(100, "0"));
  await folder.write("f", lines.join("\n"));
  const source = ndjson({ path: `${folder.path}/f`, topic: "t" });
  const found: string[] = [];
  let reads = 0;
  for (let position = at(0); position.t![0]! < 1000n; reads++) {
    const range = source.read(position, at(1000), { signal, maxBytes: 2_950 });
    found.push(...texts(await Array.fromAsync(range)));
    position = range.endOffsets();
  }
  deepEqual(found, lines.map((line, i) => `${i} ${line}`));
  equal(reads, Math.ceil(1000 / 30));
});

Deno.test("ndjson() sees lines that are added, and is the same topic still", async () => {
  await using folder = await tempFolder();
  await folder.write("f", "");
  const source = ndjson({ path: `${folder.path}/f`, topic: "t" });
  deepEqual(await source.identities(signal), {});
  await Deno.writeTextFile(`${folder.path}/f`, "a\nb\n", { append: true });
  const identities = await source.identities(signal);
  deepEqual(Object.keys(identities), ["t"]);
  deepEqual(await source.latestOffsets(signal), at(2));
  const more = Array.from({ length: 3_000 }, (_, i) => `line ${i}\n`).join("");
  await Deno.writeTextFile(`${folder.path}/f`, more, { append: true });
  // Two at once count no line twice.
  deepEqual(await Promise.all([source.latestOffsets(signal), source.latestOffsets(signal)]), [
    at(3_002),
    at(3_002),
  ]);
  deepEqual(await source.identities(signal), identities);
  deepEqual(texts(await Array.fromAsync(source.read(at(3_001), at(3_002), { signal }))), [
    "3001 line 2999",
  ]);
});

Deno.test("ndjson() stops with DATA_LOSS where planned lines are gone", async () => {
  await using folder = await tempFolder();
  await folder.write("f", "a\nb\nc\n");
  const source = ndjson({ path: `${folder.path}/f`, topic: "t" });
  deepEqual(await source.latestOffsets(signal), at(3));
  await folder.write("f", "a\n");
  await rejects(Array.fromAsync(source.read(at(1), at(3), { signal })), {
    code: "DATA_LOSS",
    message: /f: found only 1 lines, wanted 3/,
  });
  await rejects(Array.fromAsync(source.read({}, { other: { 0: 1n } }, { signal })), {
    code: "DATA_LOSS",
    message: /found topic "t" with partition 0, wanted topic "other", partition 0/,
  });
});

Deno.test("ndjson() knows a file that took the place of another", async () => {
  await using folder = await tempFolder();
  await folder.write("f", "first\nb\n");
  const source = ndjson({ path: `${folder.path}/f`, topic: "t" });
  const before = await source.identities(signal);
  await source.latestOffsets(signal);
  await folder.write("g", `second\n${"line\n".repeat(2_000)}`);
  await Deno.rename(`${folder.path}/g`, `${folder.path}/f`);
  const after = await source.identities(signal);
  ok(before.t !== undefined && after.t !== undefined && before.t !== after.t);
  deepEqual(await source.latestOffsets(signal), at(2_001));
});

Deno.test("ndjson() says which file is missing or is none", async () => {
  await using folder = await tempFolder();
  const missing = ndjson({ path: `${folder.path}/nowhere.ndjson` });
  const error = { code: "FILE_MISSING", message: /at .*nowhere\.ndjson: found no such file/ };
  await rejects(missing.initialOffsets(signal), error);
  await rejects(missing.identities(signal), error);
  await rejects(missing.latestOffsets(signal), error);
  await rejects(ndjson({ path: folder.path }).latestOffsets(signal), { code: "FILE_UNREADABLE" });
});

Deno.test("ndjson() stops when its signal aborts", async () => {
  await using folder = await tempFolder();
  await folder.write("f", "line\n".repeat(10_000));
  const source = ndjson({ path: `${folder.path}/f`, topic: "t" });
  const stop = new AbortController();
  const blocks = source.read(at(0), at(10_000), { signal: stop.signal })[Symbol.asyncIterator]();
  equal((await blocks.next()).done, false);
  stop.abort(new Error("stopped"));
  await rejects(blocks.next(), /stopped/);
  await rejects(source.latestOffsets(stop.signal), /stopped/);
});

Deno.test("ndjson() names its topic after the file and refuses options it does not know", () => {
  equal(
    ndjson({ path: "data/samples/trades.ndjson" }).description,
    "NdjsonFile[data/samples/trades.ndjson]",
  );
  deepEqual(ndjson({ path: "f", maxOffsetsPerTrigger: 10 }).limits, { maxOffsetsPerTrigger: 10 });
  throws(() => ndjson({ path: "f", maxOffsetsPerTrigger: 0 }), { code: "BAD_OPTION" });
  throws(() => ndjson({ path: "" }), { code: "BAD_OPTION" });
  const misspelt = { path: "f", maxOffsetPerTrigger: 10 };
  throws(() => ndjson(misspelt), { code: "UNKNOWN_OPTION" });
});

function at(line: number): Offsets {
  return { t: { 0: BigInt(line) } };
}

function texts(blocks: RecordBlock[]): string[] {
  const decoder = new TextDecoder();
  return blocks.flatMap((block) =>
    Array.from(
      { length: block.count },
      (_, i) => `${recordOffset(block, i)} ${decoder.decode(recordValue(block, i)!)}`,
    )
  );
}
