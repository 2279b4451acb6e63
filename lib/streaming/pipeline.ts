import type { Schema, Sink, StaticTable, TypeSpec } from "../core/mod.ts";
import {
  type AppliedRow,
  applyChanges,
  type ApplyChangesOptions,
  dropColumns,
  dropDuplicates,
  dropDuplicatesWithinWatermark,
  eventTimeOf,
  type EventTimeOperator,
  filterRows,
  flatMapRows,
  type GroupKey,
  type JoinedRow,
  type JoinKey,
  type JoinOptions,
  joinStatic,
  type JoinStaticOptions,
  joinStreams,
  type JoinType,
  latestByKey,
  type LatestByKeyOptions,
  mapRows,
  type Operator,
  renameColumn,
  type Renamed,
  selectColumns,
  type StatefulOperator,
  type StreamRows,
  whereRows,
  type WithColumn,
  withColumn,
} from "../transforms/mod.ts";
import type { Environment } from "./environment.ts";
import { type ForeachBatch, foreachBatch } from "./foreach_batch.ts";
import { GroupedPipeline } from "./grouped_pipeline.ts";
import { type LateSinks, lateTaps } from "./late_sinks.ts";
import {
  type MakeOperator,
  type PlanNode,
  statefulNode,
  statelessNode,
  watermarkNode,
} from "./plan/node.ts";
import type { Tap } from "./plan/query_plan.ts";
import { refuseSecondWatermark } from "./plan/refuse_bad_plan.ts";
import { type StartOptions, startQuery, type WrittenQuery } from "./start_query.ts";
import type { StreamingQuery } from "./streaming_query.ts";

// deno-lint-ignore no-explicit-any -- of any rows
type AnyPipeline = Pipeline<any>;

/** Starts a query in other surroundings than the machine's: for simulations. */
export let startIn: (
  pipeline: AnyPipeline,
  options: StartOptions,
  environment: Environment,
) => Promise<StreamingQuery>;

/**
 * A query as it is being written: rows of a known type, and the sinks they go to.
 *
 * Most operators work on one row at a time and must give the same for the same row, always: after a
 * crash a batch is made again. They can be put in any order. Those that remember rows (`groupBy`,
 * `dropDuplicates`, `latestByKey`, `join`) keep what they remember in the checkpoint, as of the last
 * batch that is done. Sinks may hang anywhere: each gets the rows as they are at its place.
 *
 * A record with a row that an operator fails on is a dead letter, with all rows that were made of it.
 * Behind the first sink, and behind an operator that remembers, rows have no record any more: there a
 * failure stops the query with `OPERATOR_FAILED`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { Decimal, json, ndjson, pipeline, schema as s } from "sluice";
 *
 * const Order = s.struct({ id: s.long(), country: s.string(), items: s.array(s.decimal(9, 2)) });
 * const Item = s.struct({ order_id: s.long(), price: s.decimal(9, 2) });
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${folder}/orders.ndjson`,
 *   '{"id":1,"country":"PL","items":["10.00","0.50"]}\n{"id":2,"country":"DE","items":["7.00"]}\n',
 * );
 *
 * const seen: unknown[] = [];
 * const query = await pipeline("gross prices")
 *   .from(ndjson({ path: `${folder}/orders.ndjson` }))
 *   .decode(json(Order))
 *   .where("country = 'PL'")
 *   .flatMap(Item, ({ id, items }) => items.map((price) => ({ order_id: id, price })))
 *   .filter(({ price }) => price.unscaled >= 100n)
 *   .withColumn("gross", s.decimal(9, 2), "price * 1.23")
 *   .drop("price")
 *   .foreachBatch((batch) => {
 *     for (const { order_id, gross } of batch.rows()) seen.push([order_id, gross]);
 *   })
 *   .start({ checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
 * await query.awaitTermination();
 *
 * deepEqual(seen, [[1n, new Decimal(1230n, 2)]]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class Pipeline<Row> {
  readonly #query: WrittenQuery;

  /** Use `pipeline(name).from(source).decode(decoder)`. */
  constructor(query: WrittenQuery) {
    this.#query = query;
  }

  static {
    startIn = (pipeline, options, environment) => startQuery(pipeline.#query, options, environment);
  }

  /** Makes a row of each row. */
  map<Out>(schema: Schema<Out>, change: (row: Row) => Out): Pipeline<Out> {
    return this.#with("map", () => mapRows(schema, change));
  }

  /** Makes any number of rows of each row: all that the function returns, in order. */
  flatMap<Out>(schema: Schema<Out>, change: (row: Row) => readonly Out[]): Pipeline<Out> {
    return this.#with("flatMap", () => flatMapRows(schema, change));
  }

  /** Keeps the rows for which the function returns true. The others are no dead letters. */
  filter(predicate: (row: Row) => boolean): Pipeline<Row> {
    return this.#with("filter", (rows) => filterRows(rows, predicate));
  }

  /**
   * Keeps the rows for which a condition in Spark's SQL is true. Works on columns, and so is faster
   * than `filter`: `where("price * quantity > 100 AND symbol LIKE 'BTC%'")`.
   *
   * @throws {SluiceError} `BAD_EXPRESSION` if it is no condition over the columns there are.
   */
  where(condition: string): Pipeline<Row> {
    return this.#with(`where ${condition}`, (rows) => whereRows(rows, condition));
  }

  /**
   * Keeps the columns of these names, in this order.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` for no name, or one twice.
   */
  select<Name extends keyof Row & string>(...names: Name[]): Pipeline<Pick<Row, Name>> {
    return this.#with(`select ${names.join(", ")}`, (rows) => selectColumns(rows, names));
  }

  /**
   * Keeps all columns but these.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` if none is left.
   */
  drop<Name extends keyof Row & string>(...names: Name[]): Pipeline<Omit<Row, Name>> {
    return this.#with(`drop ${names.join(", ")}`, (rows) => dropColumns(rows, names));
  }

  /**
   * Adds a column that Spark's SQL calculates from the others, or puts it in the place of the one
   * that has its name: `withColumn("notional", s.decimal(38, 8), "price * quantity")`. NULL is a
   * value only where the type is `nullable()`.
   *
   * @throws {SluiceError} `BAD_EXPRESSION` if it gives no values of the type; `BAD_SCHEMA` for a name
   * that differs from another only in case, and for a type that says how records are read.
   */
  withColumn<Name extends string, Value>(
    name: Name,
    type: TypeSpec<Value>,
    sql: string,
  ): Pipeline<WithColumn<Row, Name, Value>> {
    return this.#with(
      `withColumn ${name} = ${sql}`,
      (rows) => withColumn(rows, name, type, sql),
    );
  }

  /**
   * Gives a column another name.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` if another column has the new name.
   */
  withColumnRenamed<From extends keyof Row & string, To extends string>(
    from: From,
    to: To,
  ): Pipeline<Renamed<Row, From, To>> {
    return this.#with(
      `withColumnRenamed ${from} to ${to}`,
      (rows) => renameColumn<Row, From, To>(rows, from, to),
    );
  }

  /**
   * Says which column holds when a row happened, and how far rows may be out of order: the watermark
   * is the latest of these times, less the delay. Operators behind it let go of what is before the
   * watermark, and leave out rows that come too late. Of several watermarks in a query the least
   * counts for all.
   *
   * @param column A timestamp.
   * @param delayThreshold A length of time: `"10 minutes"`.
   * @throws {SluiceError} `BAD_PIPELINE` behind another watermark, or behind an operator that
   * remembers rows; `UNKNOWN_COLUMN`, `BAD_SCHEMA`, `BAD_OPTION`.
   */
  withWatermark(column: keyof Row & string, delayThreshold: string): Pipeline<Row> {
    refuseSecondWatermark(this.#node, column);
    const make = (input: PlanNode) => {
      const operator = eventTimeOf(schemaOf<Row>(input), column, delayThreshold);
      return operator as unknown as EventTimeOperator;
    };
    const label = `withWatermark ${column}, ${delayThreshold}`;
    return this.#at(watermarkNode(this.#node, make, label));
  }

  /**
   * Groups rows by columns and windows; without any, all rows are one group. What is made of a group
   * is said next: `agg`, `count` or `flatMapGroupsWithState`.
   */
  groupBy<const Keys extends readonly GroupKey<Row>[]>(...keys: Keys): GroupedPipeline<Row, Keys> {
    return new GroupedPipeline(keys, (make) => this.#behind([this], make));
  }

  /**
   * Keeps the first row of those that are alike in these columns, or in all if none is named. With the
   * event time among them only rows within the watermark are remembered, else all for ever.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_PIPELINE` for a type that cannot be compared.
   */
  dropDuplicates(...columns: (keyof Row & string)[]): Pipeline<Row> {
    const names = columns.length === 0 ? undefined : columns;
    return this.#behind([this], (rows: StreamRows<Row>) => dropDuplicates(rows, names));
  }

  /**
   * Keeps the first row of those that are alike in these columns, or in all if none is named, and
   * remembers it for as long as the watermark's delay: whatever its event time is.
   *
   * @throws {SluiceError} `BAD_PIPELINE` without a watermark; as `dropDuplicates`.
   */
  dropDuplicatesWithinWatermark(...columns: (keyof Row & string)[]): Pipeline<Row> {
    const names = columns.length === 0 ? undefined : columns;
    return this.#behind(
      [this],
      (rows: StreamRows<Row>) => dropDuplicatesWithinWatermark(rows, names),
    );
  }

  /**
   * Keeps of each key the newest row: a table made of its changes. It takes the output modes `update`
   * and `complete`.
   *
   * @example
   * ```ts
   * import { deepEqual } from "assert";
   * import { json, ndjson, pipeline, schema as s } from "sluice";
   *
   * const Price = s.struct({ symbol: s.string(), version: s.long(), price: s.long().nullable() });
   * const folder = await Deno.makeTempDir();
   * await Deno.writeTextFile(
   *   `${folder}/prices.ndjson`,
   *   '{"symbol":"BTC","version":2,"price":70}\n{"symbol":"BTC","version":1,"price":60}\n' +
   *     '{"symbol":"ETH","version":1,"price":3}\n{"symbol":"ETH","version":2}\n',
   * );
   *
   * let table: unknown[] = [];
   * const query = await pipeline("prices")
   *   .from(ndjson({ path: `${folder}/prices.ndjson` }))
   *   .decode(json(Price))
   *   .latestByKey({ key: ["symbol"], orderBy: "version", deleteWhen: "price IS NULL" })
   *   .foreachBatch((batch) => {
   *     table = [...batch.rows()];
   *   })
   *   .start({
   *     checkpointLocation: `${folder}/checkpoint`,
   *     outputMode: "complete",
   *     trigger: { availableNow: true },
   *   });
   * await query.awaitTermination();
   *
   * deepEqual(table, [{ symbol: "BTC", version: 2n, price: 70n }]);
   * await Deno.remove(folder, { recursive: true });
   * ```
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`, `BAD_OPTION`, `BAD_EXPRESSION`.
   */
  latestByKey(options: LatestByKeyOptions<Row>): Pipeline<Row> {
    return this.#behind([this], (rows: StreamRows<Row>) => latestByKey(rows, options));
  }

  /**
   * Makes of change events, as `debezium` reads them, what they do to a table: of each key the newest
   * change of a batch, as a row to be written or one to be taken away. Start the query with
   * `outputMode: "update"`; sinks then keep a copy of the table.
   *
   * @example
   * ```ts
   * import { deepEqual } from "assert";
   * import { debezium, memorySink, ndjson, pipeline, schema as s } from "sluice";
   *
   * const Order = s.struct({ id: s.long(), status: s.string() });
   * const folder = await Deno.makeTempDir();
   * await Deno.writeTextFile(
   *   `${folder}/changes.ndjson`,
   *   '{"before":null,"after":{"id":1,"status":"new"},"op":"c"}\n' +
   *     '{"before":null,"after":{"id":2,"status":"new"},"op":"c"}\n' +
   *     '{"before":{"id":1},"after":{"id":1,"status":"paid"},"op":"u"}\n' +
   *     '{"before":{"id":2},"after":null,"op":"d"}\n',
   * );
   *
   * const orders = memorySink<{ id: bigint; status: string | null }>();
   * const query = await pipeline("orders replica")
   *   .from(ndjson({ path: `${folder}/changes.ndjson` }))
   *   .decode(debezium(Order, { key: ["id"] }))
   *   .applyChanges({ key: ["id"] })
   *   .drop("__unavailable")
   *   .to(orders)
   *   .start({
   *     checkpointLocation: `${folder}/checkpoint`,
   *     outputMode: "update",
   *     trigger: { availableNow: true },
   *   });
   * await query.awaitTermination();
   *
   * deepEqual(orders.rows, [{ id: 1n, status: "paid" }]);
   * await Deno.remove(folder, { recursive: true });
   * ```
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`, `UNKNOWN_OPTION`, `BAD_OPTION`; `BAD_PIPELINE` for rows that
   * do not say which are gone.
   */
  applyChanges<
    Order extends keyof Row & string = never,
    Kept extends "drop" | "keep" = "drop",
  >(options: ApplyChangesOptions<Row, Order, Kept>): Pipeline<AppliedRow<Row, Order, Kept>> {
    return this.#behind(
      [this],
      (rows: StreamRows<Row>) => applyChanges<Row, Order, Kept>(rows, options),
    );
  }

  /**
   * Joins these rows with those of another stream: each pair that matches comes out once, whichever
   * row came first. The sinks of both stay where they are. With a watermark on both sides and `within`
   * rows are forgotten once nothing can match them any more, and outer joins are possible.
   *
   * @example
   * ```ts
   * import { deepEqual } from "assert";
   * import { json, ndjson, pipeline, schema as s } from "sluice";
   *
   * const Order = s.struct({ order_id: s.long(), ordered: s.timestamp("s") });
   * const Payment = s.struct({ order_id: s.long(), paid: s.timestamp("s") });
   * const folder = await Deno.makeTempDir();
   * await Deno.writeTextFile(
   *   `${folder}/orders.ndjson`,
   *   '{"order_id":1,"ordered":100}\n{"order_id":2,"ordered":110}\n',
   * );
   * await Deno.writeTextFile(`${folder}/payments.ndjson`, '{"order_id":2,"paid":130}\n');
   *
   * const payments = pipeline("payments")
   *   .from(ndjson({ path: `${folder}/payments.ndjson` }))
   *   .decode(json(Payment))
   *   .withWatermark("paid", "10 minutes");
   * const paid: unknown[] = [];
   * const query = await pipeline("paid orders")
   *   .from(ndjson({ path: `${folder}/orders.ndjson` }))
   *   .decode(json(Order))
   *   .withWatermark("ordered", "10 minutes")
   *   .join(payments, {
   *     on: ["order_id"],
   *     within: { left: "ordered", right: "paid", from: "0 seconds", to: "1 hour" },
   *   })
   *   .foreachBatch((batch) => {
   *     for (const { order_id, ordered, paid: at } of batch.rows()) paid.push([order_id, at - ordered]);
   *   })
   *   .start({ checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
   * await query.awaitTermination();
   *
   * deepEqual(paid, [[2n, 20_000_000n]]);
   * await Deno.remove(folder, { recursive: true });
   * ```
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`, `BAD_SCHEMA` for a column that both have and that is no key;
   * `BAD_PIPELINE` for an outer join without bounds; `BAD_EXPRESSION`, `BAD_OPTION`.
   */
  join<
    Other,
    const On extends readonly JoinKey<Row, Other>[],
    Type extends JoinType = "inner",
  >(
    other: Pipeline<Other>,
    options: JoinOptions<Row, Other, On, Type>,
  ): Pipeline<JoinedRow<Row, Other, On, Type>> {
    return this.#behind(
      [this, other],
      (left: StreamRows<Row>, right: StreamRows<Other>) => joinStreams(left, right, options),
    );
  }

  /**
   * Joins these rows with a table that stands still: it is read when the query starts, and again when
   * `query.refresh(name)` is called.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`, `BAD_SCHEMA`, `BAD_EXPRESSION`, `BAD_OPTION`.
   */
  joinStatic<
    Other,
    const On extends readonly JoinKey<Row, Other>[],
    Type extends "inner" | "leftOuter" = "inner",
  >(
    table: StaticTable<Other>,
    options: JoinStaticOptions<Row, Other, On, Type>,
  ): Pipeline<JoinedRow<Row, Other, On, Type>> {
    return this.#behind([this], (rows: StreamRows<Row>) => joinStatic(rows, table, options));
  }

  /**
   * Brings the rows as they are here to these sinks, in this order, each batch exactly once. What is
   * written behind it does not change what they get.
   */
  to(...sinks: Sink[]): Pipeline<Row> {
    return this.#tapped(sinks.map((sink) => ({ sink, node: this.#node })));
  }

  /** Hands each batch to a function of yours, at least once. */
  foreachBatch(write: ForeachBatch<Row>): Pipeline<Row> {
    return this.to(foreachBatch(write));
  }

  /**
   * Brings rows that came too late for the operator before it to these sinks, as that operator was
   * given them. Behind `join` say of which side: `lateTo({ left: sink, right: sink })`.
   *
   * @throws {SluiceError} `BAD_PIPELINE` if it is not right behind an operator that remembers rows, or
   * there is no watermark by which they could be late.
   */
  lateTo(...sinks: Sink[] | [LateSinks]): Pipeline<Row> {
    return this.#tapped(lateTaps(this.#node, sinks));
  }

  /**
   * Starts the query, where its checkpoint says it stopped.
   *
   * @throws {SluiceError} `BAD_PIPELINE` if it cannot be run as it is written; another if the checkpoint
   * is in use or is that of another query, a table does not fit, or a service is away for longer than
   * `retryForMs`.
   */
  start(options: StartOptions): Promise<StreamingQuery> {
    return startQuery(this.#query, options);
  }

  get #node(): PlanNode {
    return this.#query.last;
  }

  #with<Out>(label: string, make: (rows: Schema<Row>) => Operator<Row, Out>): Pipeline<Out> {
    const makeBehind = (input: PlanNode) => make(schemaOf(input)) as unknown as Operator;
    return this.#at(statelessNode(this.#node, makeBehind, label));
  }

  #behind<Rows extends readonly StreamRows<never>[], Out>(
    inputs: readonly AnyPipeline[],
    make: (...rows: Rows) => StatefulOperator<Out>,
  ): Pipeline<Out> {
    const nodes = inputs.map((input) => input.#node);
    const taps = inputs.flatMap((input) => input.#query.taps);
    const last = statefulNode(nodes, make as unknown as MakeOperator<StatefulOperator>);
    // Where both inputs come from one pipeline, they have its sinks in common.
    return new Pipeline({ ...this.#query, last, taps: [...new Set(taps)] });
  }

  #at<Out>(last: PlanNode): Pipeline<Out> {
    return new Pipeline({ ...this.#query, last });
  }

  #tapped(taps: readonly Tap[]): Pipeline<Row> {
    return new Pipeline({ ...this.#query, taps: [...this.#query.taps, ...taps] });
  }
}

// Plans know rows by their schema; their type is known here alone.
function schemaOf<Row>(node: PlanNode): Schema<Row> {
  return node.schema as unknown as Schema<Row>;
}
