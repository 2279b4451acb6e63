import type { Batch } from "./batch.ts";
import type { Schema } from "./schema.ts";

/** A table that a stream is joined with: read as a whole, kept, and read again when asked. */
export interface StaticTable<Row = Record<string, unknown>> {
  /** Unique within a query: `delta(data/lake/countries)`. */
  readonly name: string;
  /** Names and types of its columns. */
  readonly schema: Schema<Row>;
  /**
   * All its rows as they are now, in batches, of one moment.
   *
   * @throws {SluiceError} from the iterator if it cannot be read (`retryable` where that may pass) or
   * does not fit the schema.
   */
  load(signal: AbortSignal): AsyncIterable<Batch<Row>>;
}
