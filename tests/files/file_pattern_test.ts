import { deepEqual, rejects, throws } from "assert";
import { filePattern } from "../../lib/files/file_pattern.ts";
import { listFiles } from "../../lib/files/list_files.ts";
import { tempFolder } from "../support/temp_folder.ts";

const NAMES = [
  "a.csv",
  "b.csv",
  "b.json",
  "c1.csv",
  "[x].csv",
  "_c.csv",
  ".d.csv",
  "2024-01/a.csv",
  "2024-01/b.json",
  "2024-02/a.csv",
  "2024-02/deep/a.csv",
  "_2024-03/a.csv",
];

Deno.test("listFiles() finds what Spark's patterns mean, and no names that begin with _ or .", async () => {
  await using folder = await tempFolder();
  for (const name of NAMES) await folder.write(`in/${name}`, "");
  await Deno.symlink(`${folder.path}/in/2024-01/a.csv`, `${folder.path}/in/link.csv`);
  const cases: [pattern: string, names: string[]][] = [
    ["", ["[x].csv", "a.csv", "b.csv", "b.json", "c1.csv", "link.csv"]],
    ["/", ["[x].csv", "a.csv", "b.csv", "b.json", "c1.csv", "link.csv"]],
    ["/*.csv", ["[x].csv", "a.csv", "b.csv", "c1.csv", "link.csv"]],
    ["/?.csv", ["a.csv", "b.csv"]],
    ["/[a-b].csv", ["a.csv", "b.csv"]],
    ["/[^a]*.csv", ["[x].csv", "b.csv", "c1.csv", "link.csv"]],
    ["/{a,c?}.csv", ["a.csv", "c1.csv"]],
    ["/b.{csv,json}", ["b.csv", "b.json"]],
    ["/\\[x\\].csv", ["[x].csv"]],
    ["/*/a.csv", ["2024-01/a.csv", "2024-02/a.csv"]],
    ["/2024-*/*.json", ["2024-01/b.json"]],
    ["/*/*/a.csv", ["2024-02/deep/a.csv"]],
    ["/none-*.csv", []],
  ];
  for (const [pattern, names] of cases) {
    const found = await listFiles(filePattern(`${folder.path}/in${pattern}`, "test"));
    deepEqual([pattern, found.sort()], [pattern, names]);
  }
});

Deno.test("filePattern() begins its root before the first wildcard", () => {
  const rootOf = (path: string) => filePattern(path, "test").root;
  deepEqual(
    ["in", "in/", "/in", "*.csv", "/*.csv", "a/b/*.csv", "a/*/b/c.csv", "/"].map(rootOf),
    ["in", "in", "/in", ".", "/", "a/b", "a", "/"],
  );
  throws(() => filePattern("in/[ab", "test"), { code: "BAD_OPTION" });
  throws(() => filePattern("in/{a,b", "test"), { code: "BAD_OPTION" });
});

Deno.test("listFiles() says where there is no folder", async () => {
  await using folder = await tempFolder();
  await folder.write("file", "");
  const list = (path: string) => listFiles(filePattern(`${folder.path}/${path}`, "test"));
  await rejects(list("nowhere"), { code: "FILE_MISSING", message: /no such folder/ });
  await rejects(list("nowhere/*.csv"), { code: "FILE_MISSING" });
  await rejects(list("file"), { code: "FILE_UNREADABLE", message: /ndjson/ });
});
