import {
  Batch,
  type Column,
  type DataType,
  SluiceError,
  StructColumn,
  typeName,
} from "../core/mod.ts";
import type { ColumnPath } from "./bound.ts";

/** The rows an expression is evaluated over: one batch, or one for each name in scope, row by row. */
export type Batches = Batch | Readonly<Record<string, Batch>>;

/** How many rows there are. */
export function countRows(batches: Batches): number {
  if (batches instanceof Batch) return batches.numRows;
  const counts = Object.values(batches).map((batch) => batch.numRows);
  if (counts.length === 0 || counts.some((count) => count !== counts[0])) {
    throw new SluiceError("BAD_OPTION", {
      attempted: "evaluate an expression over several batches",
      found: `${counts.join(", ") || "no"} rows`,
      wanted: "batches of the same length",
    });
  }
  return counts[0]!;
}

/** A column of the batches, or of a struct in them, with null wherever the struct is null. */
export function findColumn(batches: Batches, column: ColumnPath, type: DataType): Column {
  const [name = "", ...fields] = column.path;
  const found = fields.reduce(childColumn, batchOf(batches, column).column(name));
  if (found.type !== type && typeName(found.type) !== typeName(type)) {
    throw new SluiceError("SCHEMA_MISMATCH", {
      attempted: "evaluate an expression",
      where: `column "${column.path.join(".")}"`,
      found: typeName(found.type),
      wanted: `${typeName(type)}, which the expression was bound to`,
    });
  }
  return found;
}

function batchOf(batches: Batches, { qualifier }: ColumnPath): Batch {
  if (batches instanceof Batch) return batches;
  const batch = batches[qualifier];
  if (batch !== undefined) return batch;
  throw new SluiceError("BAD_OPTION", {
    attempted: "evaluate an expression",
    found: `batches ${Object.keys(batches).join(", ")}`,
    wanted: qualifier === "" ? "one batch" : `a batch "${qualifier}"`,
  });
}

function childColumn(parent: Column, name: string): Column {
  const child = parent instanceof StructColumn
    ? parent.children[parent.type.fields.findIndex((field) => field.name === name)]
    : undefined;
  if (child === undefined) {
    throw new SluiceError("UNKNOWN_COLUMN", {
      attempted: `find field "${name}"`,
      found: typeName(parent.type),
    });
  }
  return withParentNulls(child, parent);
}

/** What lies below a null struct is not to be seen, whatever the file holds there. */
function withParentNulls(child: Column, parent: Column): Column {
  const { validity } = parent;
  if (validity === undefined) return child;
  let isHidden = true;
  for (let row = 0; row < parent.length; row++) {
    if (validity[row] === 0 && !child.isNull(row)) isHidden = false;
  }
  if (isHidden) return child;
  const masked = child.take(Int32Array.from({ length: child.length }, (_, row) => row));
  masked.validity = Uint8Array.from(
    { length: child.length },
    (_, row) => validity[row] === 1 && !child.isNull(row) ? 1 : 0,
  );
  masked.nullCount = masked.validity.reduce((nulls, isValid) => nulls + 1 - isValid, 0);
  return masked;
}
