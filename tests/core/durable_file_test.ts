import { deepEqual, equal, rejects } from "assert";
import { makeFolder, putIfAbsent, replaceFile } from "../../lib/core/mod.ts";
import { tempFolder } from "../support/temp_folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("putIfAbsent() writes once, and leaves nothing else behind", async () => {
  await using folder = await tempFolder();
  const wins = await Promise.all(
    ["a", "b", "c"].map((text) => putIfAbsent(`${folder.path}/file`, bytes(text))),
  );
  equal(wins.filter((won) => won).length, 1);
  equal(await folder.read("file"), ["a", "b", "c"][wins.indexOf(true)]);
  deepEqual(await folder.list("."), ["file"]);
});

Deno.test("replaceFile() replaces a file whole, and leaves nothing else behind", async () => {
  await using folder = await tempFolder();
  await replaceFile(`${folder.path}/file`, bytes("old"));
  await replaceFile(`${folder.path}/file`, bytes("new"));
  equal(await folder.read("file"), "new");
  await Deno.mkdir(`${folder.path}/inTheWay`);
  await rejects(replaceFile(`${folder.path}/inTheWay`, bytes("x")));
  deepEqual((await folder.list(".")).sort(), ["file", "inTheWay"]);
});

Deno.test("makeFolder() makes what is missing, also when others do it at the same time", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a/b/c`;
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(`${folder.path}/a/b/d`)]);
  deepEqual((await folder.list("a/b")).sort(), ["c", "d"]);
});

Deno.test("makeFolder() ends with an error where no folder can be", async () => {
  await using folder = await tempFolder();
  await Deno.symlink(`${folder.path}/unmounted`, `${folder.path}/link`);
  await rejects(makeFolder(`${folder.path}/link/lake`), Deno.errors.NotADirectory);
  await folder.write("file", "text");
  await rejects(makeFolder(`${folder.path}/file/lake`));
  if (Deno.build.os === "linux") await rejects(makeFolder("/proc/none/lake"));
});
