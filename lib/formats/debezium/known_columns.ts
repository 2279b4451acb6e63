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
  readonly sourceTypes: Readonly<Record<string, readonly string[]>>;
}

/** Nothing yet. */
export const NO_COLUMNS: KnownColumns = { added: [], sourceTypes: {} };

const DECIMAL = /^decimal\((\d+),\s*(\d+)\)$/;

/** What is known, as one line of JSON. */
export function formatKnownColumns({ added, sourceTypes }: KnownColumns): string {
  const columns = added.map(({ name, type }) => ({ name, type: typeName(type) }));
  return JSON.stringify({ added: columns, sourceTypes });
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
    return {
      added: added.map(({ name, type }) => addedColumn(String(name), parseType(String(type)))),
      sourceTypes: sourceTypes as KnownColumns["sourceTypes"],
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
  if (precision === undefined) return text as PrimitiveType;
  return { type: "decimal", precision: Number(precision), scale: Number(scale) };
}
