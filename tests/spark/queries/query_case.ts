import type { OutputMode, StaticTable } from "../../../lib/core/mod.ts";
import type { Pipeline } from "../../../lib/streaming/mod.ts";
import type { CaseRows, ListingRow, PaymentRow, TradeRow } from "./case_rows.ts";
import type { Difference } from "./differences.ts";

/** What our queries are written over. */
export interface CaseInputs {
  readonly trades: Pipeline<TradeRow>;
  readonly payments: Pipeline<PaymentRow>;
  readonly listings: StaticTable<ListingRow>;
}

/** A query, written for Spark and for us. */
export interface QueryCase {
  /** What is asked, as the name of a test. */
  readonly name: string;
  /** Absent: append. */
  readonly outputMode?: OutputMode;
  /**
   * Spark's query: an expression in Python over the streams `trades` and `payments` and the table
   * `listings`, with all that `pyspark.sql.functions` has.
   */
  readonly spark: string;
  /** The same query. */
  // deno-lint-ignore no-explicit-any -- of any rows
  readonly ours: (inputs: CaseInputs) => Pipeline<any>;
  /** What both are run on; absent: `randomRows` of the seed. */
  readonly rows?: (seed: number) => CaseRows;
  /** Where the answers differ on purpose; absent: nowhere. */
  readonly differences?: readonly Difference[];
}
