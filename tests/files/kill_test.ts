import { deepEqual, equal, ok } from "assert";
import type { Offsets } from "../../lib/core/mod.ts";
import { files } from "../../lib/files/mod.ts";
import { Random } from "../support/random.ts";
import { readRecords } from "../support/read_records.ts";
import { tempFolder } from "../support/temp_folder.ts";

const FILES = 1_200;
const child = new URL("list_child.ts", import.meta.url).pathname;
const { signal } = new AbortController();

Deno.test("files() has each record once after processes were killed while they looked for files", async () => {
  await using folder = await tempFolder();
  const random = new Random(61);
  const [path, own] = [`${folder.path}/in`, `${folder.path}/own`];
  let written = 0;
  const writeSome = async (count: number) => {
    for (let i = 0; i < count; i++) await folder.write(`in/${written}`, `${written++}\n`);
  };
  await writeSome(FILES);
  const kept: string[] = [];
  for (let round = 0; round < 4; round++) {
    // Killed somewhere within the noting of some hundred files, wherever that is on this machine.
    const process = startChild(path, own);
    const lines = await countLines(`${own}/files`);
    const until = lines + random.integer(1, 2);
    while (await countLines(`${own}/files`) < until) await turn();
    process.kill("SIGKILL");
    await process.status;
    await writeSome(100);
    const source = files({ path, format: "ndjson" });
    await source.open?.(own);
    const { in: end } = await source.logEndOffsets(signal);
    ok(Number(end![0]) < written, "the process was killed too late to tell anything");
    // What was noted before is there, in the same order.
    const found = await readRecords(source, at(0), { in: end! });
    deepEqual(found.slice(0, kept.length), kept);
    kept.splice(0, Infinity, ...found);
  }
  const last = files({ path, format: "ndjson" });
  await last.open?.(own);
  const latest = await last.latestOffsets(signal);
  deepEqual(latest, at(written));
  const all = (await readRecords(last, at(0), latest)).map((text) => Number(text.split(" ")[1]));
  deepEqual(all.sort((a, b) => a - b), Array.from({ length: written }, (_, i) => i));
});

Deno.test("files() reads after a kill what was found before it, though more has come since", async () => {
  await using folder = await tempFolder();
  const [path, own] = [`${folder.path}/in`, `${folder.path}/own`];
  await folder.write("in/b", "b1\nb2\n");
  await folder.write("in/c", "c1\n");
  const process = startChild(path, own);
  const reader = process.stdout.getReader();
  equal(new TextDecoder().decode((await reader.read()).value), "3\n");
  process.kill("SIGKILL");
  await process.status;
  await reader.cancel();
  await folder.write("in/a", "a1\n");
  await Deno.utime(`${path}/a`, new Date(0), new Date(0));
  const source = files({ path, format: "ndjson" });
  await source.open?.(own);
  // A batch that was planned from what the killed process said is read as it said.
  deepEqual(await readRecords(source, at(1), at(3)), ["1 b2", "2 c1"]);
  deepEqual(await source.latestOffsets(signal), at(4));
  deepEqual(await readRecords(source, at(3), at(4)), ["3 a1"]);
});

function startChild(path: string, own: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", child, path, own],
    stdout: "piped",
  }).spawn();
}

async function countLines(path: string): Promise<number> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split("\n").length - 1;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

function at(offset: number): Offsets {
  return { in: { 0: BigInt(offset) } };
}
