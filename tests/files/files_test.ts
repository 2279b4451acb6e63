import { deepEqual, equal, ok, rejects, throws } from "assert";
import { Batch, type Offsets, schema as s, type Source } from "../../lib/core/mod.ts";
import { files, type FilesOptions } from "../../lib/files/mod.ts";
import { csv } from "../../lib/formats/csv/mod.ts";
import { Random } from "../support/random.ts";
import { readRecords } from "../support/read_records.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

Deno.test("files() puts files in order by time, then by name, and notes it for ever", async () => {
  await using folder = await tempFolder();
  await writeAt(folder, "in/b", "b1\nb2\n", 2);
  await writeAt(folder, "in/a", "a1\n", 2);
  await writeAt(folder, "in/z", "\ufeffz1", 1);
  await writeAt(folder, "in/mark", "\ufeff", 1);
  await folder.write("in/_writing", "no\n");
  await folder.write("in/.hidden", "no\n");
  await folder.write("in/folder/c", "no\n");
  const source = await opened(folder);
  equal(source.description, `FileStreamSource[${folder.path}/in]`);
  deepEqual(await source.initialOffsets(signal), at(0));
  deepEqual(await source.latestOffsets(signal), at(4));
  const first = ["0 z1", "1 a1", "2 b1", "3 b2"];
  deepEqual(await readRecords(source, at(0), at(4)), first);
  // Older, but found later; and the others are touched meanwhile.
  await writeAt(folder, "in/old", "old\n", 0);
  for (const name of ["a", "b", "z"]) await touch(folder, `in/${name}`, 9);
  for (const open of [() => Promise.resolve(source), () => opened(folder)]) {
    const each = await open();
    deepEqual(await each.latestOffsets(signal), at(5));
    deepEqual(await each.logEndOffsets(signal), at(5));
    deepEqual(await readRecords(each, at(0), at(5)), [...first, "4 old"]);
    deepEqual(await readRecords(each, at(3), at(5)), ["3 b2", "4 old"]);
    await each.close();
  }
});

Deno.test("files() hands over exactly the range it is asked for, again and again", async () => {
  await using folder = await tempFolder();
  const random = new Random(51);
  const expected: string[] = [];
  for (let file = 0; file < 12; file++) {
    const lines = Array.from(
      { length: random.pick([0, 1, 5, 3_000]) },
      (_, i) => `${file}-${i} ${"x".repeat(random.integer(0, 200))}`,
    );
    if (file === 5) lines.push("y".repeat(1_500_000));
    expected.push(...lines);
    const text = lines.map((line) => `${line}${random.pick(["\n", "\r\n"])}`).join("");
    await writeAt(folder, `in/${file}`, text.replace(/\r?\n$/, random.pick(["", "\n"])), file);
  }
  const source = await opened(folder);
  const latest = await source.latestOffsets(signal);
  deepEqual(latest, at(expected.length));
  for (let round = 0; round < 60; round++) {
    const start = random.integer(0, expected.length);
    const end = random.integer(start, expected.length);
    deepEqual(
      await readRecords(source, at(start), at(end)),
      expected.slice(start, end).map((line, i) => `${start + i} ${line}`),
    );
  }
  // In batches by bytes, each going on where the last one stopped.
  const found: string[] = [];
  for (let position = at(0); position.in![0]! < latest.in![0]!;) {
    const range = source.read(position, latest, { signal, maxBytes: random.integer(1, 60_000) });
    for await (const block of range) {
      found.push(...Array.from({ length: block.count }, (_, i) => lineOf(block, i)));
      ok(block.count <= 4096);
    }
    ok(range.endOffsets().in![0]! > position.in![0]!);
    position = range.endOffsets();
  }
  deepEqual(found, expected);
  await source.close();
});

Deno.test("files() goes on behind the block at which a reader stopped", async () => {
  await using folder = await tempFolder();
  await folder.write("in/f", Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(""));
  const source = await opened(folder);
  const latest = await source.latestOffsets(signal);
  let position = at(0);
  const found: string[] = [];
  while (position.in![0]! < latest.in![0]!) {
    const range = source.read(position, latest, { signal });
    for await (const block of range) {
      found.push(...Array.from({ length: block.count }, (_, i) => lineOf(block, i)));
      break;
    }
    position = range.endOffsets();
  }
  deepEqual(found, Array.from({ length: 20_000 }, (_, i) => `line ${i}`));
  await source.close();
});

Deno.test("files() reads what gzip compressed, from the middle too", async () => {
  await using folder = await tempFolder();
  const lines = Array.from({ length: 9_000 }, (_, i) => `line ${i} ${"x".repeat(i % 100)}`);
  await writeGzip(folder, "in/1.gz", `${lines.slice(0, 6_000).join("\n")}\n`);
  await touch(folder, "in/1.gz", 1);
  await writeAt(folder, "in/2", `${lines.slice(6_000).join("\n")}\n`, 2);
  const source = await opened(folder);
  deepEqual(await source.latestOffsets(signal), at(9_000));
  for (const [start, end] of [[0, 9_000], [5_990, 6_010], [100, 4_500], [4_500, 5_000]] as const) {
    deepEqual(
      await readRecords(source, at(start), at(end)),
      lines.slice(start, end).map((line, i) => `${start + i} ${line}`),
    );
  }
  // Given up in the middle.
  for await (const _ of source.read(at(0), at(9_000), { signal })) break;
  await source.close();

  // Two behind each other are one; one that is cut off is none.
  const [a, b] = [await gzipped("a\n"), await gzipped("b\n")];
  await Deno.writeFile(`${folder.path}/in/3.gz`, Uint8Array.from([...a, ...b]));
  deepEqual(await source.latestOffsets(signal), at(9_002));
  deepEqual(await readRecords(source, at(9_000), at(9_002)), ["9000 a", "9001 b"]);
  for (const broken of [a.subarray(0, a.length - 4), new TextEncoder().encode("this is no gzip")]) {
    await Deno.writeFile(`${folder.path}/in/4.gz`, broken);
    await rejects(source.latestOffsets(signal), { code: "FILE_UNREADABLE", message: /4\.gz/ });
  }
});

Deno.test("files() splits CSV by its quotes, and its records carry what the decoder needs", async () => {
  await using folder = await tempFolder();
  await writeAt(folder, "in/1.csv", '\ufeffid;note\r\n1;"two\r\nlines; ""so"""\r\n\r\n2;x\r\n', 1);
  await writeAt(folder, "in/2.csv", "note;id\nother order;3", 2);
  await writeAt(folder, "in/3.csv", "id;note\n", 3);
  await writeAt(folder, "in/4.csv", "", 4);
  await writeAt(folder, "in/5.csv", "\ufeff", 5);
  const source = await opened(folder, { format: "csv", header: true, sep: ";" });
  const latest = await source.latestOffsets(signal);
  deepEqual(latest, at(3));
  deepEqual(await readRecords(source, at(0), latest), [
    '0 1;"two\r\nlines; ""so"""',
    "1 2;x",
    "2 other order;3",
  ]);
  const Note = s.struct({ id: s.long(), note: s.string() });
  const batch = new Batch(Note);
  const decoder = csv(Note);
  const names: string[] = [];
  for await (const block of source.read(at(0), latest, { signal })) {
    deepEqual(await decoder.decode(block, batch), []);
    const file = block.headers(0).find(({ key }) => key === "file");
    names.push(new TextDecoder().decode(file!.value!));
  }
  deepEqual(names, ["1.csv", "2.csv"]);
  deepEqual([...batch.rows()], [
    { id: 1n, note: 'two\r\nlines; "so"' },
    { id: 2n, note: "x" },
    { id: 3n, note: "other order" },
  ]);
  await source.close();
});

Deno.test("files() stops at a file that changed since it was found", async () => {
  await using folder = await tempFolder();
  await writeAt(folder, "in/a", "a1\na2\n", 1);
  await writeAt(folder, "in/b", "b1\n", 2);
  const source = await opened(folder);
  await source.latestOffsets(signal);
  const changed = (message: RegExp) => ({ code: "FILE_CHANGED", message });

  await writeAt(folder, "in/b", "b1\nb2\n", 2);
  await rejects(readRecords(source, at(2), at(3)), changed(/in\/b: found 6 bytes, wanted 3/));
  // It is seen too by who looks for new files, as what was added would never be read.
  await rejects(source.latestOffsets(signal), changed(/rename it/));
  await writeAt(folder, "in/b", "c1\n", 3);
  await rejects(readRecords(source, at(2), at(3)), changed(/other contents of the same length/));
  await writeAt(folder, "in/b", "b1\n", 4);
  deepEqual(await readRecords(source, at(2), at(3)), ["2 b1"]);
  deepEqual(await source.latestOffsets(signal), at(3));
});

Deno.test("files() stops at a file that changes while it is read", async () => {
  await using folder = await tempFolder();
  await folder.write("in/a", "line\n".repeat(10_000));
  const source = await opened(folder);
  const latest = await source.latestOffsets(signal);
  const blocks = source.read(at(0), latest, { signal })[Symbol.asyncIterator]();
  equal((await blocks.next()).done, false);
  await Deno.writeTextFile(`${folder.path}/in/a`, "more\n", { append: true });
  await rejects(
    (async () => {
      while ((await blocks.next()).done !== true);
    })(),
    { code: "FILE_CHANGED" },
  );
  await source.close();
});

Deno.test("files() reports a file that went before it was read, and needs none that was", async () => {
  await using folder = await tempFolder();
  await writeAt(folder, "in/a", "a1\n", 1);
  await writeAt(folder, "in/b", "b1\n", 2);
  const source = await opened(folder);
  await source.latestOffsets(signal);
  await Deno.remove(`${folder.path}/in/a`);
  await rejects(readRecords(source, at(0), at(2)), { code: "DATA_LOSS", message: /in\/a/ });
  deepEqual(await readRecords(source, at(1), at(2)), ["1 b1"]);
  deepEqual(await source.latestOffsets(signal), at(2));
  await rejects(readRecords(source, at(1), at(3)), { code: "DATA_LOSS" });
  await rejects(readRecords(source, {}, { other: { 0: 1n } }), { code: "DATA_LOSS" });
});

Deno.test("files() plans whole files, or so many records, whichever is less", async () => {
  await using folder = await tempFolder();
  for (const [i, count] of [3, 0, 4, 2].entries()) {
    await writeAt(folder, `in/${i}`, "line\n".repeat(count), i);
  }
  const ends = async (options: Partial<FilesOptions>, start: number, latest = 9) => {
    const source = await opened(folder, { format: "ndjson", ...options } as FilesOptions);
    await source.latestOffsets(signal);
    return Number((await source.planEnd!(at(start), at(latest))).in![0]);
  };
  equal(await ends({}, 0), 9);
  equal(await ends({ maxFilesPerTrigger: 1 }, 0), 3);
  equal(await ends({ maxFilesPerTrigger: 1 }, 3), 7);
  equal(await ends({ maxFilesPerTrigger: 1 }, 4), 7);
  equal(await ends({ maxFilesPerTrigger: 2 }, 1), 7);
  equal(await ends({ maxFilesPerTrigger: 9 }, 0), 9);
  equal(await ends({ maxFilesPerTrigger: 2 }, 0, 5), 5);
  equal(await ends({ maxOffsetsPerTrigger: 4 }, 0), 4);
  equal(await ends({ maxFilesPerTrigger: 2, maxOffsetsPerTrigger: 8 }, 0), 7);
  equal(await ends({ maxFilesPerTrigger: 2, maxOffsetsPerTrigger: 2 }, 7), 9);
});

Deno.test("files() is one topic for as long as its checkpoint is", async () => {
  await using folder = await tempFolder();
  await folder.write("in/a", "a1\n");
  const [first, again] = [await opened(folder), await opened(folder)];
  const identities = await first.identities(signal);
  deepEqual(Object.keys(identities), ["in"]);
  deepEqual(await again.identities(signal), identities);
  await Deno.remove(`${folder.path}/own`, { recursive: true });
  ok((await (await opened(folder)).identities(signal)).in !== identities.in);
  const named = await opened(folder, {
    format: "ndjson",
    path: `${folder.path}/i*/a`,
    topic: "trades",
  });
  deepEqual(await named.latestOffsets(signal), { trades: { 0: 1n } });
});

Deno.test("files() counts nothing twice, and stops when its signal aborts", async () => {
  await using folder = await tempFolder();
  for (let i = 0; i < 250; i++) await folder.write(`in/${i}`, `${i}\n`);
  const source = await opened(folder);
  const both = await Promise.all([source.latestOffsets(signal), source.latestOffsets(signal)]);
  deepEqual(both, [at(250), at(250)]);
  equal(
    new Set((await readRecords(source, at(0), at(250))).map((text) => text.split(" ")[1])).size,
    250,
  );
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  await folder.write("in/new", "line\n");
  await rejects(source.latestOffsets(stop.signal), /stopped/);
  await rejects(readRecords(source, at(0), at(1), { signal: stop.signal }), /stopped/);
});

Deno.test("files() says what is wrong with its options, its folder and its use", async () => {
  await using folder = await tempFolder();
  const refused: [options: Record<string, unknown>, code: string][] = [
    [{ path: "" }, "BAD_OPTION"],
    [{ format: "xml" }, "BAD_OPTION"],
    [{ header: true }, "UNKNOWN_OPTION"],
    [{ format: "csv", header: "yes" }, "BAD_OPTION"],
    [{ format: "csv", sep: "" }, "BAD_OPTION"],
    [{ maxFilesPerTrigger: 0 }, "BAD_OPTION"],
    [{ maxOffsetsPerTrigger: 1.5 }, "BAD_OPTION"],
    [{ topic: "" }, "BAD_OPTION"],
    [{ recursive: true }, "UNKNOWN_OPTION"],
  ];
  for (const [options, code] of refused) {
    const all = { path: "in", format: "ndjson", ...options } as FilesOptions;
    throws(() => files(all), { code }, JSON.stringify(options));
  }
  const missing = await opened(folder);
  await rejects(missing.initialOffsets(signal), { code: "FILE_MISSING" });
  await rejects(missing.latestOffsets(signal), { code: "FILE_MISSING" });
  const unopened = files({ path: folder.path, format: "ndjson" });
  await rejects(unopened.latestOffsets(signal), { code: "SOURCE_NOT_OPEN" });
});

/** A source over the folder `in`, open in the folder `own`. */
async function opened(
  folder: TempFolder,
  options: Partial<FilesOptions> & { format: string } = { format: "ndjson" },
): Promise<Source> {
  const source = files({ path: `${folder.path}/in`, ...options } as FilesOptions);
  await source.open?.(`${folder.path}/own`);
  return source;
}

function at(offset: number): Offsets {
  return { in: { 0: BigInt(offset) } };
}

async function writeAt(folder: TempFolder, name: string, text: string, hour: number) {
  await folder.write(name, text);
  await touch(folder, name, hour);
}

async function touch(folder: TempFolder, name: string, hour: number): Promise<void> {
  const time = new Date(1_700_000_000_000 + hour * HOUR_MS);
  await Deno.utime(`${folder.path}/${name}`, time, time);
}

async function writeGzip(folder: TempFolder, name: string, text: string): Promise<void> {
  await Deno.mkdir(`${folder.path}/in`, { recursive: true });
  await Deno.writeFile(`${folder.path}/${name}`, await gzipped(text));
}

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function lineOf(
  block: { bytes: Uint8Array; valueStarts: Int32Array; valueEnds: Int32Array },
  i: number,
) {
  return new TextDecoder().decode(block.bytes.subarray(block.valueStarts[i], block.valueEnds[i]));
}
