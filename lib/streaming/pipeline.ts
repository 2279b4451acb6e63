import { type Decoder, type Schema, type Sink, SluiceError, type Source } from "../core/mod.ts";
import { type ForeachBatch, foreachBatch } from "./foreach_batch.ts";
import { mapRows } from "./map_rows.ts";
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
 */
export class Pipeline<Row> {
  readonly #name: string;
  readonly #source: Source;
  readonly #decoder: Decoder<Row>;
  readonly #sinks: readonly Sink[];

  /** Use `pipeline(name).from(source).decode(decoder)`. */
  constructor(name: string, source: Source, decoder: Decoder<Row>, sinks: readonly Sink[]) {
    this.#name = name;
    this.#source = source;
    this.#decoder = decoder;
    this.#sinks = sinks;
  }

  /** Makes a row of each row. The function must give the same answer for the same row, always. */
  map<Out>(schema: Schema<Out>, change: (row: Row) => Out): Pipeline<Out> {
    if (this.#sinks.length > 0) {
      throw new SluiceError("BAD_PIPELINE", {
        attempted: `map the rows of query "${this.#name}"`,
        found: "sinks before it",
        wanted: "map before to and foreachBatch",
      });
    }
    return new Pipeline(this.#name, this.#source, mapRows(this.#decoder, schema, change), []);
  }

  /** Brings each batch to these sinks, in this order, each exactly once. */
  to(...sinks: Sink[]): Pipeline<Row> {
    return new Pipeline(this.#name, this.#source, this.#decoder, [...this.#sinks, ...sinks]);
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
    const decoder = this.#decoder as unknown as Decoder;
    return startQuery(this.#name, this.#source, decoder, this.#sinks, options);
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
    from: (source) => ({ decode: (decoder) => new Pipeline(name, source, decoder, []) }),
  };
}
