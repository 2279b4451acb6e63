import {
  type DataType,
  isRecord,
  type PrimitiveType,
  SluiceError,
  type StructField,
  typeName,
} from "../../core/mod.ts";

/** What a decoder has learned of a table from its records. */
export interface KnownColumns {
  /** The columns that the query did not name, in the order in which they came. */
  readonly added: readonly StructField[];
  /** For each column, the types that the source has given it. */
  readonly sourceTypes: ReadonlyMap<string, readonly string[]>;
}

/** Nothing yet. */
export const NO_COLUMNS: KnownColumns = { added: [], sourceTypes: new Map() };

/** The types that a column gets by itself, beside decimals. */
const ADDED_TYPES: readonly PrimitiveType[] = [
  "boolean",
  "byte",
  "short",
  "integer",
  "long",
  "float",
  "double",
  "string",
  "binary",
  "date",
  "timestamp",
  "timestamp_ntz",
];
const DECIMAL = /^decimal\((\d+),\s*(\d+)\)$/;

/** What is known, as one line of JSON. */
export function formatKnownColumns({ added, sourceTypes }: KnownColumns): string {
  const columns = added.map(({ name, type }) => ({ name, type: typeName(type) }));
  return JSON.stringify({ added: columns, sourceTypes: Object.fromEntries(sourceTypes) });
}

/**
 * Reads what `formatKnownColumns` wrote.
 *
 * @throws {SluiceError} `BAD_CHECKPOINT`.
 */
export function parseKnownColumns(text: string): KnownColumns {
  try {
    const { added, sourceTypes } = JSON.parse(text);
    if (!Array.isArray(added) || !isRecord(sourceTypes)) throw new TypeError("no columns");
    const types = Object.entries(sourceTypes).map(([name, types]): [string, string[]] => {
      if (!Array.isArray(types) || !types.every((type) => typeof type === "string")) {
        throw new TypeError(`no types of column "${name}"`);
      }
      return [name, types];
    });
    return {
      added: added.map(({ name, type }) => addedColumn(String(name), parseType(String(type)))),
      sourceTypes: new Map(types),
    };
  } catch (cause) {
    throw new SluiceError("BAD_CHECKPOINT", {
      attempted: "read which columns came by themselves",
      where: "sluice/columns.*.json in the checkpoint",
      found: JSON.stringify(text.slice(0, 80)),
      wanted: '{"added":[…],"sourceTypes":{…}}',
      hint:
        "the file is damaged: restore the checkpoint from a backup, or remove this file to let " +
        "the columns be found again",
      cause,
    });
  }
}

/** A column that came by itself. */
export function addedColumn(name: string, type: DataType): StructField {
  return { name, type, nullable: true, sourceName: name };
}

function parseType(text: string): DataType {
  const [, precision, scale] = DECIMAL.exec(text) ?? [];
  if (precision !== undefined) {
    return { type: "decimal", precision: Number(precision), scale: Number(scale) };
  }
  const type = ADDED_TYPES.find((each) => each === text);
  if (type === undefined) throw new TypeError(`no type "${text}"`);
  return type;
}
