import { deepEqual, equal } from "assert";
import { textTable } from "../../lib/cli/table/table_text.ts";

const columns = [{ title: "name" }, { title: "count", align: "right" }, { title: "note" }] as const;

Deno.test("a table cuts its widest columns until it fits", () => {
  const rows = [["a", "1", "x".repeat(50)], ["日本".repeat(10), "1000", ""]];
  deepEqual(textTable(columns, rows, 40).split("\n"), [
    "name             count  note",
    `a                    1  ${"x".repeat(14)}…`,
    "日本日本日本日…   1000",
  ]);
});

Deno.test("a table without room for all columns leaves out the last ones and says so", () => {
  const rows = [["some longer text", "1234567890", "y".repeat(20)]];
  deepEqual(textTable(columns, rows, 20).split("\n"), [
    "name           count",
    "some lon…  12345678…",
    "… 1 more column: note",
  ]);
});

Deno.test("a table of no rows is its header", () => {
  equal(textTable(columns, [], 80), "name  count  note");
});
