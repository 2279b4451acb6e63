import { deepEqual, equal, ok, throws } from "assert";
import { createColumn, type DataType, Decimal } from "../../../lib/core/mod.ts";
import { locateFile } from "../../../lib/delta/files/file_in_table.ts";
import {
  encodePath,
  formatPartitionValue,
  parsePartitionValue,
  partitionFolder,
} from "../../../lib/delta/protocol/partition_values.ts";

const decimal: DataType = { type: "decimal", precision: 18, scale: 8 };

for (
  const [type, value, text] of [
    ["string", "a/b c", "a/b c"],
    ["binary", new TextEncoder().encode("\u0000é"), "\u0000é"],
    ["boolean", true, "true"],
    ["byte", -128, "-128"],
    ["integer", 2147483647, "2147483647"],
    ["long", 9007199254740993n, "9007199254740993"],
    ["double", 0.1, "0.1"],
    ["double", NaN, "NaN"],
    ["float", -Infinity, "-Infinity"],
    [decimal, Decimal.parse("1.50000000"), "1.50000000"],
    ["date", -1, "1969-12-31"],
    ["timestamp", 1_704_067_200_123_456n, "2024-01-01T00:00:00.123456Z"],
    ["timestamp_ntz", 1_704_067_200_000_000n, "2024-01-01 00:00:00.000000"],
  ] as [DataType, unknown, string][]
) {
  Deno.test(`a partition value ${JSON.stringify(text)} is written and read as ${JSON.stringify(type)}`, () => {
    const column = createColumn(type);
    column.append(value);

    equal(formatPartitionValue(column, 0), text);
    deepEqual(parsePartitionValue(type, text), value);
  });
}

Deno.test("a partition value of null is null, and so is empty text of any type", () => {
  const column = createColumn("long");
  column.append(null);

  equal(formatPartitionValue(column, 0), null);
  for (const type of ["string", "long", "binary", decimal] as DataType[]) {
    equal(parsePartitionValue(type, null), null);
    equal(parsePartitionValue(type, ""), null);
    equal(parsePartitionValue(type, undefined), null);
  }
});

Deno.test("parsePartitionValue() reads what other writers write", () => {
  equal(parsePartitionValue("double", "1.0E10"), 1e10);
  equal(parsePartitionValue("float", "0.1"), Math.fround(0.1));
  equal(parsePartitionValue("timestamp", "2024-01-01 00:00:00"), 1_704_067_200_000_000n);
  equal(parsePartitionValue("timestamp", "2024-01-01 00:00:00.5"), 1_704_067_200_500_000n);
  deepEqual(parsePartitionValue(decimal, "1.5"), Decimal.parse("1.50000000"));
});

Deno.test("parsePartitionValue() refuses what is no value of the type", () => {
  for (const [type, text] of [["long", "x"], ["boolean", "yes"], ["date", "2024-13-01"]] as const) {
    throws(() => parsePartitionValue(type, text), { code: "BAD_PARTITION_VALUE" });
  }
});

Deno.test("a partition's folder is escaped once for the disk and once more for the log", () => {
  const folder = partitionFolder({ symbol: "a b%c/d", "k=y": null });

  equal(folder, "symbol=a b%25c%2Fd/k%3Dy=__HIVE_DEFAULT_PARTITION__/");
  equal(
    encodePath(`${folder}x.parquet`),
    "symbol=a%20b%2525c%252Fd/k%253Dy=__HIVE_DEFAULT_PARTITION__/x.parquet",
  );
  equal(locateFile("/table", encodePath(`${folder}x.parquet`)), `/table/${folder}x.parquet`);
});

Deno.test("a path in the log has nothing in it that other writers would quote in another way", () => {
  const folder = partitionFolder({ kind: "é 🙂@&+$,;!'()*~\u00a0\u2028{|}" });
  const path = encodePath(`${folder}x.parquet`);

  ok(/^[\w./=%-]+$/.test(path), path);
  ok(path.startsWith("kind=%25C3%25A9%20%25F0%259F%2599%2582%2540%2526"), path);
  equal(locateFile("/table", path), `/table/${folder}x.parquet`);
});
