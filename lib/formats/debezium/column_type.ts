import type { DataType, PrimitiveType } from "../../core/mod.ts";
import type { ConnectType } from "./connect_type.ts";
import { isBits } from "./convert_bits.ts";
import { CONNECT_DECIMAL } from "./convert_decimal.ts";

/** By the meaning that a schema names. */
const BY_NAME: Readonly<Record<string, PrimitiveType>> = {
  "io.debezium.time.Date": "date",
  "org.apache.kafka.connect.data.Date": "date",
  "io.debezium.time.IsoDate": "date",
  "io.debezium.time.Timestamp": "timestamp_ntz",
  "io.debezium.time.MicroTimestamp": "timestamp_ntz",
  "io.debezium.time.NanoTimestamp": "timestamp_ntz",
  "org.apache.kafka.connect.data.Timestamp": "timestamp_ntz",
  "io.debezium.time.IsoTimestamp": "timestamp_ntz",
  "io.debezium.time.ZonedTimestamp": "timestamp",
  "io.debezium.time.Time": "string",
  "io.debezium.time.MicroTime": "string",
  "io.debezium.time.NanoTime": "string",
  "org.apache.kafka.connect.data.Time": "string",
};

/** By how values are written. */
const BY_TYPE: Readonly<Record<string, PrimitiveType>> = {
  boolean: "boolean",
  int8: "byte",
  int16: "short",
  int32: "integer",
  int64: "long",
  float: "float",
  double: "double",
  string: "string",
  bytes: "binary",
  // As JSON.
  struct: "string",
  array: "string",
  map: "string",
};

/** The type that a column has for the values of a Connect type; `undefined` if there is none. */
export function columnTypeOf(source: ConnectType): DataType | undefined {
  if (source.name === CONNECT_DECIMAL) return decimalOf(source);
  if (isBits(source)) return "binary";
  return BY_NAME[source.name ?? ""] ?? BY_TYPE[source.type];
}

function decimalOf({ parameters }: ConnectType): DataType | undefined {
  const scale = Number(parameters.scale);
  const precision = Number(parameters["connect.decimal.precision"] ?? 38);
  if (!Number.isInteger(scale) || scale < 0 || precision < scale || precision > 38) {
    return undefined;
  }
  return { type: "decimal", precision, scale };
}
