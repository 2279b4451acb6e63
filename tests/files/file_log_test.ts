import { deepEqual, equal, rejects } from "assert";
import { FileLog } from "../../lib/files/file_log.ts";
import { tempFolder } from "../support/temp_folder.ts";

const KIND = { format: "csv", header: true };

Deno.test("FileLog remembers files, their order and their offsets", async () => {
  await using folder = await tempFolder();
  const log = await FileLog.open(`${folder.path}/own`, KIND);
  equal(log.endOffset, 0);
  await log.add([file("b", 3), file("empty", 0)]);
  await log.add([]);
  await log.add([file("a", 2), file("c", 5)]);
  const again = await FileLog.open(`${folder.path}/own`, KIND);
  for (const each of [log, again]) {
    equal(each.id, log.id);
    equal(each.endOffset, 10);
    deepEqual(each.get("a"), { ...file("a", 2), firstOffset: 3 });
    equal(each.get("d"), undefined);
    const namesFrom = (offset: number) => [...each.filesFrom(offset)].map(({ name }) => name);
    deepEqual(namesFrom(0), ["b", "a", "c"]);
    deepEqual(namesFrom(2), ["b", "a", "c"]);
    deepEqual(namesFrom(3), ["a", "c"]);
    deepEqual(namesFrom(9), ["c"]);
    deepEqual(namesFrom(10), []);
  }
});

Deno.test("FileLog drops a line that a crash cut off, and goes on behind the others", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/own/files`;
  await (await FileLog.open(`${folder.path}/own`, KIND)).add([file("a", 2)]);
  const whole = await Deno.readTextFile(path);
  const broken = ['[["b",1,', '[["b",1,2,3,"x"]]', '[["b",1,2,\u0000\u0000\u0000\n', "\n"];
  for (const rest of broken) {
    await Deno.writeTextFile(path, whole + rest);
    const log = await FileLog.open(`${folder.path}/own`, KIND);
    equal(log.endOffset, 2);
    equal(await Deno.readTextFile(path), whole);
  }
  const log = await FileLog.open(`${folder.path}/own`, KIND);
  await log.add([file("b", 1)]);
  equal((await FileLog.open(`${folder.path}/own`, KIND)).endOffset, 3);
});

Deno.test("FileLog refuses a log that is damaged or of another kind", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/own/files`;
  const open = (kind = KIND) => FileLog.open(`${folder.path}/own`, kind);
  await (await open()).add([file("a", 2)]);
  await rejects(open({ ...KIND, header: false }), {
    code: "BAD_CHECKPOINT",
    message: /found header true, as when the query began, wanted header false/,
  });
  const whole = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, `${whole}[["b",-1,2,3,"x"]]\n[]\n`);
  await rejects(open(), { code: "BAD_CHECKPOINT", message: /files line 3/ });
  await Deno.writeTextFile(path, "no header\n");
  await rejects(open(), { code: "BAD_CHECKPOINT" });
});

Deno.test("FileLog refuses to write behind lines of another process", async () => {
  await using folder = await tempFolder();
  const [one, other] = [
    await FileLog.open(`${folder.path}/own`, KIND),
    await FileLog.open(`${folder.path}/own`, KIND),
  ];
  await one.add([file("a", 1)]);
  await rejects(other.add([file("a", 1)]), { code: "FENCED" });
});

function file(name: string, records: number) {
  return { name, size: records * 10, modifiedMs: 1_700_000_000_000, records, digest: "00ff" };
}
