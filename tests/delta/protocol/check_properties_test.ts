import { deepEqual, throws } from "assert";
import { checkProperties, storedProperties } from "../../../lib/delta/protocol/check_properties.ts";

Deno.test("checkProperties() takes what is kept to, and the user's own", () => {
  checkProperties({
    "delta.appendOnly": "True",
    "delta.checkpointInterval": "20",
    "delta.columnMapping.mode": "name",
    "delta.constraints.positive": "id > 0",
    "delta.dataSkippingNumIndexedCols": "-1",
    "delta.dataSkippingStatsColumns": "id, address.`zip, code`",
    "delta.feature.deletionVectors": "supported",
    "delta.logRetentionDuration": "interval 30 days",
    "delta.minReaderVersion": "3",
    "delta.parquet.compression.codec": "ZSTD",
    "delta.targetFileSize": "64mb",
    "delta.autoOptimize.autoCompact": "auto",
    owner: "me",
    "pipeline.delta.x": "1",
  }, "create");
});

for (
  const [name, value, wanted] of [
    ["delta.appendOnly", "yes", /true, false/],
    ["delta.checkpointInterval", "0", /whole number from 1/],
    ["delta.checkpointInterval", "1.5", /whole number/],
    ["delta.columnMapping.mode", "Name", /none, name, id/],
    ["delta.dataSkippingStatsColumns", "a..b", /names of columns/],
    ["delta.deletedFileRetentionDuration", "7d", /interval 7 days/],
    ["delta.isolationLevel", "ReadCommitted", /Serializable/],
    ["delta.minWriterVersion", "8", /from 1 to 7/],
    ["delta.targetFileSize", "big", /128mb/],
    ["delta.parquet.compression.codec", "lzo", /zstd/],
    ["delta.enableIcebergCompatV2", "true", /false/],
    ["delta.universalFormat.enabledFormats", "iceberg", /not kept to/],
    ["delta.columnMapping.maxColumnId", "9", /writers keep/],
    ["delta.CheckpointInterval", "9", /"delta.checkpointInterval"/],
    ["delta.feature.variantType", "supported", /one of appendOnly/],
    ["delta.feature.deletionVectors", "maybe", /supported/],
  ] as [string, string, RegExp][]
) {
  Deno.test(`checkProperties() refuses ${name} = ${value}, saying what is wanted`, () => {
    throws(() => checkProperties({ [name]: value }, "create"), (error: Error) => {
      const isNamed = error.message.includes(name) && error.message.includes(value);
      return isNamed && wanted.test(error.message) && "code" in error &&
        error.code === "BAD_PROPERTY";
    });
  });
}

Deno.test("checkProperties() wants constraints of a table that has rows to be added as such", () => {
  throws(() => checkProperties({ "delta.constraints.c": "id > 0" }, "set"), {
    code: "BAD_PROPERTY",
    message: /addConstraint/,
  });
});

Deno.test("storedProperties() leaves out what speaks of the protocol", () => {
  deepEqual(
    storedProperties({
      "delta.feature.deletionVectors": "supported",
      "delta.minReaderVersion": "3",
      "delta.minWriterVersion": "7",
      "delta.appendOnly": "true",
    }),
    { "delta.appendOnly": "true" },
  );
});
