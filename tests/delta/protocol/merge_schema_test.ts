import { deepEqual, equal, ok, throws } from "assert";
import { schema as s, type TypeSpec } from "../../../lib/core/mod.ts";
import {
  evolutionRules,
  mergedField,
  mergedFields,
  wideningRules,
} from "../../../lib/delta/protocol/merge_schema.ts";
import { type FieldJson, fieldsOf, typeJson } from "../../../lib/delta/protocol/schema_json.ts";
import { canWiden, widensUnasked } from "../../../lib/delta/protocol/type_widening.ts";

const fields = (specs: Parameters<typeof s.struct>[0]) => fieldsOf(s.struct(specs).fields);

/** From, to, whether that is a widening of Delta's, and whether rows may do it unasked. */
const TYPE_CHANGES: readonly [string, string, boolean, boolean][] = [
  ["byte", "short", true, true],
  ["byte", "integer", true, true],
  ["short", "long", true, true],
  ["integer", "long", true, true],
  ["long", "integer", false, false],
  ["integer", "double", true, false],
  ["long", "double", false, false],
  ["integer", "float", false, false],
  ["float", "double", true, true],
  ["double", "float", false, false],
  ["date", "timestamp_ntz", true, true],
  ["date", "timestamp", false, false],
  ["timestamp_ntz", "timestamp", false, false],
  ["string", "binary", false, false],
  ["decimal(10,2)", "decimal(12,2)", true, true],
  ["decimal(10,2)", "decimal(12,4)", true, true],
  ["decimal(10,2)", "decimal(12,5)", false, false],
  ["decimal(10,2)", "decimal(10,1)", false, false],
  ["decimal(10, 2)", "decimal( 11 ,2)", true, true],
  ["byte", "decimal(9,0)", false, false],
  ["byte", "decimal(10,0)", true, false],
  ["integer", "decimal(12,2)", true, false],
  ["integer", "decimal(12,3)", false, false],
  ["long", "decimal(19,0)", false, false],
  ["long", "decimal(20,0)", true, false],
  ["long", "decimal(38,18)", true, false],
  ["decimal(10,0)", "long", false, false],
];

Deno.test("canWiden() allows the type changes of the protocol and no others", () => {
  for (const [from, to, isWidening, isUnasked] of TYPE_CHANGES) {
    equal(canWiden(from, to), isWidening, `${from} to ${to}`);
    equal(widensUnasked(from, to), isUnasked, `${from} to ${to} unasked`);
  }
});

Deno.test("mergedFields() adds columns at the end of their struct, nullable at all levels", () => {
  const table = fields({ id: s.long(), at: s.struct({ x: s.long() }) });
  const rows = fields({
    AT: s.struct({ y: s.array(s.struct({ z: s.long() })), X: s.long() }),
    more: s.map(s.string(), s.long()),
  });

  const merged = mergedFields(table, rows, evolutionRules("append", false));

  deepEqual(merged, [
    table[0],
    {
      ...table[1],
      type: typeJson(
        s.struct({
          x: s.long(),
          y: s.array(s.struct({ z: s.long().nullable() }).nullable()).nullable(),
        }).type,
      ),
    },
    {
      name: "more",
      type: typeJson(s.map(s.string(), s.long().nullable()).type),
      nullable: true,
      metadata: {},
    },
  ]);
});

Deno.test("mergedFields() widens only where the table allows it, and takes what is narrower", () => {
  const table = fields({ n: s.integer(), wide: s.long() });
  const rows = fields({ n: s.long(), wide: s.short() });

  const merged = mergedFields(table, rows, evolutionRules("append", true));

  deepEqual(merged.map(({ type }) => type), ["long", "long"]);
  deepEqual(merged[1], table[1]);
  throws(() => mergedFields(table, rows, evolutionRules("append", false)), {
    code: "SCHEMA_MISMATCH",
    message: /column "n": found type integer, wanted long/,
  });
});

Deno.test("mergedFields() makes a column of a void, which has no values", () => {
  const table: FieldJson[] = [{ name: "v", type: "void", nullable: true, metadata: {} }];

  const merged = mergedFields(table, fields({ v: s.string() }), evolutionRules("append", false));

  deepEqual(merged, [{ name: "v", type: "string", nullable: true, metadata: {} }]);
});

Deno.test("mergedField() notes each change of type with its place, behind those before", () => {
  const change = (field: FieldJson, type: TypeSpec<unknown>) =>
    mergedField(field, typeJson(type.type), wideningRules("change"));
  const [list] = fields({ list: s.array(s.map(s.byte(), s.short())) });
  ok(list !== undefined);

  const once = change(list, s.array(s.map(s.integer(), s.short())));
  const twice = change(once, s.array(s.map(s.long(), s.long())));

  deepEqual(twice.metadata, {
    "delta.typeChanges": [
      { fromType: "byte", toType: "integer", fieldPath: "element.key" },
      { fromType: "integer", toType: "long", fieldPath: "element.key" },
      { fromType: "short", toType: "long", fieldPath: "element.value" },
    ],
  });
  throws(() => change(list, s.array(s.string())), {
    code: "SCHEMA_MISMATCH",
    message: /column "list\.element"/,
  });
});

Deno.test("mergedField() gives fields of structs histories of their own", () => {
  const [field] = fields({ list: s.array(s.struct({ x: s.byte(), y: s.float() })) });
  ok(field !== undefined);

  const changed = mergedField(
    field,
    typeJson(s.array(s.struct({ x: s.long(), y: s.float() })).type),
    wideningRules("change"),
  );

  deepEqual(changed.metadata, {});
  const element = typeof changed.type === "object" && changed.type.type === "array"
    ? changed.type.elementType
    : "";
  deepEqual(typeof element === "object" && element.type === "struct" && element.fields[0], {
    name: "x",
    type: "long",
    nullable: false,
    metadata: { "delta.typeChanges": [{ fromType: "byte", toType: "long" }] },
  });
});
