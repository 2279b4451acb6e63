import { Batch, type Column, Schema, SluiceError, StructColumn } from "../../core/mod.ts";
import type { ColumnMapping } from "../protocol/column_mapping.ts";
import type { TableLayout } from "./table_layout.ts";

/**
 * The rows of a table as its files have them: without columns of type void, at any level.
 *
 * @throws {SluiceError} `BAD_VALUE` if such a column has a value.
 */
export function storedRows(batch: Batch, { mapping, path }: TableLayout): Batch {
  if (!mapping.hasVoid) return batch;
  const columns = batch.schema.fields.flatMap((field, i) => {
    const column = batch.columns[i]!;
    if (mapping.inFiles(field) !== undefined) return [storedColumn(column, mapping, path)];
    refuseValues(column, field.name, path);
    return [];
  });
  const fields = batch.schema.fields.map(mapping.inFiles).filter((field) => field !== undefined);
  return new Batch(new Schema(fields), 0, columns);
}

function storedColumn(column: Column, mapping: ColumnMapping, path: string): Column {
  if (!(column instanceof StructColumn)) return column;
  const { fields } = column.type;
  const children = column.children.flatMap((child, i) => {
    const field = fields[i]!;
    if (mapping.inFiles(field) !== undefined) return [storedColumn(child, mapping, path)];
    refuseValues(child, field.name, path);
    return [];
  });
  const kept = fields.map(mapping.inFiles).filter((field) => field !== undefined);
  const struct = new StructColumn({ type: "struct", fields: kept }, children, 0);
  struct.length = column.length;
  struct.nullCount = column.nullCount;
  struct.validity = column.validity;
  return struct;
}

function refuseValues(column: Column, name: string, path: string): void {
  if (column.nullCount === column.length) return;
  throw new SluiceError("BAD_VALUE", {
    attempted: `write to Delta table ${path}`,
    where: `column "${name}"`,
    found: "a value",
    wanted: "null, the only value that a column of type void has",
    hint: "give the column a type first",
  });
}
