import { deepEqual, equal, throws } from "assert";
import { schema as s } from "../../../lib/core/mod.ts";
import type { Protocol } from "../../../lib/delta/protocol/actions.ts";
import {
  hasFeature,
  protocolFor,
  upgradedProtocol,
} from "../../../lib/delta/protocol/new_protocol.ts";
import { type FieldJson, fieldsOf } from "../../../lib/delta/protocol/schema_json.ts";

const Plain = s.struct({ id: s.long() });

function sorted(protocol: Protocol): unknown {
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = protocol;
  return [
    minReaderVersion,
    minWriterVersion,
    readerFeatures?.toSorted(),
    writerFeatures?.toSorted(),
  ];
}

// What Delta 4 on Spark gave to tables made with these properties.
for (
  const [properties, expected] of [
    [{}, [1, 2, undefined, undefined]],
    [{ "delta.appendOnly": "true" }, [1, 2, undefined, undefined]],
    [{ "delta.constraints.c": "id > 0" }, [1, 3, undefined, undefined]],
    [{ "delta.minWriterVersion": "4" }, [1, 4, undefined, undefined]],
    [{ "delta.enableChangeDataFeed": "true" }, [1, 7, undefined, [
      "appendOnly",
      "changeDataFeed",
      "invariants",
    ]]],
    [{ "delta.columnMapping.mode": "name" }, [2, 7, undefined, [
      "appendOnly",
      "columnMapping",
      "invariants",
    ]]],
    [{ "delta.columnMapping.mode": "name", "delta.enableDeletionVectors": "true" }, [
      3,
      7,
      ["columnMapping", "deletionVectors"],
      ["appendOnly", "columnMapping", "deletionVectors", "invariants"],
    ]],
    [{ "delta.columnMapping.mode": "name", "delta.enableRowTracking": "true" }, [
      2,
      7,
      undefined,
      ["appendOnly", "columnMapping", "domainMetadata", "invariants", "rowTracking"],
    ]],
    [{ "delta.checkpointPolicy": "v2" }, [3, 7, ["v2Checkpoint"], [
      "appendOnly",
      "invariants",
      "v2Checkpoint",
    ]]],
    [{ "delta.enableInCommitTimestamps": "true" }, [1, 7, undefined, [
      "appendOnly",
      "inCommitTimestamp",
      "invariants",
    ]]],
    [{ "delta.feature.vacuumProtocolCheck": "supported" }, [3, 7, ["vacuumProtocolCheck"], [
      "appendOnly",
      "invariants",
      "vacuumProtocolCheck",
    ]]],
  ] as [Record<string, string>, unknown][]
) {
  Deno.test(`protocolFor() of ${JSON.stringify(properties)} is the one that Spark chooses`, () => {
    deepEqual(sorted(protocolFor(Plain, properties)), expected);
  });
}

Deno.test("protocolFor() sees what columns ask for, at any level", () => {
  const wallClock = s.struct({ at: s.array(s.struct({ t: s.timestampNtz() })) });
  deepEqual(sorted(protocolFor(wallClock)), [3, 7, ["timestampNtz"], [
    "appendOnly",
    "invariants",
    "timestampNtz",
  ]]);

  const [id] = fieldsOf(Plain.fields);
  const generated: FieldJson = {
    name: "next",
    type: "long",
    nullable: true,
    metadata: { "delta.generationExpression": "id + 1" },
  };
  deepEqual(sorted(protocolFor([id!, generated])), [1, 7, undefined, [
    "appendOnly",
    "generatedColumns",
    "invariants",
  ]]);
});

Deno.test("protocolFor() refuses a feature that is not known", () => {
  throws(() => protocolFor(Plain, { "delta.feature.catalogManaged": "supported" }), {
    code: "UNSUPPORTED_FEATURE",
    message: /catalogManaged/,
  });
});

Deno.test("upgradedProtocol() lists by name what an old version implied", () => {
  const old: Protocol = { minReaderVersion: 2, minWriterVersion: 5 };

  deepEqual(sorted(upgradedProtocol(old, ["deletionVectors"])), [
    3,
    7,
    ["columnMapping", "deletionVectors"],
    [
      "appendOnly",
      "changeDataFeed",
      "checkConstraints",
      "columnMapping",
      "deletionVectors",
      "generatedColumns",
      "invariants",
    ],
  ]);
});

Deno.test("upgradedProtocol() leaves a protocol that has the features as it is", () => {
  const old: Protocol = { minReaderVersion: 1, minWriterVersion: 4 };

  equal(upgradedProtocol(old, ["changeDataFeed", "appendOnly"]), old);
  equal(hasFeature(old, "generatedColumns"), true);
  equal(hasFeature(old, "columnMapping"), false);
});

Deno.test("upgradedProtocol() keeps features that it does not know", () => {
  const known: Protocol = {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ["variantType"],
    writerFeatures: ["variantType", "appendOnly"],
  };

  const { writerFeatures } = upgradedProtocol(known, ["clustering"]);

  deepEqual(writerFeatures, ["variantType", "appendOnly", "clustering", "domainMetadata"]);
});
