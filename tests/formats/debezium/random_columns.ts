import { Decimal, schema as s, type TypeSpec } from "../../../lib/core/mod.ts";
import type { Random } from "../../support/random.ts";

/** A value as it stands in a record, and as a row has it. */
export interface ColumnValue {
  readonly json: string;
  readonly value: unknown;
}

/** A kind of column that a database can have, as Debezium writes it. */
export interface ColumnKind {
  readonly wanted: TypeSpec<unknown>;
  /** The schema that Connect writes for it. */
  readonly connect: Readonly<Record<string, unknown>>;
  /** True if the schema is needed to know what values mean. */
  readonly needsSchema?: boolean;
  /** How Debezium writes that a value of it did not come. */
  readonly unavailable?: string;
  readonly make: (random: Random) => ColumnValue;
}

const MARK = "__debezium_unavailable_value";
const MARK_BYTES = new TextEncoder().encode(MARK);

const named = (type: string, name: string, more: object = {}) => ({
  type,
  name,
  version: 1,
  ...more,
});
const bits64 = (random: Random) => {
  let value = 0n;
  for (let i = 0; i < 4; i++) value = value << 16n | BigInt(random.integer(0, 65535));
  return BigInt.asIntN(64, value);
};
/** Small, large or at the edge. */
const long = (random: Random) =>
  random.pick([
    bits64(random),
    -(2n ** 63n),
    2n ** 63n - 1n,
    0n,
    BigInt(random.integer(-999, 999)),
  ]);
const integer = (random: Random, bits: number) => {
  const half = 2 ** (bits - 1);
  return random.pick([-half, half - 1, 0, random.integer(-half, half - 1)]);
};
const text = (random: Random) =>
  random.pick(["", "a", 'ä\u{1f600}\n\t"\\', "null", "漢字 x", "x".repeat(40), `${random.next()}`]);
/** Microseconds from 0001 to 9999. */
const micros = (random: Random) =>
  random.pick([
    -62_135_596_800_000_000n,
    253_402_300_799_999_999n,
    BigInt(random.integer(-2e12, 2e12)) * 1000n + BigInt(random.integer(0, 999)),
  ]);
const bytes = (random: Random) =>
  Uint8Array.from({ length: random.integer(0, 12) }, () => random.integer(0, 255));

/** Big-endian in two's complement, in as few bytes as Java's `BigInteger.toByteArray` takes. */
function twosComplement(value: bigint): Uint8Array {
  const out: number[] = [];
  for (;;) {
    const low = Number(BigInt.asUintN(8, value));
    out.unshift(low);
    value >>= 8n;
    if (value === 0n && low < 128 || value === -1n && low >= 128) return Uint8Array.from(out);
  }
}

/** ISO 8601 in UTC with as many decimals as it takes. */
function isoText(value: bigint): string {
  const second = value / 1_000_000n - (value % 1_000_000n < 0n ? 1n : 0n);
  const rest = value - second * 1_000_000n;
  const base = new Date(Number(second) * 1000).toISOString().slice(0, 19);
  return `${base}.${String(rest).padStart(6, "0")}Z`;
}

function decimalKind(precision: number, scale: number) {
  const make = (random: Random) => {
    const digits = random.integer(1, precision);
    let unscaled = "";
    for (let i = 0; i < digits; i++) unscaled += random.integer(0, 9);
    return new Decimal(BigInt(unscaled) * (random.next() < 0.5 ? -1n : 1n), scale);
  };
  return { wanted: s.decimal(precision, scale), make };
}

const money = decimalKind(18, 4);
const wide = decimalKind(38, 9);
const json = (value: unknown) => JSON.stringify(value);

/** All kinds, by name. */
export const COLUMN_KINDS: Readonly<Record<string, ColumnKind>> = {
  boolean: {
    wanted: s.boolean(),
    connect: { type: "boolean" },
    make: (random) => {
      const value = random.next() < 0.5;
      return { json: String(value), value };
    },
  },
  smallint: {
    wanted: s.short(),
    connect: { type: "int16" },
    make: (random) => {
      const value = integer(random, 16);
      return { json: String(value), value };
    },
  },
  int: {
    wanted: s.integer(),
    connect: { type: "int32" },
    make: (random) => {
      const value = integer(random, 32);
      return { json: String(value), value };
    },
  },
  bigint: {
    wanted: s.long(),
    connect: { type: "int64" },
    make: (random) => {
      const value = long(random);
      return { json: String(value), value };
    },
  },
  real: {
    wanted: s.float(),
    connect: { type: "float" },
    make: (random) => {
      const value = Math.fround(random.next() * 1000);
      return { json: String(value), value };
    },
  },
  double: {
    wanted: s.double(),
    connect: { type: "double" },
    make: (random) => {
      const value = random.pick([
        0.1,
        NaN,
        Infinity,
        5e-324,
        random.next() * 1e300,
        -random.next(),
      ]);
      return { json: Number.isFinite(value) ? String(value) : json(String(value)), value };
    },
  },
  text: {
    wanted: s.string(),
    connect: { type: "string" },
    unavailable: json(MARK),
    make: (random) => {
      const value = text(random);
      return { json: json(value), value };
    },
  },
  uuid: {
    wanted: s.string(),
    connect: named("string", "io.debezium.data.Uuid"),
    make: () => {
      const value = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";
      return { json: json(value), value };
    },
  },
  bytea: {
    wanted: s.binary(),
    connect: { type: "bytes" },
    unavailable: json(MARK_BYTES.toBase64()),
    make: (random) => {
      const value = bytes(random);
      return { json: json(value.toBase64()), value };
    },
  },
  decimal_text: {
    wanted: money.wanted,
    connect: { type: "string" },
    unavailable: json(MARK),
    make: (random) => {
      const value = money.make(random);
      return { json: json(String(value)), value };
    },
  },
  wide_decimal_text: {
    wanted: wide.wanted,
    connect: { type: "string" },
    make: (random) => {
      const value = wide.make(random);
      return { json: json(String(value)), value };
    },
  },
  decimal_precise: {
    wanted: wide.wanted,
    connect: named("bytes", "org.apache.kafka.connect.data.Decimal", {
      parameters: { scale: "9", "connect.decimal.precision": "38" },
    }),
    needsSchema: true,
    make: (random) => {
      const value = wide.make(random);
      return { json: json(twosComplement(value.unscaled).toBase64()), value };
    },
  },
  decimal_digits: {
    wanted: money.wanted,
    connect: named("bytes", "org.apache.kafka.connect.data.Decimal", {
      parameters: { scale: "4" },
    }),
    make: (random) => {
      const value = money.make(random);
      return { json: String(value), value };
    },
  },
  decimal_variable: {
    wanted: wide.wanted,
    connect: named("struct", "io.debezium.data.VariableScaleDecimal", {
      fields: [
        { type: "int32", optional: false, field: "scale" },
        { type: "bytes", optional: false, field: "value" },
      ],
    }),
    make: (random) => {
      const value = wide.make(random);
      const sent = { scale: value.scale, value: twosComplement(value.unscaled).toBase64() };
      return { json: json(sent), value };
    },
  },
  unsigned_bigint: {
    wanted: s.decimal(20, 0),
    connect: named("bytes", "org.apache.kafka.connect.data.Decimal", {
      parameters: { scale: "0" },
    }),
    needsSchema: true,
    make: (random) => {
      const value = BigInt.asUintN(64, bits64(random));
      return { json: json(twosComplement(value).toBase64()), value: new Decimal(value, 0) };
    },
  },
  date: {
    wanted: s.date(),
    connect: named("int32", "io.debezium.time.Date"),
    make: (random) => {
      const value = random.pick([-719162, 2932896, random.integer(-50_000, 50_000)]);
      return { json: String(value), value };
    },
  },
  timestamp_millis: {
    wanted: s.timestampNtz("ms"),
    connect: named("int64", "io.debezium.time.Timestamp"),
    make: (random) => {
      const value = BigInt(random.integer(-2e12, 2e12));
      return { json: String(value), value: value * 1000n };
    },
  },
  timestamp_micros: {
    wanted: s.timestampNtz(),
    connect: named("int64", "io.debezium.time.MicroTimestamp"),
    make: (random) => {
      const value = micros(random);
      return { json: String(value), value };
    },
  },
  timestamp_nanos: {
    wanted: s.timestampNtz(),
    connect: named("int64", "io.debezium.time.NanoTimestamp"),
    needsSchema: true,
    make: (random) => {
      const value = BigInt(random.integer(-2e12, 2e12)) * 1000n;
      return { json: String(value * 1000n), value };
    },
  },
  timestamptz: {
    wanted: s.timestamp(),
    connect: named("string", "io.debezium.time.ZonedTimestamp"),
    make: (random) => {
      const value = micros(random);
      return { json: json(isoText(value)), value };
    },
  },
  time: {
    wanted: s.long(),
    connect: named("int64", "io.debezium.time.MicroTime"),
    make: (random) => {
      const value = BigInt(random.integer(0, 86_399_999)) * 1000n;
      return { json: String(value), value };
    },
  },
  document: {
    wanted: s.struct({ n: s.long().nullable(), tags: s.array(s.string()) }),
    connect: named("string", "io.debezium.data.Json"),
    unavailable: json(MARK),
    make: (random) => {
      const n = long(random);
      return { json: json(`{"tags": ["x"], "n": ${n}}`), value: { n, tags: ["x"] } };
    },
  },
  integers: {
    wanted: s.array(s.integer().nullable()),
    connect: { type: "array", items: { type: "int32", optional: true } },
    unavailable: json([...MARK_BYTES]),
    make: (random) => {
      const value = random.pick([[], [1, null], [integer(random, 32)]]);
      return { json: json(value), value };
    },
  },
  texts: {
    wanted: s.array(s.string()),
    connect: { type: "array", items: { type: "string", optional: true } },
    unavailable: json([MARK]),
    make: (random) => {
      const value = random.pick([[], [text(random)], ["a", ""]]);
      return { json: json(value), value };
    },
  },
  hstore: {
    wanted: s.map(s.string(), s.string().nullable()),
    connect: { type: "map", keys: { type: "string" }, values: { type: "string", optional: true } },
    unavailable: json({ [MARK]: MARK }),
    make: (random) => {
      const value = random.pick([{}, { a: null }, { "": text(random), b: "1" }]);
      return { json: json(value), value: new Map(Object.entries(value)) };
    },
  },
  point: {
    wanted: s.struct({ x: s.double(), wkb: s.binary().nullable() }),
    connect: named("struct", "io.debezium.data.geometry.Point", {
      fields: [
        { type: "double", field: "x" },
        { type: "double", field: "y" },
        { type: "bytes", optional: true, field: "wkb" },
      ],
    }),
    make: (random) => {
      const x = random.next();
      const wkb = bytes(random);
      return { json: json({ x, y: 1, wkb: wkb.toBase64() }), value: { x, wkb } };
    },
  },
};
