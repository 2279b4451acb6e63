import { type DataType, type Schema, SluiceError, typeName } from "../../core/mod.ts";

/** The columns that records are made of, each absent where there is none for it. */
export interface RecordColumns {
  /** None: records have no key. */
  readonly key: readonly string[];
  /** Absent: the value is JSON of the row. */
  readonly value?: string | undefined;
  readonly headers?: string | undefined;
  readonly partition?: string | undefined;
  readonly timestamp?: string | undefined;
}

const HEADERS = "array<struct<key:string,value:binary>>";

/**
 * Refuses columns that are not there or cannot be what they should.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN` or `SCHEMA_MISMATCH`.
 */
export function checkRecordColumns(
  attempted: string,
  columns: RecordColumns,
  schema: Schema,
): void {
  const check = (
    option: "key" | "value" | "headers" | "partition" | "timestamp",
    name: string | undefined,
    wanted: string,
    fits: (type: DataType) => boolean,
  ) => {
    if (name === undefined) return;
    const where = `option "${option}"`;
    const field = schema.fields.find((each) => each.name === name);
    if (field === undefined) {
      throw new SluiceError("UNKNOWN_COLUMN", {
        attempted,
        where,
        found: `"${name}"`,
        wanted: `one of ${schema.fields.map((each) => each.name).join(", ")}`,
      });
    }
    if (fits(field.type)) return;
    const found = `column "${name}" of type ${typeName(field.type)}`;
    throw new SluiceError("SCHEMA_MISMATCH", { attempted, where, found, wanted });
  };
  for (const name of columns.key) check("key", name, "a column", () => true);
  check("value", columns.value, "string or binary", isBytes);
  check("headers", columns.headers, HEADERS, isHeaders);
  check("partition", columns.partition, "integer", (type) => type === "integer");
  check("timestamp", columns.timestamp, "timestamp", (type) => type === "timestamp");
  if (columns.value !== undefined || jsonColumns(columns, schema).length > 0) return;
  throw new SluiceError("SCHEMA_MISMATCH", {
    attempted,
    found: "no columns beside those for headers and partition",
    wanted: "one or more to make the value of",
  });
}

/** The columns that are in a value of JSON: all but those that tell only about the record. */
export function jsonColumns({ headers, partition }: RecordColumns, schema: Schema): string[] {
  return schema.fields.map(({ name }) => name)
    .filter((name) => name !== headers && name !== partition);
}

/** True for types whose bytes can be a key or a value as they are. */
export function isBytes(type: DataType): boolean {
  return type === "string" || type === "binary";
}

function isHeaders(type: DataType): boolean {
  if (typeof type !== "object" || type.type !== "array") return false;
  const { elementType } = type;
  if (typeof elementType !== "object" || elementType.type !== "struct") return false;
  const { fields } = elementType;
  return fields.length === 2 &&
    fields.some((field) => field.name === "key" && field.type === "string") &&
    fields.some((field) => field.name === "value" && isBytes(field.type));
}
