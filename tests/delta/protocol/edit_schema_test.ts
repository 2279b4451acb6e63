import { deepEqual, equal, throws } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import { assignColumnIds } from "../../../lib/delta/protocol/assign_column_ids.ts";
import { formatColumnPath, parseColumnPath } from "../../../lib/delta/protocol/column_path.ts";
import {
  findField,
  withChangedField,
  withField,
  withoutField,
} from "../../../lib/delta/protocol/edit_schema.ts";
import { allFields, type FieldJson, fieldsOf } from "../../../lib/delta/protocol/schema_json.ts";

const Deep = fieldsOf(
  s.struct({
    id: s.long(),
    list: s.array(s.map(s.struct({ k: s.long() }), s.struct({ v: s.long(), w: s.long() }))),
  }).fields,
);
const extra: FieldJson = { name: "extra", type: "date", nullable: true, metadata: {} };

const pathsOf = (fields: readonly FieldJson[]) => Array.from(allFields(fields), ({ path }) => path);

Deno.test("fields of structs in lists and maps are found, added, changed and dropped", () => {
  const found = findField(Deep, parseColumnPath("LIST.element.value.W"));
  deepEqual(found.path, ["list", "element", "value", "w"]);
  equal(found.field.type, "long");

  const added = withField(Deep, ["list", "element", "value", "extra"], extra, { after: "V" });
  deepEqual(pathsOf(added), [
    "id",
    "list",
    "list.element.key.k",
    "list.element.value.v",
    "list.element.value.extra",
    "list.element.value.w",
  ]);
  const changed = withChangedField(added, ["list", "element", "key", "k"], (field) => ({
    ...field,
    name: "key",
  }));
  const dropped = withoutField(changed, ["list", "element", "value", "w"]);
  deepEqual(pathsOf(dropped), [
    "id",
    "list",
    "list.element.key.key",
    "list.element.value.v",
    "list.element.value.extra",
  ]);
});

Deno.test("paths that lead nowhere are refused by name", () => {
  for (const path of ["nope", "id.x", "list.k", "list.element.key", "list.element.value.nope"]) {
    throws(() => findField(Deep, parseColumnPath(path)), { code: "UNKNOWN_COLUMN" }, path);
    throws(() => withoutField(Deep, parseColumnPath(path)), { code: "UNKNOWN_COLUMN" }, path);
  }
  throws(() => withField(Deep, ["ID"], { ...extra, name: "ID" }), { code: "COLUMN_EXISTS" });
  throws(() => withoutField(Deep, ["list", "element", "key", "k"]), { code: "COLUMN_IN_USE" });
});

Deno.test("a path's text reads back as the path, dots and quotes in names included", () => {
  for (const path of [["a"], ["a", "b c"], ["a.b", "c"], ["`", "x"], ["a`b.c"], ["ä", "."]]) {
    deepEqual(parseColumnPath(formatColumnPath(path)), path);
  }
  for (const text of ["", ".", "a.", ".a", "a..b", "`a", "a`b", "`a`b"]) {
    throws(() => parseColumnPath(text), { code: "BAD_COLUMN_NAME" }, text);
  }
});

Deno.test("assignColumnIds() numbers what has no id above all that there ever were", () => {
  const first = assignColumnIds(Deep, 0, (field) => field.name);
  equal(first.maxColumnId, 5);
  const dropped = withoutField(first.fields, ["list", "element", "value", "w"]);
  const added = withField(dropped, ["list", "element", "value", "extra"], extra);

  const second = assignColumnIds(added, first.maxColumnId, () => "fresh");

  equal(second.maxColumnId, 6);
  const metadata = Array.from(allFields(second.fields), ({ field }) => field.metadata);
  deepEqual(metadata.map((one) => one["delta.columnMapping.id"]), [1, 2, 3, 4, 6]);
  equal(metadata.at(-1)?.["delta.columnMapping.physicalName"], "fresh");
  // What the property says may be less than what is there, where another writer forgot it.
  equal(assignColumnIds(first.fields, 0, () => "x").maxColumnId, 5);
});
