import { deepEqual, equal, throws } from "assert";
import {
  allFields,
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
  throws(() => parseSchema(json("variant"), "table"), /column "a": found type "variant"/);
  throws(() => parseSchema("[]", "table"), { code: "CORRUPT_LOG" });
  throws(() => parseSchema("{", "table"), { code: "CORRUPT_LOG" });
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
