import type { ArrayType, DataType, EpochUnit, MapType, StructType } from "../../core/mod.ts";
import {
  convertValue,
  isObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  Mismatch,
  missing,
  ownField,
  parseJson,
  skipValue,
} from "../json/mod.ts";
import { type ConnectType, fieldType } from "./connect_type.ts";
import { type Convert, unfit, within } from "./convert.ts";

/** Text that is a JSON document. */
const JSON_TEXT = "io.debezium.data.Json";
/** Names set apart by commas. */
const ENUM_SET = "io.debezium.data.EnumSet";

/** Makes the converter of a value within another. */
export type ConverterOf = (
  source: ConnectType | undefined,
  wanted: DataType,
  unit?: EpochUnit,
) => Convert;

/**
 * Reads structs, arrays and maps, and text that is a JSON document, by the rules of `json`;
 * `undefined` if values of the source are none of these.
 */
export function nestedConverter(
  source: ConnectType | undefined,
  wanted: StructType | ArrayType | MapType,
  converterOf: ConverterOf,
): Convert | undefined {
  if (source?.name === JSON_TEXT) return (value) => fromJsonText(value, wanted);
  if (wanted.type === "array" && source?.name === ENUM_SET) {
    return (value) => fromEnumSet(value, converterOf(undefined, wanted.elementType));
  }
  if (source !== undefined && source.type !== wanted.type) return undefined;
  const convert = wanted.type === "struct"
    ? structConverter(source, wanted, converterOf)
    : wanted.type === "array"
    ? arrayConverter(source, wanted, converterOf)
    : mapConverter(source, wanted, converterOf);
  if (source !== undefined) return convert;
  return (value) => typeof value === "string" ? fromJsonText(value, wanted) : convert(value);
}

/** The JSON text of a struct, an array or a map. */
export function jsonTextOf(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonTextOf).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) =>
    `${JSON.stringify(name)}:${jsonTextOf(member)}`
  );
  return `{${members.join(",")}}`;
}

function structConverter(
  source: ConnectType | undefined,
  { fields }: StructType,
  converterOf: ConverterOf,
): Convert {
  const converters = fields.map(({ sourceName, type, epochUnit }) =>
    converterOf(fieldType(source, sourceName), type, epochUnit)
  );
  return (value) => {
    if (!isObject(value)) return unfit(value, "struct");
    const struct: Record<string, unknown> = {};
    for (const [i, { name, sourceName, type, nullable }] of fields.entries()) {
      const converted = convertPart(ownField(value, sourceName), converters[i]!, type, nullable);
      if (converted instanceof Mismatch) return within(`.${sourceName}`, converted);
      struct[name] = converted;
    }
    return struct;
  };
}

function arrayConverter(
  source: ConnectType | undefined,
  { elementType, containsNull }: ArrayType,
  converterOf: ConverterOf,
): Convert {
  const convert = converterOf(source?.items, elementType);
  return (value) => {
    if (!Array.isArray(value)) return unfit(value, "array");
    const array: unknown[] = [];
    for (const [i, element] of value.entries()) {
      const converted = convertPart(element, convert, elementType, containsNull);
      if (converted instanceof Mismatch) return within(`[${i}]`, converted);
      array.push(converted);
    }
    return array;
  };
}

/** Connect writes a map as an object, or, where its keys are no text, as a list of pairs. */
function mapConverter(
  source: ConnectType | undefined,
  { keyType, valueType, valueContainsNull }: MapType,
  converterOf: ConverterOf,
): Convert {
  const convertKey = converterOf(source?.keys, keyType);
  const convert = converterOf(source?.items, valueType);
  return (value) => {
    const pairs = pairsOf(value);
    if (pairs === undefined) return unfit(value, "map");
    const map = new Map<unknown, unknown>();
    for (const [name, item] of pairs) {
      const key = convertPart(name, convertKey, keyType, false);
      const converted = key instanceof Mismatch
        ? key
        : convertPart(item, convert, valueType, valueContainsNull);
      if (converted instanceof Mismatch) return within(`[${jsonTextOf(name)}]`, converted);
      map.set(key, converted);
    }
    return map;
  };
}

function pairsOf(value: JsonValue): readonly (readonly [JsonValue, JsonValue])[] | undefined {
  if (isObject(value)) return Object.entries(value as JsonObject);
  if (!Array.isArray(value)) return undefined;
  const arePairs = value.every((pair) => Array.isArray(pair) && pair.length === 2);
  return arePairs ? value as unknown as [JsonValue, JsonValue][] : undefined;
}

function convertPart(
  value: JsonValue | undefined,
  convert: Convert,
  type: DataType,
  nullable: boolean,
): unknown {
  if (value !== undefined && value !== null) return convert(value);
  return nullable ? null : missing(value, type);
}

function fromJsonText(value: JsonValue, wanted: DataType): unknown {
  const json = typeof value === "string" ? parsedText(value.trim()) : undefined;
  return json === undefined || json === null
    ? unfit(value, "a JSON document")
    : convertValue(json, wanted);
}

function parsedText(text: string): JsonValue | undefined {
  const bytes = new TextEncoder().encode(text);
  return skipValue(bytes, 0, bytes.length) === bytes.length ? parseJson(text) : undefined;
}

function fromEnumSet(value: JsonValue, convert: Convert): unknown {
  if (typeof value !== "string") return unfit(value, "array");
  const names: unknown[] = [];
  for (const name of value === "" ? [] : value.split(",")) {
    const converted = convert(name);
    if (converted instanceof Mismatch) return within(`[${names.length}]`, converted);
    names.push(converted);
  }
  return names;
}
