/** What can be made of a group, in Spark's words. */
export type AggregateFunction =
  | "count"
  | "sum"
  | "min"
  | "max"
  | "avg"
  | "first"
  | "last"
  | "countDistinct"
  | "collectList"
  | "collectSet";

/** An aggregate as written in `agg`: `sum("price")`. */
export interface AggregateSpec<
  Column extends string = string,
  Function extends AggregateFunction = AggregateFunction,
  Order extends string = string,
> {
  /** What is made of the values. */
  readonly function: Function;
  /** The columns with the values; none to count rows. */
  readonly columns: readonly Column[];
  /** For `first` and `last`: the column that says which row is; absent: the order of arrival. */
  readonly orderBy?: Order | undefined;
}

/** Aggregates as written in `agg`, by the names of their columns in the result. */
export type Aggregates<Row> = Readonly<
  Record<string, AggregateSpec<keyof Row & string, AggregateFunction, keyof Row & string>>
>;

/**
 * How many rows a group has; with a column, in how many of them that is not null.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { count } from "./aggregate_spec.ts";
 *
 * deepEqual(count("note"), { function: "count", columns: ["note"] });
 * ```
 */
export function count<Column extends string = never>(
  column?: Column,
): AggregateSpec<Column, "count", never> {
  return { function: "count", columns: column === undefined ? [] : [column] };
}

/**
 * The sum of the values that are not null; null if there is none. Exact, whatever the order: of
 * integers it is a long, of `decimal(p,s)` a `decimal(p+10,s)`, of floating point numbers the exact
 * sum rounded once to a double. One that its type cannot hold stops the query.
 */
export function sum<Column extends string>(column: Column): AggregateSpec<Column, "sum", never> {
  return { function: "sum", columns: [column] };
}

/**
 * The least value that is not null; null if there is none. NaN is greater than all numbers, text and
 * bytes are compared byte by byte.
 */
export function min<Column extends string>(column: Column): AggregateSpec<Column, "min", never> {
  return { function: "min", columns: [column] };
}

/** The greatest value that is not null; null if there is none. Ordered as for `min`. */
export function max<Column extends string>(column: Column): AggregateSpec<Column, "max", never> {
  return { function: "max", columns: [column] };
}

/**
 * The mean of the values that are not null; null if there is none. Of `decimal(p,s)` it is a
 * `decimal(p+4,s+4)`, halves rounded away from zero; of all other numbers a double.
 */
export function avg<Column extends string>(column: Column): AggregateSpec<Column, "avg", never> {
  return { function: "avg", columns: [column] };
}

/**
 * The value of the first row: of the one that came first, or of the one with the least `orderBy` that
 * is not null, and of more of these of the one that came first. The value may be null.
 *
 * The order of arrival is that of the source's records in each partition, and of the partitions in
 * each batch: only with `orderBy` is the value the same however the partitions were read.
 */
export function first<Column extends string, Order extends string = never>(
  column: Column,
  orderBy?: Order,
): AggregateSpec<Column, "first", Order> {
  return { function: "first", columns: [column], orderBy };
}

/**
 * The value of the last row: of the one that came last, or of the one with the greatest `orderBy` that
 * is not null, and of more of these of the one that came last. As for `first` otherwise.
 */
export function last<Column extends string, Order extends string = never>(
  column: Column,
  orderBy?: Order,
): AggregateSpec<Column, "last", Order> {
  return { function: "last", columns: [column], orderBy };
}

/**
 * How many different values there are, or combinations of values of more columns; those with a null
 * are not counted. Exact: the state keeps each value.
 */
export function countDistinct<Column extends string>(
  ...columns: [Column, ...Column[]]
): AggregateSpec<Column, "countDistinct", never> {
  return { function: "countDistinct", columns };
}

/** All values that are not null, in the order of their arrival. */
export function collectList<Column extends string>(
  column: Column,
): AggregateSpec<Column, "collectList", never> {
  return { function: "collectList", columns: [column] };
}

/** The different values that are not null, in an order that is always the same but means nothing. */
export function collectSet<Column extends string>(
  column: Column,
): AggregateSpec<Column, "collectSet", never> {
  return { function: "collectSet", columns: [column] };
}
