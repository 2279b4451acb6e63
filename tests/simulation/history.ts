import { offsetRanges, type Offsets, parseOffsets } from "../../lib/core/mod.ts";
import type { Broker } from "./broker.ts";
import type { Disk } from "./disk.ts";
import type { Event } from "./events.ts";
import type { ModelBatch, Scenario, ScenarioTopic } from "./scenarios/scenario.ts";
import { CHECKPOINT } from "./checkpoint_location.ts";
import { letterText } from "./letter_text.ts";

/** What the batches of a query were, as its plans say, and what that must have led to. */
export interface History {
  readonly batches: readonly (ModelBatch & { readonly numRecords: number })[];
  /** All records that no row was made of, as the text of their dead letters. */
  readonly deadLetters: readonly string[];
  /** What is wrong with the plans themselves. */
  readonly mistakes: readonly string[];
}

/** Reads the plans of all batches, and works out watermarks and dead letters without the engine. */
export function readHistory(scenario: Scenario, disk: Disk, broker: Broker): History {
  const plans = [...disk.history(`${CHECKPOINT}/offsets`)]
    .map(([name, text]) => ({ batchId: Number(name), ...planOf(text) }))
    .sort((a, b) => a.batchId - b.batchId);
  const watermark = new WatermarkModel(scenario.topics);
  const mistakes: string[] = [];
  const deadLetters: string[] = [];
  const batches: History["batches"][number][] = [];
  let starts: readonly Offsets[] = scenario.topics.map(() => ({}));
  let lateMicros = 0n;
  for (const [i, { batchId, ends, watermarkMs, timestampMs }] of plans.entries()) {
    if (batchId !== i) mistakes.push(`the plan after batch ${i - 1} is of batch ${batchId}`);
    if (watermarkMs !== watermark.ms) {
      mistakes.push(`batch ${batchId} has watermark ${watermarkMs} and not ${watermark.ms}`);
    }
    const watermarkMicros = BigInt(watermark.ms) * 1000n;
    const ranges = ends.map((end, topic) => offsetRanges(starts[topic]!, end));
    let numRecords = 0;
    for (const range of ranges.flat()) {
      for (const { offset, value, event } of broker.recordsOf(range)) {
        numRecords++;
        const isBad = event === undefined || scenario.fails?.(event);
        if (isBad) deadLetters.push(letterText({ ...range, offset, value }));
      }
    }
    const events = ranges.map((of) =>
      of.flatMap((range) => broker.recordsOf(range).flatMap(({ event }) => event ?? []))
    );
    batches.push({ batchId, events, lateMicros, watermarkMicros, timestampMs, numRecords });
    watermark.see(events);
    lateMicros = watermarkMicros;
    starts = ends;
  }
  scenario.topics.forEach(({ name }, topic) => {
    for (const rest of offsetRanges(starts[topic]!, broker.ends(name))) {
      if (broker.recordsOf(rest).length > 0) {
        mistakes.push(`${name}-${rest.partition} is not read to its end`);
      }
    }
  });
  return { batches, deadLetters, mistakes };
}

/** The watermark as Spark has it, over all topics that have one. */
class WatermarkModel {
  ms = 0;
  readonly #topics: readonly ScenarioTopic[];
  readonly #latestMs: (number | undefined)[];

  constructor(topics: readonly ScenarioTopic[]) {
    this.#topics = topics;
    this.#latestMs = topics.map(() => undefined);
  }

  /** Takes in the events of a batch: the watermark of the next one. */
  see(events: readonly (readonly Event[])[]): void {
    const marks = this.#topics.flatMap(({ watermarkDelayMs, passes = () => true }, topic) => {
      if (watermarkDelayMs === undefined) return [];
      for (const event of events[topic]!.filter(passes)) {
        const ms = Number(event.ts / 1000n);
        this.#latestMs[topic] = Math.max(this.#latestMs[topic] ?? ms, ms);
      }
      const latestMs = this.#latestMs[topic];
      return [latestMs === undefined ? 0 : latestMs - watermarkDelayMs];
    });
    if (marks.length > 0) this.ms = Math.max(this.ms, Math.min(...marks));
  }
}

function planOf(text: string): { ends: Offsets[]; watermarkMs: number; timestampMs: number } {
  const [, metadata, ...lines] = text.split("\n");
  const { batchWatermarkMs: watermarkMs, batchTimestampMs: timestampMs } = JSON.parse(metadata!);
  return { ends: lines.map((line) => parseOffsets(line)!), watermarkMs, timestampMs };
}
