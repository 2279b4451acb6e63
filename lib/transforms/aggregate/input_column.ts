import {
  type DataType,
  describeValue,
  type Schema,
  SluiceError,
  typeName,
} from "../../core/mod.ts";

/** A column of the input that a key or an aggregate is made of. */
export interface InputColumn {
  /** Its name. */
  readonly name: string;
  /** Where it is among the columns. */
  readonly index: number;
  /** The type of its values. */
  readonly type: DataType;
  /** True if it may be null. */
  readonly nullable: boolean;
  /** Name and type: `price decimal(18,8)`. */
  readonly description: string;
}

/**
 * The column of that name.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_OPTION` for anything but a name.
 */
export function inputColumn(schema: Schema, name: string, attempted: string): InputColumn {
  if (typeof name !== "string") throw noName(attempted, name);
  const index = schema.fields.findIndex((field) => field.name === name);
  const field = schema.fields[index];
  if (field === undefined) {
    throw new SluiceError("UNKNOWN_COLUMN", {
      attempted,
      where: `column "${name}"`,
      found: `columns ${schema.fields.map((other) => other.name).join(", ")}`,
    });
  }
  const { type, nullable } = field;
  return { name, index, type, nullable, description: `${name} ${typeName(type)}` };
}

function noName(attempted: string, found: unknown): SluiceError {
  return new SluiceError("BAD_OPTION", {
    attempted,
    found: describeValue(found),
    wanted: "the name of a column",
    ...(Array.isArray(found) ? { hint: "name columns one by one, without a list" } : {}),
  });
}

/** The error for a column whose type does not do. */
export function unfitColumn(attempted: string, column: InputColumn, wanted: string): SluiceError {
  return new SluiceError("BAD_PIPELINE", {
    attempted,
    where: `column "${column.name}"`,
    found: typeName(column.type),
    wanted,
  });
}
