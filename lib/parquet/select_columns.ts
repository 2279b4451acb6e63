import type { StructField } from "../core/mod.ts";
import {
  isLeaf,
  isStruct,
  leavesOf,
  type ParquetColumn,
  type ParquetField,
} from "./parquet_schema.ts";

/** True if a field of the schema is what a field of the file holds. */
export type ColumnMatch = (
  field: StructField,
  stored: { readonly name: string; readonly fieldId?: number },
) => boolean;

/**
 * The columns of a file that hold these fields, at every level of structs; lists and maps are taken
 * whole. Of a struct, or a file, that has none of the fields one column is taken all the same: it
 * alone tells where the struct is null, or how many rows there are.
 */
export function selectColumns(
  fields: readonly StructField[],
  stored: readonly ParquetField[],
  match: ColumnMatch,
): ParquetColumn[] {
  const selected = fields.flatMap((field) => {
    const found = stored.find((one) => match(field, one));
    if (found === undefined) return [];
    const { type } = field;
    const isNarrowed = typeof type === "object" && type.type === "struct" && isStruct(found);
    return isNarrowed ? selectColumns(type.fields, found.children, match) : leavesOf([found]);
  });
  return selected.length > 0 ? selected : witnessOf(stored);
}

/** The columns of the one field that costs least to read. */
function witnessOf(stored: readonly ParquetField[]): ParquetColumn[] {
  const witness = stored.find((field) => isLeaf(field) && !field.isRepeated) ?? stored[0];
  if (witness === undefined) return [];
  return isStruct(witness) ? witnessOf(witness.children) : leavesOf([witness]);
}
