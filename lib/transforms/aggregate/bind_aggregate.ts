import { type Schema, SluiceError } from "../../core/mod.ts";
import type { Aggregate } from "./accumulator.ts";
import type { AggregateSpec } from "./aggregate_spec.ts";
import { collectValues } from "./collect_values.ts";
import { countRows } from "./count_rows.ts";
import { collectDistinctValues, countDistinctValues } from "./distinct_values.ts";
import { inputColumn } from "./input_column.ts";
import { endValue, extremeValue } from "./picked_row.ts";
import { averageValues, sumValues } from "./sum_values.ts";

/**
 * Finds the columns of an aggregate and settles its types.
 *
 * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_PIPELINE` for a column whose type does not do, or no
 * aggregate.
 */
export function bindAggregate(schema: Schema, name: string, spec: AggregateSpec): Aggregate {
  const attempted = `make aggregate "${name}"`;
  const columns = spec.columns.map((column) => inputColumn(schema, column, attempted));
  const [column] = columns;
  if (spec.function === "count") return countRows(column);
  if (column === undefined) throw noColumn(attempted, spec);
  switch (spec.function) {
    case "sum":
      return sumValues(column);
    case "avg":
      return averageValues(column);
    case "min":
    case "max":
      return extremeValue(spec.function, column);
    case "first":
    case "last": {
      const { orderBy } = spec;
      const order = orderBy === undefined ? undefined : inputColumn(schema, orderBy, attempted);
      return endValue(spec.function, column, order);
    }
    case "countDistinct":
      return countDistinctValues(columns);
    case "collectList":
      return collectValues(column);
    case "collectSet":
      return collectDistinctValues(column);
  }
}

function noColumn(attempted: string, spec: AggregateSpec): SluiceError {
  return new SluiceError("BAD_PIPELINE", {
    attempted,
    found: `${spec.function}() without a column`,
    wanted: "the column with the values",
  });
}
