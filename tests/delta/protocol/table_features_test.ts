import { throws } from "assert";
import type { Metadata, Protocol } from "../../../lib/delta/protocol/actions.ts";
import { type FieldJson, formatFields } from "../../../lib/delta/protocol/schema_json.ts";
import { refuseRemoval, refuseUnwritable } from "../../../lib/delta/protocol/table_features.ts";
import { field } from "../../support/table_layouts.ts";

function metadataOf(
  fields: readonly FieldJson[],
  configuration: Record<string, string> = {},
  partitionColumns: readonly string[] = [],
): Metadata {
  return {
    id: "x",
    format: { provider: "parquet", options: {} },
    schemaString: formatFields(fields),
    partitionColumns,
    configuration,
  };
}

function writerFeatures(...names: string[]): Protocol {
  return { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: names };
}

const legacy: Protocol = { minReaderVersion: 1, minWriterVersion: 6 };
const id = field("id", "long");

Deno.test("refuseUnwritable() lets features pass that are kept to, and those not in use", () => {
  const features = [
    "allowColumnDefaults",
    "appendOnly",
    "changeDataFeed",
    "checkConstraints",
    "clustering",
    "domainMetadata",
    "generatedColumns",
    "icebergCompatV2",
    "identityColumns",
    "inCommitTimestamp",
    "invariants",
    "rowTracking",
  ];

  refuseUnwritable(writerFeatures(...features), metadataOf([id]), "/table");
  refuseUnwritable(legacy, metadataOf([id, field("nothing", "void")]), "/table");
});

const structOfVoids = { type: "struct", fields: [field("x", "void")] } as const;
const refused: [name: string, protocol: Protocol, metadata: Metadata, message: RegExp][] = [
  ["writer features that it does not know", writerFeatures("collations"), metadataOf([id]), /coll/],
  [
    "identity columns",
    legacy,
    metadataOf([field("id", "long", { "delta.identity.start": 1 })]),
    /identityColumns.*"id"/,
  ],
  [
    "Iceberg compatibility that is turned on",
    writerFeatures("icebergCompatV1"),
    metadataOf([id], { "delta.enableIcebergCompatV1": "true" }),
    /icebergCompatV1/,
  ],
  [
    "lists of void",
    legacy,
    metadataOf([id, field("l", { type: "array", elementType: "void", containsNull: true })]),
    /void.*"l"/,
  ],
  ["structs of void", legacy, metadataOf([id, field("s", structOfVoids)]), /void.*"s"/],
  ["tables of void", legacy, metadataOf([field("x", "void")]), /no column is stored/],
  [
    "tables of void beside their partitions",
    legacy,
    metadataOf([id, field("x", "void")], {}, ["id"]),
    /stored/,
  ],
  ["a later writer version", { ...legacy, minWriterVersion: 8 }, metadataOf([id]), /version 8/],
];

for (const [name, protocol, metadata, message] of refused) {
  Deno.test(`refuseUnwritable() refuses ${name}`, () => {
    throws(() => refuseUnwritable(protocol, metadata, "/table"), {
      code: "UNSUPPORTED_FEATURE",
      message,
    });
  });
}

Deno.test("refuseRemoval() keeps the rows of a table that only grows", () => {
  refuseRemoval(metadataOf([id]), "delete rows", "/table");
  refuseRemoval(metadataOf([id], { "delta.appendOnly": "false" }), "delete rows", "/table");
  throws(
    () => refuseRemoval(metadataOf([id], { "delta.appendOnly": "true" }), "delete rows", "/table"),
    { code: "APPEND_ONLY", message: /Cannot delete rows.*delta.appendOnly/ },
  );
});
