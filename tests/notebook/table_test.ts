import { equal, ok, throws } from "assert";
import { Decimal } from "../../lib/core/mod.ts";
import { table } from "../../lib/notebook/mod.ts";

function htmlOf(rows: readonly object[]): string {
  return table(rows).mime["text/html"] ?? "";
}

Deno.test("table() keeps every digit, and leaves null and what is absent empty", () => {
  const shown = table([
    { id: 9_007_199_254_740_993n, price: Decimal.parse("0.10000000"), note: null },
    { id: 2n, bytes: new Uint8Array([1, 255]), at: new Date(0) },
  ]);
  equal(
    shown.mime["text/plain"],
    [
      "id                price       note  bytes  at",
      "9007199254740993  0.10000000",
      "               2                    01ff   1970-01-01T00:00:00.000Z",
    ].join("\n").replace(/^id {16}/, "              id  "),
  );
});

Deno.test("table() shows markup in values as text", () => {
  const html = htmlOf([{ "<b>": "<script>alert(1)</script>" }]);
  ok(html.includes("<th>&lt;b&gt;</th>"), html);
  ok(html.includes("&lt;script&gt;alert(1)&lt;/script&gt;"), html);
  ok(!html.includes("<script>"), html);
});

Deno.test("table() shows the first rows and counts the others", () => {
  const rows = Array.from({ length: 1_234 }, (_, i) => ({ i }));
  const text = table(rows, { maxRows: 3, caption: "numbers" }).mime["text/plain"];
  equal(text, "numbers\ni\n0\n1\n2\nand 1,231 more rows");
});

Deno.test("table() shows nested values as JSON, 64-bit integers too", () => {
  ok(htmlOf([{ v: { a: [1n, "x"] } }]).includes("{&quot;a&quot;:[&quot;1&quot;,&quot;x&quot;]}"));
});

Deno.test("table() without rows is a table of its columns", () => {
  equal(table([], { columns: ["a", "b"] }).mime["text/plain"], "a  b");
});

Deno.test("table() refuses options it does not know, and no rows at all", () => {
  throws(() => table([], { maxRow: 3 } as object), /option "maxRow"/);
  throws(
    () => table([], { maxRows: 0 }),
    /option "maxRows": found 0, wanted a whole number above 0/,
  );
});
