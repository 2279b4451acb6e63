import {
  type AggregatedRow,
  aggregateRows,
  type Aggregates,
  type AggregateSpec,
  count,
  flatMapGroupsWithState,
  type GroupFunction,
  type GroupKey,
  type GroupStateOptions,
  type StatefulOperator,
  type StreamRows,
} from "../transforms/mod.ts";
import type { Pipeline } from "./pipeline.ts";

/** Makes the operator behind rows. */
type MakeOf<Row, Out> = (rows: StreamRows<Row>) => StatefulOperator<Out>;

/** Rows in groups, of which rows are made; `Pipeline.groupBy` begins it. */
export class GroupedPipeline<Row, Keys extends readonly GroupKey<Row>[]> {
  readonly #keys: Keys;
  readonly #behind: <Out>(make: MakeOf<Row, Out>) => Pipeline<Out>;

  /** Use `groupBy`. */
  constructor(keys: Keys, behind: <Out>(make: MakeOf<Row, Out>) => Pipeline<Out>) {
    this.#keys = keys;
    this.#behind = behind;
  }

  /**
   * A row for each group: its keys, and these aggregates. In append mode a group comes out once, when
   * the watermark has passed its window; in update mode whenever it changed; in complete mode all do,
   * in each batch.
   *
   * @example
   * ```ts
   * import { deepEqual } from "assert";
   * import { count, json, ndjson, pipeline, schema as s, sum, window } from "sluice";
   *
   * const Trade = s.struct({ symbol: s.string(), quantity: s.long(), at: s.timestamp("s") });
   * const folder = await Deno.makeTempDir();
   * await Deno.writeTextFile(
   *   `${folder}/trades.ndjson`,
   *   '{"symbol":"BTC","quantity":2,"at":10}\n{"symbol":"BTC","quantity":3,"at":59}\n' +
   *     '{"symbol":"BTC","quantity":9,"at":61}\n{"symbol":"ETH","quantity":1,"at":300}\n',
   * );
   *
   * const closed: unknown[] = [];
   * const query = await pipeline("per minute")
   *   .from(ndjson({ path: `${folder}/trades.ndjson` }))
   *   .decode(json(Trade))
   *   .withWatermark("at", "1 minute")
   *   .groupBy("symbol", window("at", "1 minute"))
   *   .agg({ trades: count(), total: sum("quantity") })
   *   .foreachBatch((batch) => {
   *     for (const { symbol, window, trades, total } of batch.rows()) {
   *       closed.push([symbol, window.end / 1_000_000n, trades, total]);
   *     }
   *   })
   *   .start({ checkpointLocation: `${folder}/checkpoint`, trigger: { availableNow: true } });
   * await query.awaitTermination();
   *
   * // The watermark is at 240 s: the minute that has ETH is still open.
   * deepEqual(closed, [["BTC", 60n, 2n, 5n], ["BTC", 120n, 1n, 9n]]);
   * await Deno.remove(folder, { recursive: true });
   * ```
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_PIPELINE` for an aggregate that its column's type does
   * not allow; `BAD_SCHEMA` for two columns of one name.
   */
  agg<Aggs extends Aggregates<Row>>(
    aggregates: Aggs,
  ): Pipeline<AggregatedRow<Row, Keys, Aggs>> {
    return this.#behind((rows) => aggregateRows(rows, this.#keys, aggregates));
  }

  /** A row for each group: its keys, and `count`, the number of its rows. */
  count(): Pipeline<
    AggregatedRow<Row, Keys, { readonly count: AggregateSpec<never, "count", never> }>
  > {
    return this.agg({ count: count() });
  }

  /**
   * Hands the rows of each group in a batch, with what is remembered of it, to a function of yours,
   * which makes rows and says what to remember. The keys must be columns. Given the same rows, state
   * and times the function must do the same always: after a crash a batch is made again.
   *
   * @throws {SluiceError} `UNKNOWN_COLUMN`; `BAD_OPTION`; `BAD_PIPELINE` for a timeout in event time
   * without a watermark.
   */
  flatMapGroupsWithState<State, Out>(
    options: GroupStateOptions<State, Out>,
    change: GroupFunction<Row, ColumnsOf<Row, Keys>, State, Out>,
  ): Pipeline<Out> {
    const keys = this.#keys as readonly unknown[] as readonly ColumnsOf<Row, Keys>[];
    return this.#behind((rows) => flatMapGroupsWithState(rows, keys, options, change));
  }
}

/** The names among the keys to group by: columns; windows are none. */
export type ColumnsOf<Row, Keys extends readonly GroupKey<Row>[]> =
  & Keys[number]
  & keyof Row
  & string;
