import { type DataType, Decimal, type StructField } from "../../lib/core/mod.ts";

class NumberText {
  constructor(readonly text: string) {}
}

class Refused extends Error {}

/**
 * The row that a record makes by the rules of the decoder, found without any of its code: by
 * `JSON.parse`, `BigInt` and `Temporal`; `undefined` if the record is to be rejected.
 */
export function expectedRow(
  fields: readonly StructField[],
  value: Uint8Array,
): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
    const json = JSON.parse(text, numberTexts);
    return depthOf(text) > 1000 ? undefined : struct(fields, json);
  } catch (error) {
    // JSON.parse, TextDecoder, atob and Temporal each have their own way to say no.
    const refusals = [Refused, SyntaxError, TypeError, DOMException, RangeError];
    if (refusals.some((refusal) => error instanceof refusal)) return undefined;
    throw error;
  }
}

function struct(fields: readonly StructField[], json: unknown): Record<string, unknown> {
  const object = objectOf(json);
  return Object.fromEntries(fields.map((field) => {
    const value = object.get(field.sourceName);
    if (value !== undefined && value !== null) {
      return [field.name, valueOf(value, field.type, field.epochUnit)];
    }
    if (!field.nullable) throw new Refused();
    return [field.name, null];
  }));
}

function valueOf(json: unknown, type: DataType, epochUnit?: string): unknown {
  if (typeof type === "object") {
    switch (type.type) {
      case "decimal":
        return decimal(json, type.precision, type.scale);
      case "struct":
        return struct(type.fields, json);
      case "array":
        if (!Array.isArray(json)) throw new Refused();
        return json.map((item) => elementOf(item, type.elementType, type.containsNull));
      case "map":
        return new Map(
          [...objectOf(json)].map(([key, item]) => [
            valueOf(type.keyType === "long" ? new NumberText(key) : key, type.keyType),
            elementOf(item, type.valueType, type.valueContainsNull),
          ]),
        );
    }
  }
  switch (type) {
    case "boolean":
      if (typeof json !== "boolean") throw new Refused();
      return json;
    case "byte":
      return Number(integer(json, -128n, 127n));
    case "short":
      return Number(integer(json, -32768n, 32767n));
    case "integer":
      return Number(integer(json, -2147483648n, 2147483647n));
    case "long":
      return integer(json, -9223372036854775808n, 9223372036854775807n);
    case "float":
    case "double": {
      if (!(json instanceof NumberText)) throw new Refused();
      const number = JSON.parse(json.text);
      const rounded = type === "float" ? new Float32Array([number])[0]! : number;
      if (!Number.isFinite(rounded)) throw new Refused();
      return rounded;
    }
    case "date": {
      const day = Temporal.PlainDate.from(textLike(json, /^\d{4}-\d\d-\d\d$/));
      if (day.year < 1) throw new Refused();
      return Temporal.PlainDate.from("1970-01-01").until(day).days;
    }
    case "timestamp":
    case "timestamp_ntz":
      return epochUnit === undefined ? timestamp(json, type) : epoch(json, epochUnit);
    case "string": {
      const text = textLike(json, /^/);
      if (!text.isWellFormed()) throw new Refused();
      return text;
    }
    case "binary":
      return new Uint8Array([...atob(textLike(json, /^/))].map((char) => char.charCodeAt(0)));
  }
}

function elementOf(json: unknown, type: DataType, nullable: boolean): unknown {
  if (json !== null) return valueOf(json, type);
  if (!nullable) throw new Refused();
  return null;
}

function integer(json: unknown, min: bigint, max: bigint): bigint {
  if (!(json instanceof NumberText) || !/^-?(0|[1-9]\d*)$/.test(json.text)) throw new Refused();
  const value = BigInt(json.text);
  if (value < min || value > max) throw new Refused();
  return value;
}

function decimal(json: unknown, precision: number, scale: number): Decimal {
  const text = json instanceof NumberText ? json.text : textLike(json, /^/);
  const match = /^([+-]?)(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([+-]?)0*(\d{1,4}))?$/.exec(text);
  if (match === null || text.length > 1000) throw new Refused();
  const [, sign, whole, fraction, exponentSign, exponent] = match;
  const shift = Number(`${exponentSign ?? ""}${exponent ?? 0}`) - fraction!.length + scale;
  let digits = `${whole}${fraction}`.replace(/^0+/, "");
  if (digits === "") return new Decimal(0n, scale);
  if (shift >= 0) digits += "0".repeat(shift);
  else {
    if (!digits.endsWith("0".repeat(-shift))) throw new Refused();
    digits = digits.slice(0, shift);
  }
  if (digits.length > precision) throw new Refused();
  return new Decimal(BigInt(`${sign === "-" ? "-" : ""}${digits}`), scale);
}

function timestamp(json: unknown, type: string): bigint {
  const zone = type === "timestamp" ? "([Zz]|[+-]\\d\\d(:?\\d\\d)?)" : "";
  const form = new RegExp(
    `^\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d{1,9})?)?${zone}$`,
  );
  const text = textLike(json, form);
  // Temporal takes a leap second, which no table can hold.
  if (/^.{16}:60/.test(text)) throw new Refused();
  const nanos = Temporal.Instant.from(type === "timestamp" ? text : `${text}Z`).epochNanoseconds;
  if (nanos % 1000n !== 0n) throw new Refused();
  return inRange(nanos / 1000n);
}

function epoch(json: unknown, unit: string): bigint {
  const micros = integer(json, -(10n ** 30n), 10n ** 30n) *
    (unit === "s" ? 1_000_000n : unit === "ms" ? 1000n : 1n);
  return inRange(micros);
}

function inRange(micros: bigint): bigint {
  const first = Temporal.Instant.from("0001-01-01T00:00:00Z").epochNanoseconds / 1000n;
  const end = Temporal.Instant.from("+010000-01-01T00:00:00Z").epochNanoseconds / 1000n;
  if (micros < first || micros >= end) throw new Refused();
  return micros;
}

function textLike(json: unknown, form: RegExp): string {
  if (typeof json !== "string" || !form.test(json)) throw new Refused();
  return json;
}

function objectOf(json: unknown): Map<string, unknown> {
  if (
    typeof json !== "object" || json === null || Array.isArray(json) || json instanceof NumberText
  ) throw new Refused();
  return new Map(Object.entries(json));
}

function numberTexts(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? new NumberText(context!.source!) : value;
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const bracket of text.replace(/"(\\.|[^"\\])*"/g, "").match(/[[{}\]]/g) ?? []) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
