import { deepEqual, equal } from "assert";
import { Decimal, schema as s, type TypeSpec } from "../../../lib/core/mod.ts";
import { debezium, type DebeziumOptions } from "../../../lib/formats/debezium/mod.ts";
import { decodeChanges } from "./change_records.ts";

type Json = unknown;
type Type = TypeSpec<unknown>;

/** A Connect type, named or not. */
const connect = (type: string, name?: string, more: object = {}) => ({
  type,
  optional: true,
  ...(name === undefined ? {} : { name, version: 1 }),
  ...more,
});
const time = (type: string, name: string) => connect(type, `io.debezium.time.${name}`);
const data = (type: string, name: string, more: object = {}) =>
  connect(type, `io.debezium.data.${name}`, more);
const preciseDecimal = (scale: number) =>
  connect("bytes", "org.apache.kafka.connect.data.Decimal", {
    parameters: { scale: String(scale), "connect.decimal.precision": "38" },
  });

/** What becomes of a value in a column: the value, or the text of the rejection. */
async function read(
  value: Json,
  wanted: Type,
  schema?: object,
  options: Partial<DebeziumOptions<"id", Record<never, never>>> = {},
): Promise<unknown> {
  const row = s.struct({ id: s.integer(), v: wanted.nullable() });
  const text = typeof value === "string" && value.startsWith("raw:")
    ? value.slice(4)
    : JSON.stringify(value);
  const payload = `{"op":"c","after":{"id":1,"v":${text}}}`;
  const after = {
    type: "struct",
    fields: [{ type: "int32", field: "id" }, { ...schema, field: "v" }],
    optional: true,
    field: "after",
  };
  const record = schema === undefined
    ? payload
    : `{"schema":${JSON.stringify({ type: "struct", fields: [after] })},"payload":${payload}}`;
  const decoder = debezium(row, { key: ["id"], ...options });
  const { rows, errors } = await decodeChanges(decoder, [{ key: null, value: record }]);
  if (errors[0] !== undefined) return errors[0].replace('field "v"', "");
  const read = rows[0]?.v;
  return read instanceof Decimal ? String(read) : read;
}

Deno.test("integers are exact, and take the number whatever it means", async () => {
  for (const schema of [undefined, connect("int64"), time("int64", "MicroTimestamp")]) {
    for (const text of ["9223372036854775807", "-9223372036854775808", "9007199254740993", "0"]) {
      equal(await read(`raw:${text}`, s.long(), schema), BigInt(text));
    }
    equal(
      String(await read("raw:9223372036854775808", s.long(), schema)).slice(0, 60),
      ": overflow: found 9223372036854775808, wanted long" + (schema ? "; its type" : ""),
    );
  }
  equal(await read(16495, s.integer(), time("int32", "Date")), 16495);
  equal(await read(2024, s.short(), time("int32", "Year")), 2024);
  equal(
    await read(40000, s.short(), connect("int32")),
    ": overflow: found 40000, wanted short; its type is int32",
  );
  equal(await read(-128, s.byte(), connect("int16")), -128);
  equal(await read(-129, s.byte()), ": overflow: found -129, wanted byte");
  equal(await read(128, s.byte()), ": overflow: found 128, wanted byte");
  equal(await read(7, s.long(), connect("int8")), 7n);
  equal(await read("7", s.long()), ': found "7", wanted long');
  equal(
    await read("7", s.long(), connect("string")),
    ': found "7", wanted long; its type is string',
  );
  equal(
    await read(true, s.integer(), connect("boolean")),
    ": found true, wanted integer; its type is boolean",
  );
});

Deno.test("unsigned 64-bit integers come as bytes, as digits or as what is left of them", async () => {
  const all = Uint8Array.of(0, 255, 255, 255, 255, 255, 255, 255, 255).toBase64();
  equal(await read(all, s.decimal(20, 0), preciseDecimal(0)), "18446744073709551615");
  equal(
    await read(all, s.long(), preciseDecimal(0)),
    `: found ${
      JSON.stringify(all)
    }, wanted long; its type is org.apache.kafka.connect.data.Decimal (bytes)`,
  );
  equal(await read(Uint8Array.of(127).toBase64(), s.byte(), preciseDecimal(0)), 127);
  equal(await read(-1, s.long(), connect("int64")), -1n);
});

Deno.test("decimals are exact in every form", async () => {
  const wide = s.decimal(38, 9);
  const text = "12345678901234567890.123456789";
  const bytes = "AY7pD/bDc+A29AsT";
  let unscaled = 0n;
  for (const byte of Uint8Array.fromBase64(bytes)) unscaled = unscaled * 256n + BigInt(byte);
  const digits = `${unscaled}`;
  equal(await read(text, wide), text);
  equal(await read(text, wide, connect("string")), text);
  equal(await read(`raw:${text}`, wide), text);
  equal(await read(`raw:${text}`, wide, preciseDecimal(9)), text);
  equal(
    await read(bytes, wide, preciseDecimal(9)),
    `${digits.slice(0, -9)}.${digits.slice(-9)}`,
  );
  equal(await read("/w==", s.decimal(9, 2), preciseDecimal(2)), "-0.01");
  equal(await read("gA==", s.decimal(9, 2), preciseDecimal(0)), "-128.00");
  equal(await read("AA==", s.decimal(9, 2), preciseDecimal(2)), "0.00");
  equal(await read("AQ==", s.decimal(9, 0), preciseDecimal(-3)), "1000");
  const variable = data("struct", "VariableScaleDecimal", {
    fields: [{ type: "int32", field: "scale" }, { type: "bytes", field: "value" }],
  });
  for (const schema of [variable, undefined]) {
    equal(await read({ scale: 3, value: "MDk=" }, s.decimal(9, 4), schema), "12.3450");
    equal(await read({ value: "/w==", scale: 0 }, s.decimal(9, 0), schema), "-1");
  }
  equal(await read(`raw:0.1`, s.decimal(9, 2), connect("double")), "0.10");
  equal(await read(`raw:1.5E10`, s.decimal(18, 2), connect("double")), "15000000000.00");
  equal(await read(3, s.decimal(9, 2), connect("int16")), "3.00");
});

Deno.test("a decimal that does not fit is rejected, with what it is", async () => {
  equal(
    await read("1.234", s.decimal(9, 2), connect("string")),
    ': more than 2 decimals: found "1.234", wanted decimal(9,2); its type is string',
  );
  equal(await read("123.45", s.decimal(4, 2)), ': overflow: found "123.45", wanted decimal(4,2)');
  const type = "; its type is org.apache.kafka.connect.data.Decimal (bytes)";
  equal(
    await read("BNI=", s.decimal(9, 2), preciseDecimal(3)),
    `: more decimals than fit: found 1.234, wanted decimal(9,2)${type}`,
  );
  equal(
    await read("BNI=", s.decimal(3, 0), preciseDecimal(0)),
    `: overflow: found 1234, wanted decimal(3,0)${type}`,
  );
  equal(
    await read("!", s.decimal(9, 2), preciseDecimal(2)),
    `: found "!", wanted decimal(9,2)${type}`,
  );
  equal(
    await read("", s.decimal(9, 2), preciseDecimal(2)),
    `: found "", wanted decimal(9,2)${type}`,
  );
  equal(
    await read("BNI=", s.decimal(9, 2), connect("bytes", "org.apache.kafka.connect.data.Decimal")),
    `: found "BNI=", wanted decimal(9,2)${type}`,
  );
  equal(await read("BNI=", s.decimal(9, 2)), ': found "BNI=", wanted decimal(9,2)');
  for (const none of ["NaN", "Infinity"]) {
    equal(
      await read(none, s.decimal(9, 2), connect("string")),
      `: found "${none}", wanted decimal(9,2); its type is string`,
    );
  }
  equal(
    await read({ scale: 1e9, value: "AQ==" }, s.decimal(9, 2)),
    ": found an object, wanted decimal(9,2)",
  );
  equal(
    await read({ scale: "1", value: "AQ==" }, s.decimal(9, 2)),
    ": found an object, wanted decimal(9,2)",
  );
});

Deno.test("days come as numbers and as text", async () => {
  const days = Date.parse("2015-03-01") / 86_400_000;
  for (
    const schema of [
      undefined,
      time("int32", "Date"),
      connect("int32", "org.apache.kafka.connect.data.Date"),
    ]
  ) {
    equal(await read(days, s.date(), schema), days);
    equal(await read(-719162, s.date(), schema), -719162);
    equal(
      String(await read(-719163, s.date(), schema)).split(";")[0],
      ": found -719163, wanted date (days since 1970, in the years 1 to 9999)",
    );
    equal(
      String(await read(2932897, s.date(), schema)).split(";")[0],
      ": found 2932897, wanted date (days since 1970, in the years 1 to 9999)",
    );
  }
  for (const schema of [undefined, time("string", "IsoDate"), connect("string")]) {
    equal(await read("2015-03-01Z", s.date(), schema), days);
    equal(await read("2015-03-01", s.date(), schema), days);
  }
  equal(
    await read(1, s.date(), time("int64", "Timestamp")),
    ": found 1, wanted date; its type is io.debezium.time.Timestamp (int64)",
  );
});

Deno.test("times have the unit that their type says", async () => {
  const micros = 1735725600123456n;
  for (const wanted of [s.timestamp(), s.timestampNtz(), s.timestampNtz("s")]) {
    const read1 = (value: Json, schema?: object) => read(value, wanted, schema);
    equal(await read1(1735725600123, time("int64", "Timestamp")), 1735725600123000n);
    equal(
      await read1(1735725600123, connect("int64", "org.apache.kafka.connect.data.Timestamp")),
      1735725600123000n,
    );
    equal(await read1("raw:1735725600123456", time("int64", "MicroTimestamp")), micros);
    equal(await read1("raw:1735725600123456000", time("int64", "NanoTimestamp")), micros);
    equal(await read1("raw:-1000", time("int64", "NanoTimestamp")), -1n);
    equal(await read1("2025-01-01T10:00:00.123456Z", time("string", "IsoTimestamp")), micros);
    equal(await read1("2025-01-01T10:00:00.123456Z", time("string", "ZonedTimestamp")), micros);
    equal(await read1("2025-01-01T10:00:00.123456Z", connect("string")), micros);
  }
  equal(
    await read("2025-01-01T12:00:00.123456+02:00", s.timestamp(), time("string", "ZonedTimestamp")),
    micros,
  );
});

Deno.test("a time that does not fit is rejected", async () => {
  const zoned = time("string", "ZonedTimestamp");
  equal(
    await read("2025-01-01T12:00:00+02:00", s.timestampNtz(), zoned),
    ': found "2025-01-01T12:00:00+02:00", wanted timestamp_ntz (ISO 8601 text without a zone); ' +
      "its type is io.debezium.time.ZonedTimestamp (string)",
  );
  equal(
    await read("infinity", s.timestamp(), zoned),
    ': found "infinity", wanted timestamp (ISO 8601 text with a zone); its type is ' +
      "io.debezium.time.ZonedTimestamp (string)",
  );
  equal(
    await read("raw:1735725600123456789", s.timestamp(), time("int64", "NanoTimestamp")),
    ": found 1735725600123456789, wanted timestamp (whole microseconds); its type is " +
      "io.debezium.time.NanoTimestamp (int64)",
  );
  equal(
    await read("raw:9223372036854775807", s.timestamp(), time("int64", "MicroTimestamp")),
    ": overflow: found 9223372036854775807, wanted timestamp (an integer of us since 1970); its " +
      "type is io.debezium.time.MicroTimestamp (int64)",
  );
  equal(
    await read("10:15:30Z", s.timestamp(), time("string", "ZonedTime")),
    ': found "10:15:30Z", wanted timestamp; its type is io.debezium.time.ZonedTime (string)',
  );
  // What looks like a time need not be one.
  equal(
    await read("2025-01-01T10:00:00Z", s.timestamp(), data("string", "Enum")),
    ': found "2025-01-01T10:00:00Z", wanted timestamp; its type is io.debezium.data.Enum (string)',
  );
  equal(
    await read(5, s.timestamp(), connect("int64")),
    ": found 5, wanted timestamp; its type is int64",
  );
  equal(await read(5, s.timestamp("s"), connect("int64")), 5_000_000n);
});

Deno.test("without schemas times have the unit of the option, or their column's own", async () => {
  const ntz = s.timestampNtz();
  equal(await read(1735725600123, ntz), 1735725600123n);
  equal(await read(1735725600123, ntz, undefined, { timePrecision: "ms" }), 1735725600123000n);
  equal(await read(5000, ntz, undefined, { timePrecision: "ns" }), 5n);
  equal(await read(5, s.timestampNtz("s"), undefined, { timePrecision: "ms" }), 5_000_000n);
  equal(
    await read("2025-01-01T10:00:00Z", s.timestamp(), undefined, { timePrecision: "ms" }),
    1735725600000000n,
  );
  equal(
    await read({ at: 5 }, s.struct({ at: s.timestamp() }), undefined, { timePrecision: "ms" })
      .then((row) => (row as { at: bigint }).at),
    5000n,
  );
});

Deno.test("times of day become text as clocks show it, or stay numbers", async () => {
  equal(await read(36930123, s.string(), time("int32", "Time")), "10:15:30.123");
  equal(await read(36930123456, s.string(), time("int64", "MicroTime")), "10:15:30.123456");
  equal(
    await read("raw:36930123456789", s.string(), time("int64", "NanoTime")),
    "10:15:30.123456789",
  );
  equal(
    await read(0, s.string(), connect("int32", "org.apache.kafka.connect.data.Time")),
    "00:00:00.000",
  );
  equal(
    await read("raw:-3020399000000", s.string(), time("int64", "MicroTime")),
    "-838:59:59.000000",
  );
  equal(await read(36930123456, s.long(), time("int64", "MicroTime")), 36930123456n);
  equal(await read("10:15:30Z", s.string(), time("string", "ZonedTime")), "10:15:30Z");
  equal(await read("P1Y2M3DT4H5M6.7S", s.string(), time("string", "Interval")), "P1Y2M3DT4H5M6.7S");
  equal(await read(2629800000000, s.long(), time("int64", "MicroDuration")), 2629800000000n);
  equal(
    await read(5, s.string(), time("int64", "MicroTimestamp")),
    ": found 5, wanted string; its type is io.debezium.time.MicroTimestamp (int64)",
  );
  equal(await read(5, s.string()), ": found 5, wanted string");
});

Deno.test("text of any meaning is text", async () => {
  for (const name of ["Uuid", "Json", "Xml", "Enum", "EnumSet", "Ltree"]) {
    equal(await read('a "b" ä 😀\n', s.string(), data("string", name)), 'a "b" ä 😀\n');
  }
  equal(
    await read('raw:"\\ud800"', s.string()),
    ': found "\\ud800", wanted string (without half of a surrogate pair)',
  );
  equal(
    await read("a", s.boolean(), connect("string")),
    ': found "a", wanted boolean; its type is string',
  );
});

Deno.test("booleans are also 0 and 1", async () => {
  for (const schema of [undefined, connect("int16")]) {
    equal(await read(1, s.boolean(), schema), true);
    equal(await read(0, s.boolean(), schema), false);
    equal(String(await read(2, s.boolean(), schema)).split(";")[0], ": found 2, wanted boolean");
  }
  equal(await read(true, s.boolean(), connect("boolean")), true);
  equal(
    await read(1, s.boolean(), connect("boolean")),
    ": found 1, wanted boolean; its type is boolean",
  );
});

Deno.test("floats may be no numbers", async () => {
  for (const schema of [undefined, connect("double")]) {
    equal(await read("raw:0.1", s.double(), schema), 0.1);
    equal(await read("raw:1.7976931348623157E308", s.double(), schema), Number.MAX_VALUE);
    equal(await read("NaN", s.double(), schema), NaN);
    equal(await read("-Infinity", s.float(), schema), -Infinity);
    equal(String(await read("x", s.double(), schema)).split(";")[0], ': found "x", wanted double');
  }
  equal(await read("raw:0.1", s.float(), connect("float")), Math.fround(0.1));
  equal(
    await read("1.5", s.double(), connect("string")),
    ': found "1.5", wanted double; its type is string',
  );
});

Deno.test("bytes are base64, and bits are numbers too", async () => {
  deepEqual(await read("AAEC", s.binary(), connect("bytes")), Uint8Array.of(0, 1, 2));
  deepEqual(await read("AAEC", s.binary()), Uint8Array.of(0, 1, 2));
  equal(
    await read("000102", s.binary(), connect("string")),
    ': found "000102", wanted binary; its type is string',
  );
  const bits = data("bytes", "Bits", { parameters: { length: "40" } });
  deepEqual(await read("BQE=", s.binary(), bits), Uint8Array.of(5, 1));
  equal(await read("BQE=", s.long(), bits), 261n);
  equal(await read("", s.integer(), bits), 0);
  equal(
    await read("//////////8=", s.long(), bits),
    ': found "//////////8=", wanted long; its type is io.debezium.data.Bits (bytes)',
  );
  equal(
    await read("BQE=", s.string(), bits),
    ': found "BQE=", wanted string; its type is io.debezium.data.Bits (bytes)',
  );
});

Deno.test("arrays, maps and structs are read by the types of their parts", async () => {
  const dates = connect("array", undefined, { items: time("int32", "Date") });
  deepEqual(await read([1, null, 3], s.array(s.date().nullable()), dates), [1, null, 3]);
  equal(
    await read([1, null], s.array(s.date()), dates),
    "[1]: found null, wanted date; its type is array".replace("[1]", 'field "v[1]"'),
  );
  const decimals = connect("array", undefined, { items: preciseDecimal(2) });
  deepEqual(
    (await read(["AQ==", "/w=="], s.array(s.decimal(9, 2)), decimals) as Decimal[]).map(String),
    ["0.01", "-0.01"],
  );
  const hstore = connect("map", undefined, { keys: connect("string"), values: connect("string") });
  deepEqual(
    await read({ a: "1", b: null }, s.map(s.string(), s.string().nullable()), hstore),
    new Map([["a", "1"], ["b", null]]),
  );
  const byNumber = connect("map", undefined, { keys: connect("int32"), values: connect("int64") });
  deepEqual(
    await read([[1, 2], [3, 4]], s.map(s.integer(), s.long()), byNumber),
    new Map([[1, 2n], [3, 4n]]),
  );
  const point = connect("struct", "io.debezium.data.geometry.Point", {
    fields: [
      { type: "double", field: "x" },
      { type: "double", field: "y" },
      { type: "bytes", optional: true, field: "wkb" },
      { type: "int32", optional: true, field: "srid" },
    ],
  });
  const Point = s.struct({
    y: s.double(),
    wkb: s.binary().nullable(),
    srid: s.integer().nullable(),
  });
  for (const schema of [point, undefined]) {
    const value = { x: 1.5, y: 2.5, wkb: "AQE=", srid: null };
    deepEqual(await read(value, Point, schema), { y: 2.5, wkb: Uint8Array.of(1, 1), srid: null });
    equal(await read(value, s.string(), schema), '{"x":1.5,"y":2.5,"wkb":"AQE=","srid":null}');
    equal(
      String(await read({ y: "a" }, Point, schema)).split(";")[0],
      'field "v.y": found "a", wanted double',
    );
  }
  equal(
    await read([], Point, connect("array", undefined, { items: connect("int32") })),
    ": found an array, wanted struct<y:double,wkb:binary,srid:integer>; its type is array",
  );
});

Deno.test("text that is JSON becomes a struct, an array or a map by the rules of json", async () => {
  const json = data("string", "Json");
  const Doc = s.struct({ n: s.long(), at: s.timestamp("ms").nullable() });
  for (const schema of [json, undefined]) {
    deepEqual(await read('{"n": 9007199254740993, "at": 5}', Doc, schema), {
      n: 9007199254740993n,
      at: 5000n,
    });
    deepEqual(await read(" [1, 2]", s.array(s.long()), schema), [1n, 2n]);
    deepEqual(
      await read('{"a":"b"}', s.map(s.string(), s.string()), schema),
      new Map([["a", "b"]]),
    );
    equal(
      String(await read("{", Doc, schema)).split(";")[0],
      ': found "{", wanted a JSON document',
    );
    equal(
      String(await read("null", Doc, schema)).split(";")[0],
      ': found "null", wanted a JSON document',
    );
    equal(
      String(await read('{"n":1.5}', Doc, schema)).split(";")[0],
      'field "v.n": found 1.5, wanted long',
    );
  }
});

Deno.test("a set of MySQL becomes an array", async () => {
  const set = data("string", "EnumSet", { parameters: { allowed: "a,b,c" } });
  deepEqual(await read("a,c", s.array(s.string()), set), ["a", "c"]);
  deepEqual(await read("", s.array(s.string()), set), []);
  equal(await read("a,c", s.string(), set), "a,c");
});
