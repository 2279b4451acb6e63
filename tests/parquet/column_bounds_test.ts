import { deepEqual } from "assert";
import { Decimal } from "../../lib/core/mod.ts";
import { columnBounds } from "../../lib/parquet/column_bounds.ts";
import type { ParquetColumn } from "../../lib/parquet/mod.ts";
import { ThriftStruct } from "../../lib/parquet/thrift_struct.ts";

const OLD = { max: 1, min: 2 };
const NEW = { max: 5, min: 6 };
const NULL_COUNT = 3;

Deno.test("columnBounds() takes the old min and max of signed types only", () => {
  const old = statistics(OLD, int32(-1), int32(5));
  deepEqual(columnBounds(column("INT32", "integer"), old, false), { min: -1, max: 5 });
  deepEqual(columnBounds(unsigned("INT32", "long"), old, true), {});
  const texts = statistics(OLD, bytes("a"), bytes("b"));
  deepEqual(columnBounds(column("BYTE_ARRAY", "string"), texts, true), {});
  deepEqual(columnBounds(column("BYTE_ARRAY", "binary"), texts, true), {});
  const wide = statistics(OLD, new Uint8Array(16), new Uint8Array(16));
  deepEqual(columnBounds(column("FIXED_LEN_BYTE_ARRAY", DECIMAL), wide, true), {});
});

Deno.test("columnBounds() does not believe bounds without an order to go by", () => {
  const bounds = statistics(NEW, bytes("a"), bytes("b"));
  deepEqual(columnBounds(column("BYTE_ARRAY", "string"), bounds, true), { min: "a", max: "b" });
  deepEqual(columnBounds(column("BYTE_ARRAY", "string"), bounds, false), {});
});

Deno.test("columnBounds() reads unsigned integers as such", () => {
  const bounds = statistics(NEW, int32(1), int32(-1));
  deepEqual(columnBounds(unsigned("INT32", "long"), bounds, true), { min: 1n, max: 4294967295n });
});

Deno.test("columnBounds() takes no NaN, and either zero for both", () => {
  const double = column("DOUBLE", "double");
  deepEqual(columnBounds(double, statistics(NEW, float64(NaN), float64(1)), true), {});
  deepEqual(columnBounds(double, statistics(NEW, float64(1), float64(NaN)), true), {});
  deepEqual(columnBounds(double, statistics(NEW, float64(0), float64(-0)), true), {
    min: -0,
    max: 0,
  });
});

Deno.test("columnBounds() takes nothing of 96-bit timestamps, of unknown types and of odd lengths", () => {
  const twelve = statistics(NEW, new Uint8Array(12), new Uint8Array(12));
  deepEqual(columnBounds(column("INT96", "timestamp_ntz"), twelve, true), {});
  deepEqual(columnBounds(column("FIXED_LEN_BYTE_ARRAY"), twelve, true), {});
  deepEqual(columnBounds(column("INT64", "long"), twelve, true), {});
  deepEqual(
    columnBounds(column("FIXED_LEN_BYTE_ARRAY", DECIMAL), statistics(NEW, bytes("")), true),
    {},
  );
});

Deno.test("columnBounds() takes one bound without the other, and no text cut within a character", () => {
  const text = column("BYTE_ARRAY", "string");
  const cut = statistics(NEW, bytes("ä").subarray(0, 1), bytes("ö"));
  deepEqual(columnBounds(text, cut, true), { max: "ö" });
  deepEqual(columnBounds(text, statistics(NEW, bytes("a")), true), { min: "a" });
});

Deno.test("columnBounds() rounds nanoseconds down, as rows have them", () => {
  const nanos: ParquetColumn = {
    ...column("INT64", "timestamp"),
    logicalType: { kind: "timestamp", unit: "nanos", isAdjustedToUtc: true },
  };
  const bounds = columnBounds(nanos, statistics(NEW, int64(-1n), int64(1999n)), true);
  deepEqual(bounds, { min: -1n, max: 1n });
});

Deno.test("columnBounds() reads decimals from bytes of any length up to 16", () => {
  const decimal = column("BYTE_ARRAY", DECIMAL);
  const bounds = statistics(NEW, new Uint8Array([0x80, 0]), new Uint8Array([1, 0, 0]));
  deepEqual(columnBounds(decimal, bounds, true), {
    min: new Decimal(-32768n, 2),
    max: new Decimal(65536n, 2),
  });
});

Deno.test("columnBounds() gives the number of nulls, if it can be one", () => {
  const text = column("BYTE_ARRAY", "string");
  const nulls = (value: number) => new ThriftStruct([[NULL_COUNT, { kind: "i64", value }]]);
  deepEqual(columnBounds(text, nulls(0), true), { nullCount: 0 });
  deepEqual(columnBounds(text, nulls(-1), true), {});
});

const DECIMAL = { type: "decimal", precision: 38, scale: 2 } as const;

function column(
  physicalType: ParquetColumn["physicalType"],
  type?: ParquetColumn["type"],
): ParquetColumn {
  const path = ["column"];
  return {
    name: "column",
    path,
    isRepeated: false,
    physicalType,
    ...(type === undefined ? {} : { type }),
  };
}

function unsigned(
  physicalType: ParquetColumn["physicalType"],
  type: ParquetColumn["type"],
): ParquetColumn {
  const logicalType = { kind: "integer", bits: 32, isSigned: false } as const;
  return { ...column(physicalType, type), logicalType };
}

function statistics(
  ids: { readonly min: number; readonly max: number },
  min: Uint8Array,
  max?: Uint8Array,
): ThriftStruct {
  const least = new ThriftStruct([[ids.min, { kind: "binary", value: min }]]);
  return max === undefined ? least : least.with(ids.max, { kind: "binary", value: max });
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function int32(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

function int64(value: bigint): Uint8Array {
  return new Uint8Array(new BigInt64Array([value]).buffer);
}

function float64(value: number): Uint8Array {
  return new Uint8Array(new Float64Array([value]).buffer);
}
