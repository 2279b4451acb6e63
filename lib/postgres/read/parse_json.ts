import { type DataType, isRecord, type MapType, type StructType } from "../../core/mod.ts";
import { parseText } from "./parse_text.ts";

/** A number as it was written, since a double does not hold every digit. */
class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a reviver is told beside the value: the text of numbers, texts, booleans and null. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * A nested value that Postgres wrote as JSON, or that `jsonText` did, as rows hold it; `undefined` if it
 * is none of the type. Fields that a struct does not name are left out.
 */
export function parseJson(type: DataType, text: string): unknown {
  const keepDigits: Reviver = (_, value, { source }) =>
    typeof value === "number" ? new JsonNumber(source!) : value;
  return valueOf(type, JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]));
}

function valueOf(type: DataType, json: unknown): unknown {
  if (json === null) return null;
  if (typeof type !== "object" || type.type === "decimal") return scalarOf(type, json);
  switch (type.type) {
    case "struct":
      return structOf(type, json);
    case "array":
      if (!Array.isArray(json)) return undefined;
      return unlessMissing(json.map((item) => valueOf(type.elementType, item)));
    case "map": {
      const pairs = pairsOf(type, json);
      return pairs && unlessMissing(pairs.flat()) && new Map(pairs);
    }
  }
}

function structOf({ fields }: StructType, json: unknown): Record<string, unknown> | undefined {
  if (!isRecord(json) || json instanceof JsonNumber) return undefined;
  const values = unlessMissing(fields.map(({ name, type }) => valueOf(type, json[name] ?? null)));
  return values && Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
}

/** Keys are names of an object, or stand in a list of pairs where they are nested. */
function pairsOf({ keyType, valueType }: MapType, json: unknown): [unknown, unknown][] | undefined {
  if (Array.isArray(json)) {
    if (!json.every((pair) => Array.isArray(pair) && pair.length === 2)) return undefined;
    return json.map(([key, value]) => [valueOf(keyType, key), valueOf(valueType, value)]);
  }
  if (!isRecord(json) || json instanceof JsonNumber) return undefined;
  return Object.entries(json)
    .map(([key, value]) => [scalarText(keyType, key), valueOf(valueType, value)]);
}

function scalarOf(type: DataType, json: unknown): unknown {
  if (json instanceof JsonNumber) return isNumeric(type) ? parseText(type, json.text) : undefined;
  if (typeof json === "boolean") return type === "boolean" ? json : undefined;
  if (typeof json !== "string") return undefined;
  // Numbers that JSON does not have are texts, and so may be those of people who fear for digits.
  const isText = !isNumeric(type) || typeof type === "object" || type === "float" ||
    type === "double";
  return isText && type !== "boolean" ? scalarText(type, json) : undefined;
}

function scalarText(type: DataType, text: string): unknown {
  return type === "binary" ? bytesOf(text) : parseText(type, text);
}

/** Hexadecimal as Postgres writes it into JSON, base64 as `jsonText` does. */
function bytesOf(text: string): Uint8Array | undefined {
  try {
    return text.startsWith("\\x") ? Uint8Array.fromHex(text.slice(2)) : Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

function isNumeric(type: DataType): boolean {
  return typeof type === "object"
    ? type.type === "decimal"
    : ["byte", "short", "integer", "long", "float", "double"].includes(type);
}

function unlessMissing(values: unknown[]): unknown[] | undefined {
  return values.includes(undefined) ? undefined : values;
}
