/** Names and values that tell the samples of a metric apart. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number | bigint;
}

/** What was counted of a histogram's values, under one set of labels. */
export interface HistogramSample {
  readonly labels: Labels;
  /** Upper bounds (inclusive), ascending, without infinity. */
  readonly bounds: readonly number[];
  /** How many values lie at or below each bound, and above the one before; one more for the rest. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A metric with all its samples; a counter's name is without its `_total`. */
export type MetricFamily =
  & {
    readonly name: string;
    /** One sentence for people. */
    readonly help: string;
  }
  & (
    | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
    | { readonly type: "histogram"; readonly samples: readonly HistogramSample[] }
  );

/** The two texts that Prometheus reads. */
export type ExpositionFormat = "text" | "openMetrics";

/** The `Content-Type` of each. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * Metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0. Families without
 * samples are left out.
 *
 * @example
 * ```ts
 * import { equal } from "assert";
 * import { formatMetrics } from "./exposition.ts";
 *
 * const samples = [{ labels: { query: 'say "hi"' }, value: 9007199254740993n }];
 * const text = formatMetrics(
 *   [{ name: "sluice_batches", help: "Batches.", type: "counter", samples }],
 *   "text",
 * );
 * equal(
 *   text,
 *   "# HELP sluice_batches_total Batches.\n" +
 *     "# TYPE sluice_batches_total counter\n" +
 *     'sluice_batches_total{query="say \\"hi\\""} 9007199254740993\n',
 * );
 * ```
 */
export function formatMetrics(
  families: readonly MetricFamily[],
  format: ExpositionFormat,
): string {
  const lines = families.flatMap((family) => familyLines(family, format));
  if (format === "openMetrics") lines.push("# EOF");
  return lines.map((line) => `${line}\n`).join("");
}

function familyLines(family: MetricFamily, format: ExpositionFormat): string[] {
  if (family.samples.length === 0) return [];
  // OpenMetrics names a counter's family without the suffix of its samples, the older format with it.
  const total = family.type === "counter" ? `${family.name}_total` : family.name;
  const name = format === "openMetrics" ? family.name : total;
  return [
    `# HELP ${name} ${escapedHelp(family.help, format)}`,
    `# TYPE ${name} ${family.type}`,
    ...(family.type === "histogram"
      ? family.samples.flatMap((sample) => histogramLines(name, sample))
      : family.samples.map(({ labels, value }) => sampleLine(total, labels, value))),
  ];
}

function histogramLines(name: string, sample: HistogramSample): string[] {
  const { labels, bounds, counts, sum } = sample;
  let count = 0;
  const buckets = counts.map((inBucket, i) => {
    count += inBucket;
    return sampleLine(`${name}_bucket`, { ...labels, le: boundText(bounds[i]) }, count);
  });
  return [
    ...buckets,
    sampleLine(`${name}_sum`, labels, sum),
    sampleLine(`${name}_count`, labels, count),
  ];
}

function sampleLine(name: string, labels: Labels, value: number | bigint): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapedLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${valueText(value)}`;
}

/** OpenMetrics wants a bound to look like a float, and always the same. */
function boundText(bound: number | undefined): string {
  if (bound === undefined) return "+Inf";
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function valueText(value: number | bigint): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function escapedLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapedHelp(text: string, format: ExpositionFormat): string {
  if (format === "openMetrics") return escapedLabel(text);
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
