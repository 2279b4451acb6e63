import type { Batch, Column, StructField } from "../../core/mod.ts";

/**
 * Which columns of the key are null together, for all rows of a batch: `[[], ["region"]]` if some rows
 * have a whole key and others no region. Rows of one pattern are found by an index; `is not distinct
 * from`, which would find those of all, knows none.
 */
export function nullPatterns(batch: Batch, key: readonly StructField[]): ReadonlySet<string>[] {
  if (batch.numRows === 0) return [];
  const patterns = new Map<string, ReadonlySet<string>>();
  const columns: [name: string, column: Column][] = key
    .map(({ name }) => [name, batch.column(name)] as [string, Column])
    .filter(([, column]) => column.nullCount > 0);
  if (columns.length === 0) return [new Set()];
  for (let row = 0; row < batch.numRows; row++) {
    const nulls = columns.filter(([, column]) => column.isNull(row)).map(([name]) => name);
    const pattern = JSON.stringify(nulls);
    if (!patterns.has(pattern)) patterns.set(pattern, new Set(nulls));
  }
  return [...patterns.values()];
}
