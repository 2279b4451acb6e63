import { isRecord, SluiceError } from "../../core/mod.ts";
import type {
  AvroField,
  AvroPrimitiveKind,
  AvroType,
  AvroUnion,
  LogicalType,
  PlainLogicalName,
} from "./avro_type.ts";

/** An Avro schema as JSON: the name of a type, a type with its attributes, or a union. */
export type AvroSchemaJson = string | readonly AvroSchemaJson[] | AvroTypeJson;

/** A type with its attributes. */
export interface AvroTypeJson {
  /** What it is. */
  readonly type: AvroSchemaJson;
  /** `name`, `fields`, `items`, `logicalType` and what else there may be. */
  readonly [attribute: string]: unknown;
}

const PRIMITIVES: ReadonlySet<string> = new Set<AvroPrimitiveKind>([
  "null",
  "boolean",
  "int",
  "long",
  "float",
  "double",
  "bytes",
  "string",
]);

/** What each logical type may stand on; on another type it is passed over, as the specification asks. */
const LOGICAL_BASES: Readonly<Record<PlainLogicalName, readonly string[]>> = {
  uuid: ["string", "fixed"],
  date: ["int"],
  "time-millis": ["int"],
  "time-micros": ["long"],
  "timestamp-millis": ["long"],
  "timestamp-micros": ["long"],
  "timestamp-nanos": ["long"],
  "local-timestamp-millis": ["long"],
  "local-timestamp-micros": ["long"],
  "local-timestamp-nanos": ["long"],
  duration: ["fixed"],
};

type Attributes = Readonly<Record<string, unknown>>;

/**
 * Reads an Avro schema. Spec: Apache Avro 1.12, "Schema Declaration".
 *
 * @param schema its JSON, as text or as a value.
 * @param imported texts of schemas whose named types it uses, those used by others first.
 * @throws {SluiceError} `BAD_AVRO_SCHEMA`, naming the place.
 */
export function parseAvroSchema(
  schema: AvroSchemaJson,
  imported: readonly string[] = [],
): AvroType {
  const parser = new Parser();
  for (const text of imported) parser.parse(parseJson(text), "", "");
  return parser.parse(typeof schema === "string" ? parseSchemaText(schema) : schema, "", "");
}

class Parser {
  readonly #named = new Map<string, AvroType>();

  /** `namespace` is that of the type around; `path` is for messages. */
  parse(json: unknown, namespace: string, path: string): AvroType {
    if (typeof json === "string") return this.#reference(json, namespace, path);
    if (Array.isArray(json)) return this.#union(json, namespace, path);
    if (!isRecord(json)) throw badSchema(path, jsonText(json), "a type");
    switch (json.type) {
      case "record":
      case "error":
        return this.#record(json, namespace, path);
      case "enum":
        return this.#enum(json, namespace, path);
      case "fixed":
        return this.#fixed(json, namespace, path);
      case "array":
        return { kind: "array", items: this.parse(json.items, namespace, `${path}[]`) };
      case "map":
        return { kind: "map", values: this.parse(json.values, namespace, `${path}{}`) };
    }
    const type = this.parse(json.type, namespace, path);
    const logical = logicalType(json, type.kind);
    return logical === undefined || !isPrimitive(type) ? type : { ...type, logical };
  }

  #reference(name: string, namespace: string, path: string): AvroType {
    if (PRIMITIVES.has(name)) return { kind: name as AvroPrimitiveKind };
    const type = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name);
    if (type !== undefined) return type;
    throw badSchema(path, `the unknown type "${name}"`, "a type of Avro, or one named before");
  }

  #union(json: readonly unknown[], namespace: string, path: string): AvroUnion {
    const branches = json.map((branch) => this.parse(branch, namespace, path));
    const names = branches.map((branch) => "name" in branch ? branch.name : branch.kind);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw badSchema(path, `a union with ${twice} twice`, "each type once");
    if (names.includes("union")) throw badSchema(path, "a union in a union", "one union");
    return { kind: "union", branches };
  }

  #record(json: Attributes, outer: string, path: string): AvroType {
    const { name, namespace, aliases } = namesOf(json, outer, path);
    const fields: AvroField[] = [];
    // Named before its fields are read: they may hold the record itself.
    const record: AvroType = { kind: "record", name, aliases, fields };
    this.#define(name, record, path);
    if (!Array.isArray(json.fields)) throw badSchema(path, "a record without fields", "fields");
    const seen = new Set<string>();
    for (const field of json.fields) {
      const fieldName = isRecord(field) ? field.name : undefined;
      if (!isRecord(field) || typeof fieldName !== "string") {
        throw badSchema(path, jsonText(field), "a field with a name");
      }
      if (seen.has(fieldName)) throw badSchema(path, `two fields "${fieldName}"`, "one");
      seen.add(fieldName);
      fields.push({
        name: fieldName,
        aliases: textList(field.aliases),
        type: this.parse(field.type, namespace, path === "" ? fieldName : `${path}.${fieldName}`),
        ...("default" in field ? { default: field.default } : {}),
      });
    }
    return record;
  }

  #enum(json: Attributes, outer: string, path: string): AvroType {
    const { name, aliases } = namesOf(json, outer, path);
    const symbols = textList(json.symbols);
    if (symbols.length === 0) throw badSchema(path, `enum ${name} without symbols`, "symbols");
    return this.#define(name, {
      kind: "enum",
      name,
      aliases,
      symbols,
      ...(typeof json.default === "string" ? { default: json.default } : {}),
    }, path);
  }

  #fixed(json: Attributes, outer: string, path: string): AvroType {
    const { name, aliases } = namesOf(json, outer, path);
    const size = json.size;
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0) {
      throw badSchema(path, `fixed ${name} of size ${jsonText(size)}`, "a number of bytes");
    }
    const logical = logicalType(json, "fixed", size);
    return this.#define(name, {
      kind: "fixed",
      name,
      aliases,
      size,
      ...(logical === undefined ? {} : { logical }),
    }, path);
  }

  #define(name: string, type: AvroType, path: string): AvroType {
    if (this.#named.has(name)) throw badSchema(path, `two types named ${name}`, "one");
    this.#named.set(name, type);
    return type;
  }
}

function logicalType(json: Attributes, base: string, size?: number): LogicalType | undefined {
  const { logicalType: name, precision, scale = 0 } = json;
  if (typeof name !== "string") return undefined;
  if (name === "decimal") {
    return (base === "bytes" || base === "fixed") && isWholeNumber(precision) && precision > 0 &&
        isWholeNumber(scale) && scale <= precision
      ? { name, precision, scale }
      : undefined;
  }
  const bases = Object.hasOwn(LOGICAL_BASES, name) ? LOGICAL_BASES[name as PlainLogicalName] : [];
  if (!bases.includes(base)) return undefined;
  if (name === "uuid" && size !== undefined && size !== 16) return undefined;
  if (name === "duration" && size !== 12) return undefined;
  return { name: name as PlainLogicalName };
}

function namesOf(
  json: Attributes,
  outer: string,
  path: string,
): { name: string; namespace: string; aliases: string[] } {
  if (typeof json.name !== "string" || json.name === "") {
    throw badSchema(path, `${json.type} without a name`, "a name");
  }
  const given = typeof json.namespace === "string" ? json.namespace : outer;
  const name = fullName(json.name, given);
  const namespace = name.slice(0, Math.max(0, name.lastIndexOf(".")));
  const aliases = textList(json.aliases).map((alias) => fullName(alias, namespace));
  return { name, namespace, aliases };
}

function fullName(name: string, namespace: string): string {
  return name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
}

function isPrimitive(type: AvroType): type is AvroType & { readonly kind: AvroPrimitiveKind } {
  return PRIMITIVES.has(type.kind);
}

function isWholeNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function textList(json: unknown): string[] {
  return Array.isArray(json) ? json.filter((item) => typeof item === "string") : [];
}

/** The name of a type alone is a schema, and is not always quoted. */
function parseSchemaText(text: string): unknown {
  return PRIMITIVES.has(text) ? text : parseJson(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keepDigits);
  } catch (cause) {
    throw badSchema("", "text that is not JSON", "the JSON of an Avro schema", cause);
  }
}

/** Defaults of longs may be finer than a double. */
function keepDigits(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")
    ? BigInt(source ?? "")
    : value;
}

/** JSON for a message, with whole numbers of any length in it. */
function jsonText(json: unknown): string {
  if (json === undefined) return "nothing";
  return JSON.stringify(json, (_key, value) => typeof value === "bigint" ? `${value}` : value);
}

function badSchema(path: string, found: string, wanted: string, cause?: unknown): SluiceError {
  return new SluiceError("BAD_AVRO_SCHEMA", {
    attempted: "read an Avro schema",
    ...(path === "" ? {} : { where: `"${path}"` }),
    found,
    wanted,
    ...(cause === undefined ? {} : { cause }),
  });
}
