import type { Decoder, RowSource, Source } from "../core/mod.ts";
import { Pipeline } from "./pipeline.ts";
import { decodedNode, rowsNode } from "./plan/node.ts";

/** A named query without a source. */
export interface PipelineStart {
  /** Reads from a source that has rows: they need no decoder. */
  from<Row>(source: RowSource<Row>): Pipeline<Row>;
  /** Reads from a source of records. */
  from(source: Source): PipelineSource;
}

/** A query that reads records. */
export interface PipelineSource {
  /** Makes rows of the records. */
  decode<Row>(decoder: Decoder<Row>): Pipeline<Row>;
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
  function from<Row>(source: RowSource<Row>): Pipeline<Row>;
  function from(source: Source): PipelineSource;
  function from(source: Source | RowSource): unknown {
    if ("schema" in source) return new Pipeline({ name, last: rowsNode(source), taps: [] });
    return {
      decode: (decoder: Decoder) =>
        new Pipeline({ name, last: decodedNode(source, decoder), taps: [] }),
    };
  }
  return { from };
}
