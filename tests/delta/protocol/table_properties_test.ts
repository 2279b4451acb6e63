import { deepEqual, equal } from "assert";
import {
  checkpointStats,
  cleansUpLog,
  compressionOf,
  logRetentionMs,
  parseByteSize,
  randomPrefixLength,
  statsColumns,
  targetFileBytes,
  tombstoneRetentionMs,
  txnRetentionMs,
} from "../../../lib/delta/protocol/table_properties.ts";

const DAY_MS = 86_400_000;

Deno.test("properties that are not set are as Delta has them by default", () => {
  equal(tombstoneRetentionMs({}), 7 * DAY_MS);
  equal(logRetentionMs({}), 30 * DAY_MS);
  equal(txnRetentionMs({}), undefined);
  equal(cleansUpLog({}), true);
  deepEqual(checkpointStats({}), { asJson: true, asStruct: false });
  equal(compressionOf({}), "snappy");
  equal(targetFileBytes({}), 128 * 2 ** 20);
  equal(randomPrefixLength({}), undefined);
  equal(statsColumns({}), undefined);
});

Deno.test("properties are read as they are written, in any case", () => {
  const properties = {
    "delta.checkpoint.writeStatsAsJson": "FALSE",
    "delta.checkpoint.writeStatsAsStruct": "True",
    "delta.dataSkippingStatsColumns": "a, b.`c,d` ,e",
    "delta.deletedFileRetentionDuration": "interval 1 day",
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "INTERVAL 2 WEEKS",
    "delta.parquet.compression.codec": "SNAPPY",
    "delta.randomizeFilePrefixes": "true",
    "delta.setTransactionRetentionDuration": "interval 12 hours",
    "delta.targetFileSize": "1g",
  };

  equal(tombstoneRetentionMs(properties), DAY_MS);
  equal(logRetentionMs(properties), 14 * DAY_MS);
  equal(txnRetentionMs(properties), DAY_MS / 2);
  equal(cleansUpLog(properties), false);
  deepEqual(checkpointStats(properties), { asJson: false, asStruct: true });
  equal(compressionOf(properties), "snappy");
  equal(targetFileBytes(properties), 2 ** 30);
  equal(randomPrefixLength(properties), 2);
  deepEqual(statsColumns(properties), ["a", "b.`c,d`", "e"]);
});

Deno.test("parseByteSize() reads sizes with and without a unit", () => {
  equal(parseByteSize("134217728"), 128 * 2 ** 20);
  for (const text of ["128mb", "128m", "128 MiB"]) equal(parseByteSize(text), 128 * 2 ** 20);
  for (const text of ["", "0", "-1mb", "1.5g", "12x", "mb"]) equal(parseByteSize(text), undefined);
});
