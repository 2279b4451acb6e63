import type { OutputMode, Sink } from "../../../lib/core/mod.ts";
import type { startIn } from "../../../lib/streaming/pipeline.ts";
import type { FeedRecord } from "../feed.ts";
import type { World } from "../world.ts";

/** How many records of each source a batch takes. */
export const RECORDS_PER_BATCH = 8;

/** A sink of a query under test. */
export interface SinkSpec {
  readonly type: "postgres" | "delta" | "kafka" | "deadLetters";
  /** Its table, folder or topic, within those of the query. */
  readonly name: string;
  readonly mode?: OutputMode;
}

/** A query as it is written, of whatever rows. */
export type WrittenPipeline = Parameters<typeof startIn>[0];

/** What a row is, in plain values: timestamps in microseconds, decimals as text. */
export type PlainRow = Readonly<Record<string, unknown>>;

/** A kind of query, what it reads, and what must come of it whatever happens to it. */
export interface Kind {
  readonly name: string;
  readonly outputMode: OutputMode;
  readonly hasState: boolean;
  readonly hasTables?: boolean;
  /** In the order in which they hang on the query. */
  readonly sinks: readonly SinkSpec[];
  /** The query; sinks are in the order of `sinks`. */
  build(world: World, sinks: readonly Sink[]): WrittenPipeline;
  /** The rows that each sink must hold at the end, by a second way than the engine's. */
  expected(
    feeds: readonly (readonly FeedRecord[])[],
  ): Readonly<Record<string, readonly PlainRow[]>>;
  /** The values of the records that must be dead letters; absent: those that are no events. */
  deadLetters?(feeds: readonly (readonly FeedRecord[])[]): readonly string[];
  /** How many of the feeds it reads; absent: the first. */
  readonly numFeeds?: number;
}
