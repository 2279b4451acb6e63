import { Buffer } from "node:buffer";
import { Decimal } from "../../lib/core/mod.ts";
import { fileBounds } from "../../lib/delta/files/file_bounds.ts";
import { readDataFile } from "../../lib/delta/files/read_data_file.ts";
import { type TableLayout, tableLayout } from "../../lib/delta/files/table_layout.ts";
import type { AddFile, Metadata, Protocol } from "../../lib/delta/protocol/actions.ts";

/** A table as it was at the version that added a file. */
export interface TableThen {
  readonly path: string;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
}

/** What the statistics of a data file say that its rows do not, and the other way round. */
export async function checkFile(table: TableThen, add: AddFile): Promise<string[]> {
  const layout = tableLayout(table.path, table.protocol, table.metadata);
  const { deletionVector, ...whole } = add;
  const problems: string[] = [];
  const { numRows } = await readDataFile(layout, whole);
  const { numRecords } = JSON.parse(add.stats ?? "{}");
  if (numRows !== numRecords) problems.push(`numRecords ${numRecords}, found ${numRows}`);
  const { deleted } = await readDataFile(layout, add);
  if (deleted.length !== (deletionVector?.cardinality ?? 0)) {
    problems.push(`cardinality ${deletionVector?.cardinality}, found ${deleted.length}`);
  }
  return [...problems, ...await checkBounds(layout, whole)];
}

async function checkBounds(layout: TableLayout, whole: AddFile): Promise<string[]> {
  const { batch } = await readDataFile(layout, whole);
  // Nothing is deleted of the whole file: its bounds and counts are true of all rows.
  const stats = whole.stats?.replace('"tightBounds":false', '"tightBounds":true') ?? "{}";
  const boundsOf = fileBounds(layout, { ...whole, stats });
  return layout.storedSchema.fields.flatMap(({ name, type }) => {
    const isNested = typeof type === "object" && type.type !== "decimal";
    const bounds = isNested ? undefined : boundsOf([name]);
    if (bounds === undefined) return [];
    const { min, max, nullCount } = bounds;
    const values = Array.from(batch.rows(), (row) => row[name]);
    const present = values.filter((value) => value !== null);
    const nulls = values.length - present.length;
    return [
      ...present.filter((value) => min !== undefined && compare(value, min) < 0)
        .map((value) => `${name} ${value} is below ${min}`),
      ...present.filter((value) => max !== undefined && compare(value, max) > 0)
        .map((value) => `${name} ${value} is above ${max}`),
      ...(nullCount === undefined || nullCount === nulls
        ? []
        : [`${name} has ${nulls} nulls, not ${nullCount}`]),
    ];
  });
}

/** The order of two values of one type: texts by their bytes, as the protocol has it. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  if (a instanceof Decimal && b instanceof Decimal) return Number(a.unscaled - b.unscaled);
  const [left, right] = [a as number | bigint, b as number | bigint];
  return left < right ? -1 : left > right ? 1 : 0;
}
