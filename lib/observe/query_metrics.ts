import { offsetRanges } from "../core/mod.ts";
import type {
  SourceProgress,
  StateOperatorProgress,
  StreamingQueryProgress,
} from "../streaming/mod.ts";
import type { HistogramSample, Labels, MetricFamily, Sample } from "./exposition.ts";

/** Upper bounds of the durations that are counted together, in seconds. */
const DURATION_BOUNDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What is known of one query, over all its runs in this process. */
export class QueryMetrics {
  /** `query` and `id`. */
  readonly labels: Labels;
  /** True while it runs. */
  isUp = false;
  /** True if its newest run ended with an error. */
  hasFailed = false;
  /** How many batches are done. */
  batches = 0;
  /** How many records could not become rows. */
  deadLetters = 0;
  /** How many lines were told: services that are away, and the like. */
  notices = 0;
  /** How many runs ended with an error. */
  failures = 0;
  /** The newest batch; `undefined` before the first. */
  last: StreamingQueryProgress | undefined;
  /** Records read, by source. */
  readonly inputRows = new Map<string, number>();
  /** Rows written, by sink. */
  readonly outputRows = new Map<string, number>();
  /** Rows that came too late, by operator. */
  readonly lateRows = new Map<string, number>();
  /** How long the steps of its batches took, by step. */
  readonly durations = new Map<string, DurationCounts>();

  /** For a query of this name and id. */
  constructor(query: string, id: string) {
    this.labels = { query, id };
  }

  /** Takes in what a batch did. */
  add(progress: StreamingQueryProgress): void {
    this.last = progress;
    this.batches++;
    this.deadLetters += progress.numDeadLetters;
    for (const [source, { numInputRows }] of sourcesOf(progress)) {
      increase(this.inputRows, source, numInputRows);
    }
    for (const { description, numOutputRows } of progress.sinks) {
      increase(this.outputRows, description, numOutputRows);
    }
    for (const [operator, { numRowsDroppedByWatermark }] of operatorsOf(progress)) {
      increase(this.lateRows, operator, numRowsDroppedByWatermark);
    }
    for (const [step, ms] of Object.entries(progress.durationMs)) {
      const counts = this.durations.get(step) ?? new DurationCounts();
      this.durations.set(step, counts);
      counts.add(ms / 1000);
    }
  }
}

/** Durations, counted by how long they are. */
class DurationCounts {
  readonly counts: number[] = new Array(DURATION_BOUNDS.length + 1).fill(0);
  sum = 0;

  add(seconds: number): void {
    const bucket = DURATION_BOUNDS.findIndex((bound) => seconds <= bound);
    const last = this.counts.length - 1;
    this.counts[bucket < 0 ? last : bucket]! += 1;
    this.sum += seconds;
  }
}

/** The metrics of all these queries, in the order in which Prometheus gets them. */
export function metricFamilies(queries: readonly QueryMetrics[]): MetricFamily[] {
  const counter = (name: string, help: string, of: SamplesOf): MetricFamily => ({
    name: `sluice_${name}`,
    help,
    type: "counter",
    samples: samplesOf(queries, of),
  });
  const gauge = (name: string, help: string, of: SamplesOf): MetricFamily => ({
    name: `sluice_${name}`,
    help,
    type: "gauge",
    samples: samplesOf(queries, of),
  });
  return [
    gauge("query_up", "1 while the query runs, 0 when it has ended.", (query) => [
      [{}, query.isUp ? 1 : 0],
    ]),
    counter("query_failures", "Runs that ended with an error.", (query) => [[{}, query.failures]]),
    counter("notices", "Retries, and what else was worth a line.", (query) => [[
      {},
      query.notices,
    ]]),
    counter("batches", "Batches that are in every sink.", (query) => [[{}, query.batches]]),
    gauge(
      "last_batch_id",
      "The number of the newest batch.",
      fromLast(({ batchId }) => [
        [{}, batchId],
      ]),
    ),
    gauge(
      "last_batch_timestamp_seconds",
      "When the newest batch was done.",
      fromLast(({ timestamp }) => [[{}, Date.parse(timestamp) / 1000]]),
    ),
    counter("input_rows", "Records read.", (query) => byLabel("source", query.inputRows)),
    gauge(
      "input_rows_per_second",
      "Records read for the newest batch, over the time since the batch before began.",
      fromSources(({ inputRowsPerSecond }) => [[{}, inputRowsPerSecond]]),
    ),
    gauge(
      "processed_rows_per_second",
      "Records read for the newest batch, over the time that it took.",
      fromSources(({ processedRowsPerSecond }) => [[{}, processedRowsPerSecond]]),
    ),
    gauge(
      "offsets_behind_latest",
      "Offsets between the end of the newest batch and the end of the partition as it was then.",
      fromSources(lagOf),
    ),
    counter("output_rows", "Rows written.", (query) => byLabel("sink", query.outputRows)),
    gauge(
      "table_version",
      "The version of a versioned table that holds the newest batch.",
      fromLast(({ sinks }) =>
        sinks.flatMap(({ description, tableVersion }) =>
          tableVersion === undefined ? [] : [[{ sink: description }, tableVersion] as const]
        )
      ),
    ),
    counter("dead_letters", "Records that could not become rows.", (query) => [
      [{}, query.deadLetters],
    ]),
    counter(
      "late_rows",
      "Rows that came behind the watermark.",
      (query) => byLabel("operator", query.lateRows),
    ),
    gauge(
      "watermark_timestamp_seconds",
      "The watermark of the newest batch: rows at or before it are late.",
      fromLast(({ eventTime }) =>
        eventTime.watermark === undefined ? [] : [[{}, Date.parse(eventTime.watermark) / 1000]]
      ),
    ),
    gauge(
      "state_rows",
      "Rows that operators remember.",
      fromOperators(({ numRowsTotal }) => numRowsTotal),
    ),
    gauge(
      "state_bytes",
      "Bytes that the state of all operators takes on disk.",
      fromLast(({ stateOperators: [operator] }) =>
        operator === undefined ? [] : [[{}, operator.memoryUsedBytes]]
      ),
    ),
    {
      name: "sluice_batch_duration_seconds",
      help: "How long the steps of a batch took.",
      type: "histogram",
      samples: queries.flatMap(durationSamples),
    },
  ];
}

type LabelledValue = readonly [labels: Labels, value: number | bigint];
type SamplesOf = (query: QueryMetrics) => readonly LabelledValue[];

function samplesOf(queries: readonly QueryMetrics[], of: SamplesOf): Sample[] {
  return queries.flatMap((query) =>
    of(query).map(([labels, value]) => ({ labels: { ...query.labels, ...labels }, value }))
  );
}

function fromLast(of: (last: StreamingQueryProgress) => readonly LabelledValue[]): SamplesOf {
  return ({ last }) => last === undefined ? [] : of(last);
}

function fromSources(of: (source: SourceProgress) => readonly LabelledValue[]): SamplesOf {
  return fromLast((last) =>
    sourcesOf(last).flatMap(([source, progress]) =>
      of(progress).map(([labels, value]) => [{ source, ...labels }, value] as const)
    )
  );
}

function fromOperators(of: (operator: StateOperatorProgress) => number): SamplesOf {
  return fromLast((last) =>
    operatorsOf(last).map(([operator, progress]) => [{ operator }, of(progress)])
  );
}

function lagOf({ endOffset, latestOffset }: SourceProgress): LabelledValue[] {
  const behind = new Map(
    offsetRanges(endOffset, latestOffset).map((
      { topic, partition, startOffset, endOffsetExclusive },
    ) => [`${topic}-${partition}`, endOffsetExclusive - startOffset]),
  );
  return Object.entries(latestOffset).flatMap(([topic, partitions]) =>
    Object.keys(partitions).map((partition) =>
      [{ topic, partition }, behind.get(`${topic}-${partition}`) ?? 0n] as const
    )
  );
}

function durationSamples(query: QueryMetrics): HistogramSample[] {
  return [...query.durations].map(([step, { counts, sum }]) => ({
    labels: { ...query.labels, step },
    bounds: DURATION_BOUNDS,
    counts,
    sum,
  }));
}

function byLabel(label: string, values: ReadonlyMap<string, number>): LabelledValue[] {
  return [...values].map(([text, value]) => [{ [label]: text }, value]);
}

/** The sources by a name of their own: two may read the same topic. */
function sourcesOf({ sources }: StreamingQueryProgress): [string, SourceProgress][] {
  return withOwnNames(sources, ({ description }) => description);
}

/** The operators with state by a name of their own: two may be of one kind. */
function operatorsOf(
  { stateOperators }: StreamingQueryProgress,
): [string, StateOperatorProgress][] {
  return withOwnNames(stateOperators, ({ operatorName }) => operatorName);
}

function withOwnNames<T>(items: readonly T[], nameOf: (item: T) => string): [string, T][] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const name = nameOf(item);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name} ${count}`, item];
  });
}

function increase(totals: Map<string, number>, name: string, by: number): void {
  totals.set(name, (totals.get(name) ?? 0) + by);
}
