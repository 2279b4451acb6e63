import { Decimal, type DecimalType, type PrimitiveType, typeName } from "../../core/mod.ts";
import {
  convertValue,
  isObject,
  JsonNumber,
  type JsonValue,
  Mismatch,
  ownField,
} from "../json/mod.ts";
import type { ConnectType } from "./connect_type.ts";
import { type Convert, unfit } from "./convert.ts";

/** Connect's own decimals: an integer as bytes, its scale in the schema. */
export const CONNECT_DECIMAL = "org.apache.kafka.connect.data.Decimal";
/** Debezium's for `numeric` without a scale: a struct of the scale and the bytes. */
export const VARIABLE_SCALE_DECIMAL = "io.debezium.data.VariableScaleDecimal";

/** No scale of a database is greater; more zeros are not worth the time to write them. */
const MAX_SCALE = 20_000;
/** 38 digits are 16 bytes; what is longer does not fit, unless it is all zeros behind the point. */
const MAX_BYTES = 10_000;

const NUMBERS = ["int8", "int16", "int32", "int64", "float", "double"];

/**
 * Reads decimals into a decimal type; `undefined` if values of the source are none. Without a source
 * text and numbers are digits.
 */
export function decimalConverter(
  source: ConnectType | undefined,
  wanted: DecimalType,
): Convert | undefined {
  const decimal = exactDecimal(source);
  if (decimal !== undefined) return (value) => fitted(decimal(value), value, wanted);
  if (source === undefined) {
    return (value) =>
      isObject(value) ? fitted(variableScale(value), value, wanted) : convertValue(value, wanted);
  }
  const isNumber = NUMBERS.includes(source.type) && source.name === undefined;
  if (!isNumber && !(source.type === "string" && source.name === undefined)) return undefined;
  return (value) => convertValue(value, wanted);
}

/** Reads decimals without a fraction, as unsigned 64-bit integers come, into an integer type. */
export function decimalAsInteger(
  source: ConnectType | undefined,
  wanted: PrimitiveType,
): Convert | undefined {
  const decimal = exactDecimal(source);
  if (decimal === undefined) return undefined;
  return (value) => {
    const integer = decimal(value)?.rescaled(0);
    if (integer === undefined) return unfit(value, wanted);
    const converted = convertValue(new JsonNumber(String(integer.unscaled)), wanted);
    return converted instanceof Mismatch ? unfit(value, wanted) : converted;
  };
}

/** Writes decimals that come as bytes as digits; `undefined` for other types. */
export function decimalTextConverter(source: ConnectType): Convert | undefined {
  const decimal = exactDecimal(source);
  if (decimal === undefined) return undefined;
  return (value) => decimal(value)?.toString() ?? unfit(value, "string");
}

/** How decimals that come as bytes are read; `undefined` for other types. */
function exactDecimal(
  source: ConnectType | undefined,
): ((value: JsonValue) => Decimal | undefined) | undefined {
  if (source?.name === VARIABLE_SCALE_DECIMAL) return variableScale;
  if (source?.name !== CONNECT_DECIMAL) return undefined;
  const scale = Number(source.parameters.scale);
  // With decimal.format=NUMERIC the converter writes digits.
  return (value) =>
    value instanceof JsonNumber ? Decimal.tryParse(value.text) : scaled(value, scale);
}

function variableScale(value: JsonValue): Decimal | undefined {
  if (!isObject(value)) return undefined;
  const scale = ownField(value, "scale");
  if (!(scale instanceof JsonNumber)) return undefined;
  return scaled(ownField(value, "value"), Number(scale.text));
}

/** An integer in base64, big-endian in two's complement, with a scale of its own. */
function scaled(value: JsonValue | undefined, scale: number): Decimal | undefined {
  if (typeof value !== "string" || !Number.isInteger(scale) || Math.abs(scale) > MAX_SCALE) {
    return undefined;
  }
  const unscaled = integerOf(value);
  if (unscaled === undefined) return undefined;
  return scale >= 0
    ? new Decimal(unscaled, scale)
    : new Decimal(unscaled * 10n ** BigInt(-scale), 0);
}

function integerOf(base64: string): bigint | undefined {
  try {
    const bytes = Uint8Array.fromBase64(base64);
    if (bytes.length === 0 || bytes.length > MAX_BYTES) return undefined;
    return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toHex()}`));
  } catch {
    return undefined;
  }
}

function fitted(
  decimal: Decimal | undefined,
  value: JsonValue,
  wanted: DecimalType,
): Decimal | Mismatch {
  if (decimal === undefined) return unfit(value, typeName(wanted));
  const rescaled = decimal.rescaled(wanted.scale);
  const limit = 10n ** BigInt(wanted.precision);
  if (rescaled !== undefined && rescaled.unscaled < limit && rescaled.unscaled > -limit) {
    return rescaled;
  }
  const problem = rescaled === undefined ? "more decimals than fit" : "overflow";
  return new Mismatch(`: ${problem}: found ${cut(String(decimal))}, wanted ${typeName(wanted)}`);
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
