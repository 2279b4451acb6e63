import { type DataType, Decimal, type StructField } from "../../core/mod.ts";
import { type ParquetFooter, readParquetFooter } from "../../parquet/mod.ts";
import { type ColumnBounds, judgeBounds, type Predicate } from "../../sql/mod.ts";
import { fieldsAlong, fileBounds } from "../files/file_bounds.ts";
import type { TableLayout } from "../files/table_layout.ts";
import type { AddFile } from "../protocol/actions.ts";

const MICROS_PER_DAY = 86_400_000_000n;

type RowGroup = ParquetFooter["rowGroups"][number];

/**
 * The row groups of a data file that can have a row for which the predicate is true, by the
 * statistics in its footer.
 *
 * @throws {SluiceError} `PARQUET_DECODE` if the footer makes no sense.
 */
export function candidateRowGroups(
  layout: TableLayout,
  file: AddFile,
  bytes: Uint8Array,
  predicate: Predicate,
): number[] {
  const footer = readParquetFooter(bytes);
  const ofFile = fileBounds(layout, file);
  return [...footer.rowGroups.keys()].filter((group) =>
    judgeBounds(predicate, (path) => {
      const fields = fieldsAlong(layout.schema.fields, path);
      if (fields.length === 0 || layout.partitionColumns.includes(fields[0]!.name)) {
        return ofFile(path);
      }
      return groupBounds(layout, footer, footer.rowGroups[group]!, fields);
    }) !== "none"
  );
}

function groupBounds(
  { mapping }: TableLayout,
  { columns }: ParquetFooter,
  group: RowGroup,
  fields: readonly StructField[],
): ColumnBounds | undefined {
  const leaf = fields.at(-1)!;
  const index = columns.findIndex(({ path, isRepeated, ...stored }) =>
    !isRepeated && path.length === fields.length &&
    fields.every((field, i) => field === leaf || path[i] === mapping.physicalName(field)) &&
    (mapping.match?.(leaf, stored) ?? stored.name === leaf.name)
  );
  const bounds = group.columns[index];
  if (bounds === undefined) return undefined;
  const min = widened(leaf.type, bounds.min);
  const max = widened(leaf.type, bounds.max);
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(bounds.nullCount === undefined ? {} : { nullCount: bounds.nullCount }),
    numRows: group.numRows,
  };
}

/** A bound of a column's old type as its new one holds it; `undefined` if it cannot. */
function widened(type: DataType, value: unknown): unknown {
  if (typeof type === "object") {
    if (type.type !== "decimal") return undefined;
    const decimal = typeof value === "number" || typeof value === "bigint"
      ? new Decimal(BigInt(value), 0)
      : value;
    return decimal instanceof Decimal ? decimal.rescaled(type.scale) : undefined;
  }
  switch (type) {
    case "long":
      return typeof value === "number"
        ? BigInt(value)
        : typeof value === "bigint"
        ? value
        : undefined;
    case "timestamp":
      return typeof value === "bigint" ? value : undefined;
    case "timestamp_ntz":
      return typeof value === "number"
        ? BigInt(value) * MICROS_PER_DAY
        : typeof value === "bigint"
        ? value
        : undefined;
    case "string":
      return typeof value === "string" ? value : undefined;
    case "binary":
      return undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    default:
      return typeof value === "number" ? value : undefined;
  }
}
