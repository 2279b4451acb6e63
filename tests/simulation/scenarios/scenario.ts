import type { OutputMode, Sink, Source, StaticTable } from "../../../lib/core/mod.ts";
import type { startIn } from "../../../lib/streaming/pipeline.ts";
import type { Random } from "../../support/random.ts";
import type { VersionRow } from "../changing_table.ts";
import type { Event, FeedRecord } from "../events.ts";

/** A topic of a scenario. */
export interface ScenarioTopic {
  readonly name: string;
  readonly partitions: number;
  readonly feed: readonly FeedRecord[];
  /** The delay of the watermark of its rows; absent: they have none. */
  readonly watermarkDelayMs?: number;
  /** The rows that the watermark sees; absent: all. */
  readonly passes?: (event: Event) => boolean;
}

/** A sink of a scenario. */
export interface ScenarioSink {
  readonly name: string;
  readonly outputMode: OutputMode;
  readonly takesDeadLetters: boolean;
  /** True for a function of the user's, which may see a batch again and knows of no batch before. */
  readonly isFunction?: boolean;
  /** True for rows that it cannot store; absent: it takes all. */
  readonly rejects?: (row: Record<string, unknown>) => boolean;
}

/** What one batch of the query was, as its plan and the topics tell. */
export interface ModelBatch {
  readonly batchId: number;
  /** The events of each topic, in the order of the topics. */
  readonly events: readonly (readonly Event[])[];
  /** What happened at or before it came too late. */
  readonly lateMicros: bigint;
  /** What ended at or before it is over. */
  readonly watermarkMicros: bigint;
  /** When it was planned, in milliseconds since 1970. */
  readonly timestampMs: number;
}

/** A query as it is written, of whatever rows. */
export type WrittenPipeline = Parameters<typeof startIn>[0];

/** A query, what it reads, and what must come of it. */
export interface Scenario {
  readonly name: string;
  readonly topics: readonly ScenarioTopic[];
  readonly outputMode: OutputMode;
  readonly sinks: readonly ScenarioSink[];
  /** True if time alone may call for a batch. */
  readonly isTimed?: boolean;
  /** True if it joins with the table that changes: it is asked to read it again now and then. */
  readonly usesTable?: boolean;
  /** The query; sources and sinks are in the order of `topics` and `sinks`. */
  build(
    sources: readonly Source[],
    sinks: readonly Sink[],
    table: StaticTable<VersionRow>,
  ): WrittenPipeline;
  /** True for an event that an operator fails on: its record is a dead letter. Absent: none. */
  fails?(event: Event): boolean;
  /**
   * The rows that must be in each sink when all these batches are done, and no others. Of a sink that is
   * not named only that is known which holds for all: a batch that comes again is the same.
   */
  expected(batches: readonly ModelBatch[]): Readonly<Record<string, readonly object[]>>;
}

/** Makes a scenario of one kind; the details are up to chance. */
export type ScenarioKind = (random: Random) => Scenario;
