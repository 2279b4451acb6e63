import { isRecord } from "../../core/mod.ts";

/** A field of a Kafka Connect struct. */
export interface ConnectField {
  /** Its name in records. */
  readonly name: string;
  /** The type of its values. */
  readonly type: ConnectType;
}

/** A type of Kafka Connect, as the schema beside a record says it. */
export interface ConnectType {
  /** How values are written: `int32`, `bytes`, `struct`, … */
  readonly type: string;
  /** True if there may be null. */
  readonly optional: boolean;
  /** What they mean, where that is not what they are: `io.debezium.time.Date`. */
  readonly name: string | undefined;
  /** More of what they mean: `scale` of a decimal, `length` of bits. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of a struct. */
  readonly fields: readonly ConnectField[];
  /** Of an array: its elements. Of a map: its values. */
  readonly items: ConnectType | undefined;
  /** Of a map: its keys. */
  readonly keys: ConnectType | undefined;
}

/** How deep types may lie in one another. */
const MAX_DEPTH = 100;

/**
 * Reads a schema as Connect's JsonConverter writes it beside a value; `undefined` if it is none.
 *
 * @param json The schema, parsed.
 */
export function parseConnectType(json: unknown, depth = 0): ConnectType | undefined {
  if (!isRecord(json) || depth > MAX_DEPTH) return undefined;
  const { type, name, parameters = {}, fields = [], items, values, keys } = json;
  if (typeof type !== "string" || !isRecord(parameters) || !Array.isArray(fields)) return undefined;
  const inner = (part: unknown) => parseConnectType(part, depth + 1);
  const parsedFields: ConnectField[] = [];
  for (const each of fields) {
    const fieldType = inner(each);
    if (fieldType === undefined || typeof each.field !== "string") return undefined;
    parsedFields.push({ name: each.field, type: fieldType });
  }
  const parsedItems = inner(items ?? values);
  const parsedKeys = inner(keys);
  if ((type === "array" || type === "map") && parsedItems === undefined) return undefined;
  if (type === "map" && parsedKeys === undefined) return undefined;
  return {
    type,
    optional: json.optional === true,
    name: typeof name === "string" ? name : undefined,
    parameters,
    fields: parsedFields,
    items: parsedItems,
    keys: parsedKeys,
  };
}

/** The type of a struct's field; `undefined` if it has no such field. */
export function fieldType(struct: ConnectType | undefined, name: string): ConnectType | undefined {
  return struct?.fields.find((field) => field.name === name)?.type;
}

/** Behind types whose values may be null. */
export const OR_NULL = " or null";

/** All of a type that says which values it has: two that have the same text are the same. */
export function connectTypeKey(type: ConnectType): string {
  const { scale, length, "connect.decimal.precision": precision } = type.parameters;
  const numbers = [precision, scale, length].filter((each) => each !== undefined);
  const fields = type.fields.map((field) => `${field.name} ${connectTypeKey(field.type)}`);
  const inner = [type.keys, type.items].map((each) =>
    each === undefined ? [] : connectTypeKey(each)
  );
  const parts = [...numbers, ...inner.flat(), ...fields];
  const detail = parts.length === 0 ? "" : `(${parts.join(", ")})`;
  return `${type.name ?? type.type}${detail}${type.optional ? OR_NULL : ""}`;
}

/** A type for a message: `io.debezium.time.Date (int32)`. */
export function describeConnectType({ type, name }: ConnectType): string {
  return name === undefined ? type : `${name} (${type})`;
}
