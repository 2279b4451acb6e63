import { deepEqual, equal, throws } from "assert";
import {
  allFields,
  formatFields,
  formatSchema,
  parseFields,
  parseSchema,
} from "../../../lib/delta/protocol/schema_json.ts";
import { EveryType } from "../../support/sample_rows.ts";

Deno.test("a schema goes into a table's metadata and comes back the same", () => {
  const json = formatSchema(EveryType);

  deepEqual(parseSchema(json, "table").fields, EveryType.fields);
  deepEqual(JSON.parse(json).fields[0], {
    name: "id",
    type: "long",
    nullable: false,
    metadata: {},
  });
  equal(JSON.parse(json).fields[11].type, "decimal(38,9)");
});

Deno.test("parseSchema() reads decimals with blanks", () => {
  const json = (type: string) =>
    JSON.stringify({ type: "struct", fields: [{ name: "a", type, nullable: true, metadata: {} }] });

  deepEqual(parseSchema(json("decimal( 10 , 2 )"), "table").fields[0]?.type, {
    type: "decimal",
    precision: 10,
    scale: 2,
  });
  throws(() => parseSchema(json("interval"), "table"), /column "a": found type "interval"/);
  throws(() => parseSchema("[]", "table"), { code: "CORRUPT_LOG" });
  throws(() => parseSchema("{", "table"), { code: "CORRUPT_LOG" });
});

Deno.test("parseFields() keeps what it does not know of a field, for formatFields()", () => {
  const json = JSON.stringify({
    type: "struct",
    fields: [{
      name: "a",
      type: { type: "array", elementType: "decimal( 5 , 2 )", containsNull: true },
      nullable: true,
      metadata: {
        comment: "ä",
        "delta.columnMapping.id": 4,
        "delta.generationExpression": "b + 1",
        "delta.typeChanges": [{ fromType: "short", toType: "long", fieldPath: "element" }],
        __CHAR_VARCHAR_TYPE_STRING: "varchar(3)",
      },
    }],
  });

  equal(formatFields(parseFields(json, "table")), json);
});

Deno.test("parseFields() refuses what is no schema, naming the column, however deep", () => {
  const table = (fields: unknown) => JSON.stringify({ type: "struct", fields });
  const bad: [string, RegExp][] = [
    ["null", /found null/],
    ['{"type":"array"}', /found {"type":"array"}/],
    [table({}), /a struct without fields/],
    [table([{ type: "long" }]), /a field without a name/],
    [table([{ name: "a", type: { type: "struct" } }]), /column "a": found a struct without/],
    [table([{ name: "a", type: { type: "array" } }]), /column "a\.element": found type/],
    [table([{ name: "a", type: 5 }]), /column "a": found type 5/],
  ];
  for (const [json, message] of bad) {
    throws(() => parseFields(json, "table"), { code: "CORRUPT_LOG", message });
  }
  const depth = 50_000;
  const deep = '{"type":"array","elementType":'.repeat(depth) + '"long"' + "}".repeat(depth);
  throws(() => parseFields(`{"type":"struct","fields":[{"name":"a","type":${deep}}]}`, "table"), {
    code: "CORRUPT_LOG",
    message: /nested without an end/,
  });
});

Deno.test("allFields() goes into structs, lists and maps", () => {
  const fields = parseFields(formatSchema(EveryType), "table");

  const paths = Array.from(allFields(fields), ({ path }) => path);

  deepEqual(paths.filter((path) => path.includes(".")), [
    "address.street",
    "address.geo",
    "address.geo.x",
  ]);
});
