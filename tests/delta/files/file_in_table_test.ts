import { equal, rejects } from "assert";
import { fileInTable } from "../../../lib/delta/files/file_in_table.ts";
import { tempFolder } from "../../support/temp_folder.ts";

Deno.test("fileInTable() finds files in the table, however they are named", async () => {
  await using folder = await tempFolder();
  await folder.write("table/a b/100%.parquet", "");
  const table = `${folder.path}/table`;

  const wanted = `${table}/a b/100%.parquet`;
  for (const path of ["a%20b/100%25.parquet", "./a%20b/100%25.parquet"]) {
    equal(await fileInTable(table, path).then(Deno.realPath), await Deno.realPath(wanted));
  }
  for (const path of [`file://${table}/a%20b/100%25.parquet`, `${table}/a%20b/100%25.parquet`]) {
    equal(await fileInTable(table, path), wanted);
  }
});

Deno.test("fileInTable() refuses files outside, whether or not they are there", async () => {
  await using folder = await tempFolder();
  await folder.write("table/here.parquet", "");
  await folder.write("secret", "");
  await folder.write("table2/a.parquet", "");
  await Deno.symlink(`${folder.path}/secret`, `${folder.path}/table/link.parquet`);
  await Deno.symlink(folder.path, `${folder.path}/table/up`);
  const table = `${folder.path}/table`;

  for (
    const path of [
      "../secret",
      "..%2Fsecret",
      "a/../../secret",
      "link.parquet",
      "up/secret",
      `${folder.path}/secret`,
      `${table}/../secret`,
      `file://${folder.path}/secret`,
      `${table}2/a.parquet`,
      "/no/such/file",
      "s3://bucket/a.parquet",
    ]
  ) {
    await rejects(fileInTable(table, path), { code: "UNSAFE_PATH" }, path);
  }
});

Deno.test("fileInTable() tells of paths that are none, and of files that are not there", async () => {
  await using folder = await tempFolder();
  for (const path of ["100%.parquet", "%ff", "a%00b", "file://host/a"]) {
    await rejects(fileInTable(folder.path, path), { code: "CORRUPT_LOG" }, path);
  }
  await rejects(fileInTable(folder.path, "gone.parquet"), {
    code: "FILE_NOT_FOUND",
    message: /vacuum may have removed it/,
  });
});
