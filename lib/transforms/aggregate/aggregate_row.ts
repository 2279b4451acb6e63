import type { Decimal } from "../../core/mod.ts";
import type { SessionWindowSpec } from "../windows/session_window_spec.ts";
import type { TimeColumn, WindowRow, WindowSpec } from "../windows/window_spec.ts";
import type { Aggregates, AggregateSpec } from "./aggregate_spec.ts";

/** What rows can be grouped by: a column by its name, or windows of a column. */
export type GroupKey<Row> =
  | keyof Row & string
  | WindowSpec<TimeColumn<Row>>
  | SessionWindowSpec<TimeColumn<Row>>;

/** The columns that group keys make. */
export type KeyRow<Row, Keys extends readonly GroupKey<Row>[]> = {
  [
    Key in Keys[number] as Key extends string ? Key
      : Key extends WindowSpec<string, infer Name> | SessionWindowSpec<string, infer Name> ? Name
      : never
  ]: Key extends keyof Row ? Row[Key] : WindowRow;
};

/** The columns that aggregates make; `Empty` is what they make where there may be no row. */
export type AggregateRow<Row, Aggs extends Aggregates<Row>, Empty = never> = {
  -readonly [Name in keyof Aggs]: AggregateValue<Row, Aggs[Name], Empty>;
};

/**
 * The rows of an aggregation: keys, then aggregates. A value can be null if its column can, and in a
 * result without keys, which has a row for no rows too.
 */
export type AggregatedRow<
  Row,
  Keys extends readonly GroupKey<Row>[],
  Aggs extends Aggregates<Row>,
> = {
  [Name in keyof KeyRow<Row, Keys> | keyof Aggs]: Name extends keyof KeyRow<Row, Keys>
    ? KeyRow<Row, Keys>[Name]
    : Name extends keyof Aggs
      ? AggregateValue<Row, Aggs[Name], Keys extends readonly [] ? null : never>
    : never;
};

/** What an aggregate makes of the values of a column. */
export type AggregateValue<Row, Spec, Empty = never> = Spec extends
  AggregateSpec<infer Column extends keyof Row & string, infer Name, infer Order>
  ? Name extends "count" | "countDistinct" ? bigint
  : Name extends "collectList" | "collectSet" ? NonNullable<Row[Column]>[]
  : Name extends "sum" ? SumOf<Row[Column]> | Empty
  : Name extends "avg" ? MeanOf<Row[Column]> | Empty
    // Rows without a value in the column that orders them are passed over: there may be no other.
  : Row[Column] | Empty | (Order extends keyof Row ? Extract<Row[Order], null> : never)
  : never;

/**
 * The sum of values. The type of a row does not tell integers of up to 32 bits from floating point
 * numbers, so that the sum of either is `number | bigint` here: a `bigint` of the former, a `number`
 * of the latter.
 */
export type SumOf<Value> = Value extends null ? null
  : Value extends number ? number | bigint
  : Value extends bigint | Decimal ? Value
  : never;

/** The mean of values. */
export type MeanOf<Value> = Value extends null ? null
  : Value extends number | bigint ? number
  : Value extends Decimal ? Decimal
  : never;
