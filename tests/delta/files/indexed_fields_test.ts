import { deepEqual, throws } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { indexedFields } from "../../../lib/delta/files/indexed_fields.ts";

const Order = s.struct({
  id: s.long(),
  place: s.struct({ street: s.string(), geo: s.struct({ x: s.double(), y: s.double() }) }),
  tags: s.array(s.string()),
  "a.b": s.long(),
});

function names(properties: Record<string, string>): string[] {
  return [...indexedFields(Order, properties)].map(({ name }) => name);
}

Deno.test("indexedFields() counts leaves from the first, a list being one", () => {
  deepEqual(names({}), ["id", "street", "x", "y", "tags", "a.b"]);
  deepEqual(names({ "delta.dataSkippingNumIndexedCols": "3" }), ["id", "street", "x"]);
  deepEqual(names({ "delta.dataSkippingNumIndexedCols": "0" }), []);
  deepEqual(names({ "delta.dataSkippingNumIndexedCols": "-1" }).length, 6);
});

Deno.test("indexedFields() takes the columns named, with all that is in them", () => {
  const named = (text: string) =>
    names({
      "delta.dataSkippingStatsColumns": text,
      "delta.dataSkippingNumIndexedCols": "1",
    });

  deepEqual(named("place.geo, ID"), ["x", "y", "id"]);
  deepEqual(named("place"), ["street", "x", "y"]);
  deepEqual(named("`a.b`,gone,place.gone,id.x"), ["a.b"]);
  deepEqual(named(""), []);
  throws(() => named("a..b"), { code: "BAD_COLUMN_NAME" });
});
