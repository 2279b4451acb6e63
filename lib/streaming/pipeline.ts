import {
  type Decoder,
  type Schema,
  type Sink,
  SluiceError,
  type Source,
  type TypeSpec,
} from "../core/mod.ts";
import {
  dropColumns,
  filterRows,
  flatMapRows,
  mapRows,
  type Operator,
  selectColumns,
  whereRows,
  type WithColumn,
  withColumn,
} from "../transforms/mod.ts";
import { type ForeachBatch, foreachBatch } from "./foreach_batch.ts";
import { RowMaker } from "./row_maker.ts";
import { type StartOptions, startQuery } from "./start_query.ts";
import type { StreamingQuery } from "./streaming_query.ts";

/** A named query without a source. */
export interface PipelineStart {
  /** Reads from a source. */
  from(source: Source): PipelineSource;
}

/** A query that reads records. */
export interface PipelineSource {
  /** Makes rows of the records. */
  decode<Row>(decoder: Decoder<Row>): Pipeline<Row>;
}

/**
 * A query as it is being written: rows of a known type, and the sinks they go to.
 *
 * Its operators work on one row at a time and must give the same for the same row, always: after a
 * crash a batch is made again. They can be put in any order, before the sinks. A record with a row
 * that an operator fails on is a dead letter, with all rows that were made of it; only a failure of
 * `map` stops the query.
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
  readonly #name: string;
  readonly #source: Source;
  readonly #rows: RowMaker<Row>;
  readonly #sinks: readonly Sink[];

  /** Use `pipeline(name).from(source).decode(decoder)`. */
  constructor(name: string, source: Source, rows: RowMaker<Row>, sinks: readonly Sink[]) {
    this.#name = name;
    this.#source = source;
    this.#rows = rows;
    this.#sinks = sinks;
  }

  /**
   * Makes a row of each row. What the function throws, or a row that does not fit the schema, stops
   * the query with `MAP_FAILED`.
   */
  map<Out>(schema: Schema<Out>, change: (row: Row) => Out): Pipeline<Out> {
    return this.#with("map", mapRows(schema, change));
  }

  /** Makes any number of rows of each row: all that the function returns, in order. */
  flatMap<Out>(schema: Schema<Out>, change: (row: Row) => readonly Out[]): Pipeline<Out> {
    return this.#with("flatMap", flatMapRows(schema, change));
  }

  /** Keeps the rows for which the function returns true. The others are no dead letters. */
  filter(predicate: (row: Row) => boolean): Pipeline<Row> {
    return this.#with("filter", filterRows(this.#rows.schema, predicate));
  }

  /**
   * Keeps the rows for which a condition in Spark's SQL is true. Works on columns, and so is faster
   * than `filter`: `where("price * quantity > 100 AND symbol LIKE 'BTC%'")`.
   *
   * @throws {SluiceError} `BAD_EXPRESSION` if it is no condition over the columns there are.
   */
  where(condition: string): Pipeline<Row> {
    return this.#with("where", whereRows(this.#rows.schema, condition));
  }

  /**
   * Keeps the columns of these names, in this order.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` for no name, or one twice.
   */
  select<Name extends keyof Row & string>(...names: Name[]): Pipeline<Pick<Row, Name>> {
    return this.#with("select", selectColumns(this.#rows.schema, names));
  }

  /**
   * Keeps all columns but these.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_SCHEMA` if none is left.
   */
  drop<Name extends keyof Row & string>(...names: Name[]): Pipeline<Omit<Row, Name>> {
    return this.#with("drop", dropColumns(this.#rows.schema, names));
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
    return this.#with("withColumn", withColumn(this.#rows.schema, name, type, sql));
  }

  /** Brings each batch to these sinks, in this order, each exactly once. */
  to(...sinks: Sink[]): Pipeline<Row> {
    return new Pipeline(this.#name, this.#source, this.#rows, [...this.#sinks, ...sinks]);
  }

  /** Hands each batch to a function of yours, at least once. */
  foreachBatch(write: ForeachBatch<Row>): Pipeline<Row> {
    return this.to(foreachBatch(write));
  }

  /**
   * Starts the query, where its checkpoint says it stopped.
   *
   * @throws {SluiceError} if the checkpoint is in use, a table does not fit, or a service is away
   * for longer than `retryForMs`.
   */
  start(options: StartOptions): Promise<StreamingQuery> {
    const rows = this.#rows as unknown as RowMaker;
    return startQuery(this.#name, this.#source, rows, this.#sinks, options);
  }

  #with<Out>(verb: string, operator: Operator<Row, Out>): Pipeline<Out> {
    if (this.#sinks.length > 0) {
      throw new SluiceError("BAD_PIPELINE", {
        attempted: `${verb} the rows of query "${this.#name}"`,
        found: "sinks before it",
        wanted: `${verb} before to and foreachBatch`,
      });
    }
    return new Pipeline(this.#name, this.#source, this.#rows.with(operator), []);
  }
}

/**
 * Begins a query. Its name is for people; its identity is its checkpoint.
 *
 * @example
 * ```ts
 * import { deepEqual } from "assert";
 * import { json, ndjson, pipeline, schema as s } from "sluice";
 *
 * const Trade = s.struct({ symbol: s.string().from("s"), price: s.decimal(18, 8).from("p") });
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/trades.ndjson`, '{"s":"BTCUSDT","p":"0.10"}\n');
 *
 * const prices: string[] = [];
 * const query = await pipeline("prices")
 *   .from(ndjson({ path: `${folder}/trades.ndjson` }))
 *   .decode(json(Trade))
 *   .foreachBatch((batch) => {
 *     for (const row of batch.rows()) prices.push(`${row.symbol} ${row.price}`);
 *   })
 *   .start({ checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
 * await query.awaitTermination();
 *
 * deepEqual(prices, ["BTCUSDT 0.10000000"]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export function pipeline(name: string): PipelineStart {
  return {
    from: (source) => ({
      decode: (decoder) => new Pipeline(name, source, RowMaker.of(decoder), []),
    }),
  };
}
